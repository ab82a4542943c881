// Faults, in words and in order.
#include <fmt/core.h>

#include <algorithm>
#include <tuple>

#include "sim/report/explain_words.h"
#include "sim/search/explicit.h"
#include "sim/search/simpler.h"
#include "sim/world/plan.h"

namespace tickover::sim {
namespace {

std::string packets(const PacketMatch& m) {
  std::string words = m.message.empty() ? "whatever" : m.message;
  if (m.transaction) words += " " + range_text(*m.transaction);
  if (m.copy) words += ", copy " + range_text(*m.copy);
  if (!m.from.empty()) words += " from " + m.from;
  if (!m.to.empty()) words += " to " + m.to;
  return words;
}

/// What a fault does; `drawn` is the same action with what the seed drew.
struct ActionWords {
  const FaultAction& drawn;

  template <class T>
  const T& same(const T&) const {
    return std::get<T>(drawn);
  }
  std::string operator()(const Partition& f) const {
    return fmt::format("nothing passes between {} and {}", f.a, f.b);
  }
  std::string operator()(const Block& f) const {
    return fmt::format("nothing passes from {} to {}", f.from, f.to);
  }
  std::string operator()(const Drop& f) const { return packets(f.match) + " is lost"; }
  std::string operator()(const Delay& f) const {
    return packets(f.match) + " is late by " + drawn_text(f.by, same(f).by);
  }
  std::string operator()(const Duplicate& f) const {
    return packets(f.match) + " comes twice, " + drawn_text(f.after, same(f).after) + " apart";
  }
  std::string operator()(const Corrupt& f) const {
    return packets(f.match) +
           (f.bit ? fmt::format(" has bit {} flipped", *f.bit) : " has one bit flipped");
  }
  std::string operator()(const Truncate& f) const {
    return packets(f.match) +
           (f.keep ? fmt::format(" is cut to {} bytes", *f.keep) : " is cut short");
  }
  std::string operator()(const Forge& f) const {
    return fmt::format("{} gets {} bytes that {} never sent", f.to, f.text.size(), f.from);
  }
  std::string operator()(const Reboot& f) const { return f.host + " restarts without its state"; }
  std::string operator()(const NatReset& f) const {
    return "the NAT of " + f.nat + " forgets every mapping";
  }
  std::string operator()(const NatFlap& f) const {
    return "the NAT of " + f.nat + " uses other ports";
  }
  std::string operator()(const NatMove& f) const {
    return fmt::format("the NAT of {} is at {} instead", f.nat, f.address.text());
  }
  std::string operator()(const Suspend& f) const { return f.host + " sleeps"; }
  std::string operator()(const Move& f) const {
    std::vector<std::string> at;
    for (const IpAddress& ip : f.addresses) at.push_back(ip.text());
    std::string words =
        fmt::format("{} {}", f.host, at.empty() ? "has no network" : "moves to " + and_list(at));
    if (!f.nat.empty()) words += ", behind " + f.nat;
    if (f.dead.high > Duration{}) {
      words += ", with no address for " + drawn_text(f.dead, same(f).dead);
    }
    return words;
  }
  std::string operator()(const Refuse& f) const {
    return "its own system refuses to send " + packets(f.match);
  }
  std::string operator()(const WallJump& f) const {
    return fmt::format("the wall clock of {} jumps by {}", f.host, drawn_text(f.by, same(f).by));
  }
  std::string operator()(const Degrade& f) const {
    return fmt::format("between {} and {} it {}", f.a, f.b,
                       and_list(condition_words(f.conditions, same(f).conditions, nullptr)));
  }
};

struct Entry {
  Instant at;
  int order = 0;  // first what stands, then what waits for something; last what is left out
  std::string words;
  std::size_t number = 0;  // in the file
};

Entry entry_of(const FaultPlan& fault, const FaultSpec& written, const FaultSpec& drawn) {
  const std::string does = std::visit(ActionWords{drawn.action}, written.action);
  std::string length;
  if (written.length) {
    length = " for " + drawn_text(*written.length, drawn.length.value_or(*written.length));
  }
  std::string again;
  if (written.every) {
    again = "; again every " + drawn_text(*written.every, drawn.every.value_or(*written.every));
  }
  if (!fault.present) {
    return {
        Instant::never(), 1,
        fmt::format("left out with this seed ({}): {}", range_text(*fault.spec->sometimes), does)};
  }
  if (written.sometimes)
    again += fmt::format(" (in {} of the runs)", range_text(*written.sometimes));
  if (written.after) {
    return {Instant{}, -1,
            fmt::format("{} after {}{}: {}{}", duration_text(written.after->delay),
                        written.after->sentence.text, length, does, again)};
  }
  if (fault.stands) return {Instant{}, -2, fmt::format("all the time: {}{}", does, again)};
  const Range<Duration> none;
  const std::string at = drawn_text(written.at.value_or(none), drawn.at.value_or(none));
  const bool is_open = !written.length && !fault.is_over_at_once();
  return {fault.begin, 0,
          fmt::format("at {}{}: {}{}", at, is_open ? " to the end" : length, does, again)};
}

}  // namespace

std::vector<std::string> timeline_words(const Plan& plan) {
  const Scenario drawn = without_ranges(plan);
  std::vector<Entry> entries;
  const Scenario said = with_all_said(plan);
  for (std::size_t i = 0; i < plan.faults.size(); ++i) {
    const FaultPlan& fault = plan.faults[i];
    // One that names a group is told of each of its members.
    const bool is_one = std::ranges::count(plan.faults, fault.spec, &FaultPlan::spec) == 1;
    entries.push_back(is_one ? entry_of(fault, *fault.spec, drawn.faults[plan.number_of(fault)])
                             : entry_of(fault, said.faults[i], said.faults[i]));
  }
  const ExpectSpec& expect = plan.scenario.expect;
  if (expect.heal) {
    entries.push_back({plan.heal_at, 0,
                       fmt::format("at {}: all faults end, and {} later at the latest all is well",
                                   drawn_text(expect.heal->at, plan.heal_at.since_origin()),
                                   duration_text(plan.heal_within))});
  }
  entries.push_back({Instant::at(plan.duration), 0,
                     fmt::format("at {}: the end", drawn_text(plan.scenario.duration,
                                                              Range<Duration>(plan.duration)))});
  for (std::size_t i = 0; i < entries.size(); ++i) entries[i].number = i;
  std::ranges::sort(entries, {},
                    [](const Entry& e) { return std::tuple(e.at, e.order, e.number); });
  std::vector<std::string> words;
  for (Entry& entry : entries) words.push_back(std::move(entry.words));
  return words;
}

}  // namespace tickover::sim
