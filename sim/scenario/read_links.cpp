#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/scenario/nearest.h"
#include "sim/scenario/parts.h"

namespace tickover::sim {
namespace {

LinkConditions read_direction(const Fields& link, std::string_view key, Reading& reading) {
  const TomlNode* node = link.node(key);
  if (!node) return {};
  return read_conditions(
      Fields(*node, condition_keys(), fmt::format("the direction `{}`", key), reading.problems),
      reading);
}

}  // namespace

std::string read_name(const Fields& fields, std::string_view key, Names::Accept accept,
                      Reading& reading) {
  const auto name = fields.get<std::string>(key);
  if (!name) return {};
  reading.names.expect(*name, accept, fields.place(key), reading.problems);
  return *name;
}

std::optional<Ends> read_ends(const Fields& fields, std::string_view key, Names::Accept accept,
                              Reading& reading) {
  const TomlNode* node = fields.node(key);
  if (!node) return {};
  const TomlNode& a = node->items[0];
  const TomlNode& b = node->items[1];
  const bool a_known = reading.names.expect(a.text, accept, a.place, reading.problems);
  const bool b_known = reading.names.expect(b.text, accept, b.place, reading.problems);
  if (!a_known || !b_known) return {};
  if (a.text == b.text && !reading.names.is_several(a.text)) {
    reading.problems.error(
        b.place,
        fmt::format("`{}`: two different ends are expected, found {} twice", key, quoted(a.text)));
    return {};
  }
  return Ends{a.text, b.text};
}

void read_links(const Fields& top, Scenario& scenario, Reading& reading) {
  const TomlNode* links = top.node("link");
  if (!links) return;
  std::map<std::pair<std::string, std::string>, Place> seen;
  for (const TomlNode& table : links->items) {
    const Fields fields(table, link_keys(), "a link", reading.problems);
    LinkSpec link;
    link.place = table.place;
    link.both = read_conditions(fields, reading);
    link.there = read_direction(fields, "there", reading);
    link.back = read_direction(fields, "back", reading);
    check_effects(fields, {&link.both, &link.there, &link.back}, reading.problems);
    if (const auto ends = read_ends(fields, "between", Names::Accept::ends, reading)) {
      link.a = ends->a;
      link.b = ends->b;
      const auto [first, added] =
          seen.try_emplace(std::minmax(link.a, link.b), fields.place("between"));
      if (!added) {
        reading.problems.error(fields.place("between"),
                               fmt::format("the link between {} and {} is given on line {} already",
                                           quoted(link.a), quoted(link.b), first->second.line));
      }
    }
    scenario.links.push_back(std::move(link));
  }
}

void read_traffic(const Fields& top, Scenario& scenario, Reading& reading) {
  const TomlNode* flows = top.node("traffic");
  if (!flows) return;
  for (const TomlNode& table : flows->items) {
    const Fields fields(table, traffic_keys(), "traffic", reading.problems);
    TrafficSpec traffic;
    traffic.place = table.place;
    traffic.from = read_name(fields, "from", Names::Accept::hosts, reading);
    traffic.to = read_name(fields, "to", Names::Accept::hosts, reading);
    fields.read("every", traffic.every);
    fields.read("size", traffic.size);
    fields.read("start", traffic.start);
    fields.read("stop", traffic.stop);
    if (traffic.stop && traffic.stop->high < traffic.start.low) {
      reading.problems.error(fields.place("stop"), "traffic stops before it starts");
    }
    scenario.traffic.push_back(std::move(traffic));
  }
}

}  // namespace tickover::sim
