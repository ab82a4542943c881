#include "sim/report/explain.h"

#include <fmt/core.h>

#include <algorithm>

#include "sim/report/explain_words.h"
#include "sim/scenario/printer.h"
#include "sim/search/simpler.h"

namespace tickover::sim {
namespace {

std::string addresses_text(const std::vector<IpAddress>& addresses) {
  std::vector<std::string> words;
  for (const IpAddress& ip : addresses) words.push_back(ip.text());
  return and_list(words);
}

struct ValueWords {
  const Value& drawn;

  std::string operator()(bool flag) const { return flag ? "true" : "false"; }
  std::string operator()(const std::string& text) const { return text; }
  std::string operator()(const std::vector<std::string>& texts) const { return and_list(texts); }
  template <class T>
  std::string operator()(const Range<T>& range) const {
    const auto* value = std::get_if<Range<T>>(&drawn);
    return drawn_text(range, value ? *value : range);
  }
  std::string operator()(const Settings& settings) const;
};

std::vector<std::string> setting_words(const Settings& written, const Settings& drawn) {
  std::vector<std::string> words;
  for (const Setting& setting : written.entries) {
    const Setting* const value = drawn.find(setting.key);
    words.push_back(
        fmt::format("{} = {}", setting.key,
                    std::visit(ValueWords{value ? value->value : setting.value}, setting.value)));
  }
  return words;
}

std::string ValueWords::operator()(const Settings& settings) const {
  const auto* value = std::get_if<Settings>(&drawn);
  return "(" + and_list(setting_words(settings, value ? *value : settings)) + ")";
}

std::string driver_words(const DriverSpec& written, const DriverSpec& drawn) {
  switch (written.kind) {
    case DriverKind::lazy:
      break;
    case DriverKind::ticking:
      return "is woken every " + drawn_text(written.every, drawn.every) + " besides";
    case DriverKind::oversleeping:
      return "is woken late by up to " + drawn_text(written.every, drawn.every);
  }
  return {};
}

std::vector<std::string> clock_words(const ClockSpec& written, const ClockSpec& drawn) {
  std::vector<std::string> words;
  if (written.drift_ppm != 0) {
    words.push_back(fmt::format("its clock runs {} ppm {}", std::abs(written.drift_ppm),
                                written.drift_ppm > 0 ? "fast" : "slow"));
  }
  if (written.offset != Range<Duration>()) {
    words.push_back("its clock begins at " + drawn_text(written.offset, drawn.offset));
  }
  if (written.wall_offset != Range<Duration>()) {
    words.push_back("its wall clock is ahead by " +
                    drawn_text(written.wall_offset, drawn.wall_offset));
  }
  return words;
}

std::string behaviour_text(NatBehaviour behaviour) {
  switch (behaviour) {
    case NatBehaviour::endpoint_independent:
      return "anybody";
    case NatBehaviour::address:
      return "each address";
    case NatBehaviour::address_and_port:
      return "each address and port";
  }
  return {};
}

/// What a NAT does that one by the defaults does not.
std::vector<std::string> nat_oddities(const NatSpec& nat, const NatSpec& drawn) {
  std::vector<std::string> words;
  const auto timer = [&](const std::optional<Range<Duration>>& written,
                         const std::optional<Range<Duration>>& value, std::string_view what) {
    if (written) words.push_back(fmt::format("{} {}", what, drawn_text(*written, *value)));
  };
  timer(nat.filter_timeout, drawn.filter_timeout, "lets whom was sent to answer for");
  timer(nat.unreplied_timeout, drawn.unreplied_timeout, "forgets what was never answered after");
  if (!nat.hairpinning) words.emplace_back("does not let those behind it reach each other");
  if (nat.hairpins_inside) words.emplace_back("shows them inside addresses of each other");
  if (nat.inbound_refresh) words.emplace_back("is kept awake by what comes in, too");
  if (!nat.outbound_refresh) words.emplace_back("is not kept awake by what goes out");
  if (nat.ports == PortChoice::preserve) words.emplace_back("keeps the inside port if it is free");
  if (nat.ports == PortChoice::overload) words.emplace_back("keeps the inside port in any case");
  if (nat.keeps_parity) words.emplace_back("keeps ports even or odd");
  if (nat.port_range != NatSpec{}.port_range) {
    words.push_back("has the ports " + range_text(nat.port_range));
  }
  if (nat.port_block > 0) words.push_back(fmt::format("gives {} ports to each", nat.port_block));
  if (!nat.is_paired) words.emplace_back("takes any outside address");
  if (nat.nat64) words.push_back("shows IPv4 to IPv6 hosts as " + nat.nat64->text());
  return words;
}

std::string nat_words(const NatSpec& nat, const NatSpec& drawn) {
  std::vector<std::string> words;
  if (nat.translates) {
    words.push_back(nat.mapping == NatBehaviour::endpoint_independent
                        ? "maps to one port whoever is sent to"
                        : "maps to another port for " + behaviour_text(nat.mapping));
  } else {
    words.emplace_back("leaves addresses alone");
  }
  words.push_back(nat.filtering == NatBehaviour::endpoint_independent
                      ? "lets anybody in"
                      : "lets in only " + behaviour_text(nat.filtering) + " that was sent to");
  words.push_back("forgets after " + drawn_text(nat.timeout, drawn.timeout));
  std::ranges::move(nat_oddities(nat, drawn), std::back_inserter(words));
  return and_list(words);
}

std::string host_words(const HostSpec& written, const HostSpec& drawn, const Plan& plan) {
  const auto members = plan.hosts_named(written.name);
  const HostPlan& first = plan.hosts[members.front()];
  std::string name = written.name;
  if (written.count > 1) {
    name = fmt::format("{0}-1 to {0}-{1}", written.name, written.count);
  }
  std::vector<std::string> words = {fmt::format("{} at {}{}", written.role,
                                                addresses_text(first.info.addresses),
                                                written.count > 1 ? " and following" : "")};
  if (!written.behind.empty()) words.push_back("behind " + written.behind);
  std::ranges::move(setting_words(written.settings, drawn.settings), std::back_inserter(words));
  if (written.start != Range<Duration>()) {
    words.push_back("comes up at " + drawn_text(written.start, drawn.start));
  }
  const std::string driver = driver_words(written.driver, drawn.driver);
  if (!driver.empty()) words.push_back(driver);
  std::ranges::move(clock_words(written.clock, drawn.clock), std::back_inserter(words));
  std::string text = name + ": ";
  for (const std::string& word : words) text += (&word == &words.front() ? "" : "; ") + word;
  if (written.nat) {
    text += fmt::format("; behind a NAT of its own at {} that {}",
                        addresses_text(plan.nats[*first.behind].addresses),
                        nat_words(*written.nat, *drawn.nat));
  }
  return text;
}

std::string named_nat_words(const NatSpec& written, const NatSpec& drawn, const NatPlan& nat) {
  return fmt::format("{}: at {}{}; {}", written.name, addresses_text(nat.addresses),
                     written.behind.empty() ? "" : ", behind " + written.behind,
                     nat_words(written, drawn));
}

/// What was drawn for that direction; null if the names are no single ends.
const Conditions* conditions_of(const Plan& plan, const std::string& from, const std::string& to) {
  for (std::uint32_t i = 0; i < plan.directions.size(); ++i) {
    if (plan.from_name(i) == from && plan.to_name(i) == to) return &plan.directions[i].conditions;
  }
  return nullptr;
}

bool has_weather(const LinkConditions& c) {
  return c.wander || c.burst_loss || c.bursts || c.flap || c.trace;
}

void add_link(std::vector<std::string>& lines, const LinkSpec& link, const LinkSpec& drawn,
              const Plan& plan) {
  const Conditions* const there = conditions_of(plan, link.a, link.b);
  const Conditions* const back = conditions_of(plan, link.b, link.a);
  const std::string words =
      and_list(condition_words(link.both, drawn.both, has_weather(link.there) ? back : there));
  lines.push_back(fmt::format("{} and {}: {}", link.a, link.b,
                              words.empty() ? "takes 10ms, and loses nothing" : words));
  const auto add = [&](const std::string& from, const std::string& to,
                       const std::vector<std::string>& only) {
    if (!only.empty()) {
      lines.push_back(fmt::format("{} to {}, instead: {}", from, to, and_list(only)));
    }
  };
  add(link.a, link.b, condition_words(link.there, drawn.there, there));
  add(link.b, link.a, condition_words(link.back, drawn.back, back));
}

std::string traffic_words(const TrafficSpec& written, const TrafficSpec& drawn) {
  std::string text = fmt::format("{} sends {} bytes to {} every {}", written.from,
                                 drawn_text(written.size, drawn.size), written.to,
                                 drawn_text(written.every, drawn.every));
  if (written.start != Range<Duration>()) {
    text += ", from " + drawn_text(written.start, drawn.start);
  }
  if (written.stop) text += ", until " + drawn_text(*written.stop, *drawn.stop);
  return text;
}

/// "no less than 90%, and no more than 99%"
std::string bounds_words(const FairnessSpec& fairness) {
  std::vector<std::string> words;
  if (fairness.at_least) words.push_back("no less than " + probability_text(*fairness.at_least));
  if (fairness.at_most) words.push_back("no more than " + probability_text(*fairness.at_most));
  return and_list(words);
}

/// "at most 12 times in any 1min, from relay restarts"
std::string budget_words(const BudgetSpec& budget) {
  std::vector<std::string> bounds;
  const auto times = [&](const char* bound, std::int64_t count, const char* stretch) {
    bounds.push_back(
        fmt::format("at {} {} times in {}", bound, count,
                    budget.per ? std::string(stretch) + " " + duration_text(*budget.per) : "all"));
  };
  if (budget.least) times("least", *budget.least, "some");
  if (budget.most) times("most", *budget.most, "any");
  std::string words = and_list(bounds);
  if (budget.from) words += ", from " + budget.from->text;
  if (budget.until) words += ", until " + budget.until->text;
  return words;
}

std::vector<std::string> expect_words(const Plan& plan) {
  const Scenario& scenario = plan.scenario;
  const ExpectSpec& expect = scenario.expect;
  std::vector<std::string> lines;
  for (const Sentence& s : expect.finally_) {
    lines.push_back(
        fmt::format("at the end{}: {}", expect.heal ? " and after the heal" : "", s.text));
  }
  const std::string from = drawn_text(expect.always_from, plan.always_from.since_origin());
  for (const Sentence& s : expect.always)
    lines.push_back(fmt::format("from {} on: {}", from, s.text));
  for (const Sentence& s : expect.never) lines.push_back("never: " + s.text);
  for (const CountSpec& count : expect.count) {
    lines.push_back(fmt::format("{} times: {}", range_text(count.is), count.of.text));
  }
  for (const FairnessSpec& fairness : expect.fairness) {
    const std::string after = fairness.after ? " after " + fairness.after->text : "";
    const std::string until = fairness.until ? " until " + fairness.until->text : "";
    lines.push_back(fmt::format(
        "{}: {} is alike for all of them{}{}, with a Jain's index of {}", fairness.of.text,
        fairness.until ? "how often" : "how long it takes", after, until, bounds_words(fairness)));
  }
  for (const Sentence& claim : expect.within) lines.push_back("in time: " + claim.text);
  for (const BudgetSpec& budget : expect.budget) {
    lines.push_back(fmt::format("{}: {}", budget.of.text, budget_words(budget)));
  }
  for (const ProbabilitySpec& likely : expect.probability) {
    lines.push_back(fmt::format("in {} {} of the runs, which a sweep decides: {}",
                                likely.is_least ? "at least" : "at most",
                                probability_text(likely.bound), likely.of.text));
  }
  for (const Sentence& mark : expect.marks) {
    lines.push_back("in some run of a sweep at least: " + mark.text);
  }
  if (!scenario.caught_by.empty()) {
    lines.push_back("this must fail, and be caught by " + scenario.caught_by);
  }
  lines.emplace_back("and what the oracles watch in every run");
  return lines;
}

}  // namespace

std::vector<Chapter> explain(const Plan& plan) {
  const Scenario& written = plan.scenario;
  const Scenario drawn = without_ranges(plan);
  std::vector<Chapter> chapters(6);
  chapters[0].title = "Hosts";
  for (std::size_t i = 0; i < written.hosts.size(); ++i) {
    chapters[0].lines.push_back(host_words(written.hosts[i], drawn.hosts[i], plan));
  }
  chapters[1].title = "NATs";
  for (std::size_t i = 0; i < written.nats.size(); ++i) {
    chapters[1].lines.push_back(named_nat_words(written.nats[i], drawn.nats[i], plan.nats[i]));
  }
  chapters[2].title = "Links";
  for (std::size_t i = 0; i < written.links.size(); ++i) {
    add_link(chapters[2].lines, written.links[i], drawn.links[i], plan);
  }
  if (written.icmp) chapters[2].lines.emplace_back("what cannot be delivered is told by ICMP");
  chapters[3].title = "Traffic";
  for (std::size_t i = 0; i < written.traffic.size(); ++i) {
    chapters[3].lines.push_back(traffic_words(written.traffic[i], drawn.traffic[i]));
  }
  chapters[4] = {"What happens", timeline_words(plan)};
  chapters[5] = {"What must hold", expect_words(plan)};
  std::erase_if(chapters, [](const Chapter& chapter) { return chapter.lines.empty(); });
  return chapters;
}

}  // namespace tickover::sim
