// The conditions of a link, of one of its directions, or of a degrade fault.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "sim/scenario/nearest.h"
#include "sim/scenario/parts.h"
#include "sim/scenario/presets.h"
#include "sim/scenario/reader.h"
#include "sim/scenario/text.h"

namespace tickover::sim {
namespace {

constexpr std::size_t most_trace_values = 100'000;

/// The fields of the nested table under `key`, given to `read`; nothing if there is none.
template <class Spec, class Read>
void read_nested(const Fields& fields, std::string_view key, std::optional<Spec>& target,
                 Problems& problems, Read read) {
  const TomlNode* node = fields.node(key);
  if (!node) return;
  const Fields inner(*node, nested_condition_keys(key), fmt::format("`{}`", key), problems);
  if (!target) target.emplace();
  read(inner, *target);
}

void read_latency(const Fields& fields, LinkConditions& conditions, Problems& problems) {
  const TomlNode* node = fields.node("latency");
  if (!node || node->kind != TomlNode::Kind::table) {
    if (const auto fixed = fields.get<Range<Duration>>("latency")) {
      conditions.latency = *fixed;
      conditions.percentiles.clear();
    }
    return;
  }
  const Fields inner(*node, nested_condition_keys("latency"), "`latency`", problems);
  conditions.latency.reset();
  conditions.percentiles.clear();
  for (const std::uint32_t percent : latency_percents) {
    const std::string key = "p" + std::to_string(percent);
    const auto value = inner.get<Range<Duration>>(key);
    if (!value) continue;
    if (!conditions.percentiles.empty() && value->low < conditions.percentiles.back().latency) {
      problems.error(inner.place(key), fmt::format("`{}` is below `p{}`: percentiles rise", key,
                                                   conditions.percentiles.back().percent));
    }
    conditions.percentiles.push_back({percent, value->low});
  }
}

/// "lost", or a latency.
void read_trace_value(const std::string& text, Place place, TraceSpec& trace, Problems& problems) {
  if (text == "lost") return trace.values.push_back({});
  const auto value = parse_duration(text);
  if (!value) {
    problems.error(place, fmt::format("`trace`: {}, or \"lost\"", value.error().what),
                   value.error().meant);
  } else if (*value < Duration{}) {
    problems.error(place,
                   fmt::format("`trace`: a latency is not below 0, found {}", sim::quoted(text)));
  } else {
    trace.values.push_back(*value);
  }
}

/// One value to a line; empty lines and what follows a `#` are left out.
void read_trace_file(const Fields& fields, TraceSpec& trace, Reading& reading) {
  const std::string name = fields.text("file");
  const std::filesystem::path relative(name);
  const bool beside = relative.is_relative() && std::ranges::find(relative, "..") == relative.end();
  if (!beside) {
    return reading.problems.error(
        fields.place("file"),
        fmt::format("`file`: expected a name beside the scenario, found {}", sim::quoted(name)));
  }
  const auto path = std::filesystem::path(reading.file).parent_path() / relative;
  const auto text = read_small_file(path.string());
  if (!text) {
    return reading.problems.error(fields.place("file"),
                                  fmt::format("`file`: {}: {}", sim::quoted(name), text.error()));
  }
  std::string_view rest = *text;
  for (std::uint32_t line = 1; !rest.empty(); ++line) {
    std::string_view word = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    word = word.substr(0, word.find('#'));
    const std::size_t begin = std::min(word.find_first_not_of(" \t\r"), word.size());
    word.remove_prefix(begin);
    word = word.substr(0, word.find_last_not_of(" \t\r") + 1);
    if (word.empty()) continue;
    const std::size_t before = trace.values.size();
    read_trace_value(std::string(word), fields.place("file"), trace, reading.problems);
    if (trace.values.size() == before) {
      return reading.problems.error(
          fields.place("file"), fmt::format("`file`: see line {} of {}", line, sim::quoted(name)));
    }
  }
}

void read_trace(const Fields& fields, TraceSpec& trace, Reading& reading) {
  if (const auto step = fields.get<Range<Duration>>("step")) trace.step = step->low;
  fields.read("offset", trace.offset);
  if (fields.has("values") == fields.has("file")) {
    return reading.problems.error(fields.place(), "a trace has either `values` or a `file`");
  }
  trace.values.clear();
  if (const TomlNode* node = fields.node("values")) {
    const bool list = node->kind == TomlNode::Kind::list;
    const std::size_t count = list ? node->items.size() : 1;
    for (std::size_t i = 0; i < count; ++i) {
      const TomlNode& item = list ? node->items[i] : *node;
      read_trace_value(item.text, item.place, trace, reading.problems);
    }
  } else if (fields.node("file") || fields.value("file")) {
    read_trace_file(fields, trace, reading);
  }
  if (trace.values.size() > most_trace_values) {
    reading.problems.error(fields.place(),
                           fmt::format("a trace has at most {} values", most_trace_values));
  }
  if (trace.values.empty() && !reading.problems.has_errors()) {
    reading.problems.error(fields.place(), "a trace needs at least one value");
  }
}

void read_weather(const Fields& fields, LinkConditions& c, Reading& reading) {
  Problems& problems = reading.problems;
  read_nested(fields, "wander", c.wander, problems, [](const Fields& in, WanderSpec& wander) {
    in.read("by", wander.by);
    in.read("every", wander.every);
  });
  read_nested(fields, "burst-loss", c.burst_loss, problems,
              [](const Fields& in, BurstLossSpec& channel) {
                in.read("good", channel.good);
                in.read("bad", channel.bad);
                in.read("loss-good", channel.loss_good);
                in.read("loss-bad", channel.loss_bad);
              });
  read_nested(fields, "bursts", c.bursts, problems, [&](const Fields& in, BurstsSpec& bursts) {
    in.read("every", bursts.every);
    in.read("for", bursts.length);
    if (bursts.every.low < bursts.length.high) {
      problems.error(in.place("for"), "a burst is longer than the period in which it comes once");
    }
  });
  read_nested(fields, "flap", c.flap, problems, [](const Fields& in, FlapSpec& flap) {
    in.read("up", flap.up);
    in.read("down", flap.down);
    in.read("offset", flap.offset);
  });
  read_nested(fields, "codel", c.codel, problems, [](const Fields& in, CodelSpec& codel) {
    in.read("target", codel.target);
    in.read("interval", codel.interval);
  });
  read_nested(fields, "trace", c.trace, problems,
              [&](const Fields& in, TraceSpec& trace) { read_trace(in, trace, reading); });
}

}  // namespace

LinkConditions read_conditions(const Fields& fields, Reading& reading) {
  // What the file says besides its preset replaces that part of it.
  LinkConditions conditions = preset_conditions(fields.text("preset"));
  read_latency(fields, conditions, reading.problems);
  fields.read("jitter", conditions.jitter);
  fields.read("loss", conditions.loss);
  fields.read("duplicate", conditions.duplicate);
  fields.read("copies", conditions.copies);
  fields.read("copy-spacing", conditions.copy_spacing);
  fields.read("bandwidth", conditions.bandwidth);
  fields.read("queue-packets", conditions.queue_packets);
  fields.read("queue-bytes", conditions.queue_bytes);
  fields.read("ecn-above", conditions.ecn_above);
  fields.read("mtu", conditions.mtu);
  fields.read("reorder", conditions.reorder);
  fields.read("reorder-delay", conditions.reorder_delay);
  fields.read("corrupt", conditions.corrupt);
  fields.read("truncate", conditions.truncate);
  read_weather(fields, conditions, reading);
  return conditions;
}

void check_effects(const Fields& fields, const std::vector<const LinkConditions*>& parts,
                   Problems& problems) {
  const auto says = [&](auto member) {
    return std::ranges::any_of(
        parts, [&](const LinkConditions* part) { return (part->*member).has_value(); });
  };
  const auto needs = [&](std::string_view key, bool has_key, std::string_view other, bool has) {
    if (!has_key || has) return;
    problems.error(fields.place(key), fmt::format("`{}` has no effect without `{}`", key, other));
  };
  if (fields.has("latency") && fields.has("trace")) {
    problems.warning(
        fields.place("latency"),
        "the `trace` says how long packets take: this `latency` is of ICMP errors only");
  }
  const bool limited = says(&LinkConditions::bandwidth);
  needs("queue-packets", says(&LinkConditions::queue_packets), "bandwidth", limited);
  needs("queue-bytes", says(&LinkConditions::queue_bytes), "bandwidth", limited);
  needs("codel", says(&LinkConditions::codel), "bandwidth", limited);
  needs("ecn-above", says(&LinkConditions::ecn_above), "bandwidth", limited);
  const bool doubled = says(&LinkConditions::duplicate);
  needs("copies", says(&LinkConditions::copies), "duplicate", doubled);
  needs("copy-spacing", says(&LinkConditions::copy_spacing), "duplicate", doubled);
}

}  // namespace tickover::sim
