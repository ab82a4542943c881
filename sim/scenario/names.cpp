#include "sim/scenario/names.h"

#include <fmt/format.h>

#include <charconv>

#include "sim/scenario/nearest.h"
#include "sim/scenario/plain_text.h"

namespace tickover::sim {
namespace {

/// Sentences and messages cut names at spaces.
bool is_word(std::string_view name) {
  for (const char c : name) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F) return false;
  }
  return !name.empty() && name != "*";
}

bool accepts(Names::Accept accept, Names::Kind kind) {
  using enum Names::Accept;
  switch (kind) {
    case Names::Kind::host:
      return accept != nat;
    case Names::Kind::group:
      return accept == hosts || accept == hosts_or_nat || accept == ends;
    case Names::Kind::nat:
      return accept == hosts_or_nat || accept == ends || accept == nat;
  }
  return false;
}

std::string_view noun(Names::Kind kind) {
  switch (kind) {
    case Names::Kind::host:
      return "a host";
    case Names::Kind::group:
      return "a group of hosts";
    case Names::Kind::nat:
      return "a NAT";
  }
  return {};
}

std::string_view noun(Names::Accept accept) {
  using enum Names::Accept;
  switch (accept) {
    case one_host:
    case hosts:
      return "host";
    case hosts_or_nat:
    case ends:
      return "host or NAT";
    case nat:
      return "[[nat]]";
  }
  return {};
}

}  // namespace

bool Names::add(std::string_view name, Kind kind, std::int64_t count, Place place,
                Problems& problems) {
  if (!is_word(name)) {
    problems.error(place, fmt::format("a name is one word without spaces, found {}", quoted(name)));
    if (name.empty()) return false;
  }
  if (const auto found = entries_.find(name); found != entries_.end()) {
    problems.error(place, fmt::format("the name {} is taken by {} on line {}", quoted(name),
                                      noun(found->second.kind), found->second.place.line));
    return false;
  }
  if (is_member(name)) {
    problems.error(place, fmt::format("the name {} is taken by a member of the group {}",
                                      quoted(name), quoted(without_member(name))));
    return false;
  }
  if (kind == Kind::group) {
    // Earlier names that the new members would take: those that follow "NAME-" in the map.
    const std::string stem = std::string(name) + "-";
    entries_.emplace(name, Entry{kind, count, place});
    for (auto it = entries_.lower_bound(stem); it != entries_.end(); ++it) {
      if (!it->first.starts_with(stem)) break;
      if (without_member(it->first) != name) continue;
      problems.error(
          place,
          fmt::format("the group {} has a member {}, but line {} has {} of that name", quoted(name),
                      quoted(it->first), it->second.place.line, noun(it->second.kind)));
      return false;
    }
    return true;
  }
  entries_.emplace(name, Entry{kind, count, place});
  return true;
}

void Names::join(std::string_view group, Place place, Problems& problems) {
  const auto found = entries_.find(group);
  const bool is_joined = found != entries_.end() && found->second.kind == Kind::group;
  if (!is_joined) add(group, Kind::group, 0, place, problems);
}

bool Names::expect(std::string_view name, Accept accept, Place place, Problems& problems) const {
  if (accept == Accept::ends && name == "*") return true;
  if (is_member(name) && accept != Accept::nat) return true;
  const auto found = entries_.find(name);
  if (found == entries_.end() && !is_member(name)) {
    std::string what = fmt::format("there is no {} {}", noun(accept), quoted(name));
    std::string meant;
    if (!problems.is_full()) {
      const std::vector<std::string> known = candidates(accept);
      meant = nearest(name, known);
      if (known.empty()) what += ", nor any other";
      if (!known.empty() && meant.empty()) {
        what += (known.size() > 1 ? "; there are " : "; there is ") + listed(known);
      }
    }
    problems.error(place, std::move(what), std::move(meant));
    return false;
  }
  const Kind kind = found == entries_.end() ? Kind::host : found->second.kind;
  if (accepts(accept, kind)) return true;
  if (kind == Kind::group) {
    problems.error(place,
                   fmt::format("{} is a group of hosts, and one host is expected", quoted(name)),
                   found->second.count > 0 ? std::string(name) + "-1" : std::string());
  } else {
    problems.error(place, fmt::format("{} is {}, and a {} is expected", quoted(name), noun(kind),
                                      noun(accept)));
  }
  return false;
}

bool Names::is_several(std::string_view name) const {
  const auto found = entries_.find(name);
  return name == "*" || (found != entries_.end() && found->second.kind == Kind::group);
}

std::string_view Names::without_member(std::string_view name) const {
  const std::size_t dash = name.rfind('-');
  if (dash == std::string_view::npos) return name;
  const std::string_view digits = name.substr(dash + 1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool canonical = error == std::errc{} && end == digits.data() + digits.size() &&
                         number >= 1 && !digits.starts_with('0');
  if (!canonical) return name;
  const auto group = entries_.find(name.substr(0, dash));
  if (group == entries_.end() || group->second.kind != Kind::group) return name;
  return number <= group->second.count ? name.substr(0, dash) : name;
}

std::vector<std::string> Names::candidates(Accept accept) const {
  std::vector<std::string> words;
  for (const auto& [name, entry] : entries_) {
    if (words.size() >= most_candidates) break;
    if (accepts(accept, entry.kind)) words.push_back(name);
    if (entry.kind == Kind::group && entry.count > 0 && accept != Accept::nat) {
      words.push_back(name + "-1");
      words.push_back(name + "-" + std::to_string(entry.count));
    }
  }
  return words;
}

}  // namespace tickover::sim
