#include "sim/search/simpler.h"

#include <algorithm>
#include <string>
#include <utility>

#include "sim/scenario/keys.h"
#include "sim/scenario/text.h"
#include "sim/search/spec_members.h"
#include "sim/search/words_of.h"

namespace tickover::sim {
namespace {

void forget(Scenario& scenario, const std::string& name) {
  const auto is_it = [&](const std::string& text) { return speaks_of(text, name); };
  std::erase_if(scenario.links,
                [&](const LinkSpec& link) { return is_it(link.a) || is_it(link.b); });
  std::erase_if(scenario.traffic,
                [&](const TrafficSpec& flow) { return is_it(flow.from) || is_it(flow.to); });
  std::erase_if(scenario.faults, [&](FaultSpec& fault) {
    bool found = false;
    for_each_name(fault.action, [&](const std::string& word) { found = found || is_it(word); });
    return found || (fault.after && is_it(fault.after->sentence.text));
  });
  const auto says_it = [&](const Sentence& sentence) { return is_it(sentence.text); };
  std::erase_if(scenario.expect.finally_, says_it);
  std::erase_if(scenario.expect.always, says_it);
  std::erase_if(scenario.expect.never, says_it);
  std::erase_if(scenario.expect.count, [&](const CountSpec& count) { return says_it(count.of); });
  std::erase_if(scenario.expect.within, says_it);
  const auto speaks = [&](auto& table) {
    bool found = false;
    for_each_sentence(table, [&](const Sentence& s) { found = found || says_it(s); });
    return found;
  };
  std::erase_if(scenario.expect.budget, speaks);
  std::erase_if(scenario.expect.fairness, speaks);
}

void rename(Scenario& scenario, const std::string& from, const std::string& to) {
  const auto change = [&](std::string& name) {
    if (name == from) name = to;
  };
  const auto change_sentence = [&](Sentence& s) { s.text = renamed(s.text, from, to); };
  for (LinkSpec& link : scenario.links) {
    change(link.a);
    change(link.b);
  }
  for (TrafficSpec& flow : scenario.traffic) {
    change(flow.from);
    change(flow.to);
  }
  for (FaultSpec& fault : scenario.faults) {
    for_each_name(fault.action, change);
    if (fault.after) change_sentence(fault.after->sentence);
  }
  for (Sentence& s : scenario.expect.finally_) change_sentence(s);
  for (Sentence& s : scenario.expect.always) change_sentence(s);
  for (Sentence& s : scenario.expect.never) change_sentence(s);
  for (CountSpec& count : scenario.expect.count) change_sentence(count.of);
  for (Sentence& s : scenario.expect.within) change_sentence(s);
  for (BudgetSpec& budget : scenario.expect.budget) for_each_sentence(budget, change_sentence);
  for (FairnessSpec& f : scenario.expect.fairness) for_each_sentence(f, change_sentence);
}

/// One host instead of a group: its first member, under the group's name.
void make_single(Scenario& scenario, std::size_t index) {
  HostSpec& host = scenario.hosts[index];
  host.count = 1;
  rename(scenario, host.name + "-1", host.name);
}

bool says(const Settings& settings, const std::string& name) {
  return std::ranges::any_of(settings.entries, [&](const Setting& setting) {
    if (const auto* one = std::get_if<std::string>(&setting.value)) return speaks_of(*one, name);
    if (const auto* more = std::get_if<std::vector<std::string>>(&setting.value)) {
      return std::ranges::any_of(*more, [&](const auto& text) { return speaks_of(text, name); });
    }
    const auto* table = std::get_if<Settings>(&setting.value);
    return table != nullptr && says(*table, name);
  });
}

/// Whether a setting may be left out: it is not required, and names nobody.
bool is_optional(const Setting& setting, const HostSpec& host, const Scenario& scenario,
                 const RoleRegistry& registry) {
  const Role* role = registry.find(host.role);
  const KeySpec* key = role ? find_key(role->keys, setting.key) : nullptr;
  if (key != nullptr && key->required) return false;
  return std::ranges::none_of(
      scenario.hosts, [&](const HostSpec& other) { return says(Settings{{setting}}, other.name); });
}

/// Takes hosts away, unless one that stays needs them.
void add_removal(std::vector<Edit>& edits, const Scenario& scenario,
                 const std::vector<std::string>& names) {
  const auto goes = [names](const HostSpec& host) {
    return std::ranges::find(names, host.name) != names.end();
  };
  // A link may also lead to a NAT, or to a group.
  if (std::ranges::count_if(scenario.hosts, goes) != std::ssize(names)) return;
  const bool is_needed = std::ranges::any_of(scenario.hosts, [&](const HostSpec& host) {
    return !goes(host) && std::ranges::any_of(names, [&](const std::string& name) {
      return says(host.settings, name);
    });
  });
  if (is_needed) return;
  edits.push_back([names, goes](Scenario& s) {
    std::erase_if(s.hosts, goes);
    for (const std::string& name : names) forget(s, name);
  });
}

/// The hosts behind it stand in the public network then.
void remove_nat(Scenario& scenario, const std::string& name) {
  std::string first;
  for (HostSpec& host : scenario.hosts) {
    if (host.behind != name) continue;
    host.behind.clear();
    if (first.empty()) first = host.name;
  }
  std::erase_if(scenario.nats, [&](const NatSpec& nat) { return nat.name == name; });
  for (NatSpec& nat : scenario.nats) {
    if (nat.behind == name) nat.behind.clear();
  }
  rename(scenario, name, first);
}

template <class T>
void fix(Range<T>& range, const T& drawn) {
  range = Range<T>(drawn);
}
template <class T>
void fix(std::optional<Range<T>>& range, const T& drawn) {
  if (range) range = Range<T>(drawn);
}

/// `over`: what is said elsewhere of the direction that `drawn` is of.
void fix_conditions(LinkConditions& written, const Conditions& drawn,
                    const LinkConditions& over = {}) {
  if (!over.latency) fix(written.latency, drawn.latency);
  if (!over.loss) fix(written.loss, drawn.loss);
  if (!over.duplicate) fix(written.duplicate, drawn.duplicate);
  if (!over.reorder) fix(written.reorder, drawn.reorder);
  if (!over.corrupt) fix(written.corrupt, drawn.corrupt);
  if (!over.truncate) fix(written.truncate, drawn.truncate);
  const auto count = [](std::uint64_t n) { return static_cast<std::int64_t>(n); };
  if (!over.bandwidth) fix(written.bandwidth, count(drawn.bandwidth));
  if (!over.queue_packets) fix(written.queue_packets, count(drawn.queue_packets));
  if (!over.queue_bytes) fix(written.queue_bytes, count(drawn.queue_bytes));
  if (!over.mtu) fix(written.mtu, count(drawn.mtu));
  if (!over.ecn_above) fix(written.ecn_above, drawn.ecn_above.value_or(Duration{}));
}

void fix_nat(NatSpec& nat, const NatPlan& drawn) {
  fix(nat.timeout, drawn.timeout);
  fix(nat.filter_timeout, drawn.filter_timeout.value_or(Duration{}));
  fix(nat.unreplied_timeout, drawn.unreplied_timeout.value_or(Duration{}));
}

void fix_hosts(Scenario& scenario, const Plan& plan) {
  for (HostSpec& host : scenario.hosts) {
    const auto index = plan.host_named(host.name);
    if (host.count != 1 || !index) continue;
    const HostPlan& drawn = plan.hosts[*index];
    host.settings = drawn.settings;
    fix(host.start, drawn.start);
    fix(host.driver.every, drawn.driver_every);
    fix(host.clock.offset, drawn.clock.read(Instant{}).since_origin());
    fix(host.clock.wall_offset, drawn.clock.read_wall(Instant{}).since_epoch() - HostClock::epoch);
    if (host.nat && drawn.behind) fix_nat(*host.nat, plan.nats[*drawn.behind]);
  }
  for (std::size_t i = 0; i < scenario.nats.size(); ++i) {
    fix_nat(scenario.nats[i], plan.nats[i]);
  }
}

void fix_links(Scenario& scenario, const Plan& plan) {
  for (LinkSpec& link : scenario.links) {
    // A group or "*" is the name of no node: such links draw for each pair.
    for (std::uint32_t i = 0; i < plan.directions.size(); ++i) {
      const Conditions& drawn = plan.directions[i].conditions;
      if (plan.from_name(i) == link.a && plan.to_name(i) == link.b) {
        fix_conditions(link.both, drawn, link.there);
        fix_conditions(link.there, drawn);
      } else if (plan.from_name(i) == link.b && plan.to_name(i) == link.a) {
        fix_conditions(link.both, drawn, link.back);
        fix_conditions(link.back, drawn);
      }
    }
  }
}

void fix_faults(Scenario& scenario, const Plan& plan) {
  for (std::size_t i = 0; i < scenario.faults.size(); ++i) {
    FaultSpec& fault = scenario.faults[i];
    const auto is_its = [&](const FaultPlan& each) { return plan.number_of(each) == i; };
    if (std::ranges::count_if(plan.faults, is_its) != 1) continue;  // each member has its own draws
    const FaultPlan& drawn = *std::ranges::find_if(plan.faults, is_its);
    fix(fault.at, drawn.begin.since_origin());
    fix(fault.every, drawn.every);
    if (drawn.present) fault.sometimes.reset();
    if (drawn.end != Instant::never()) fix(fault.length, drawn.end - drawn.begin);
    if (auto* delay = std::get_if<Delay>(&fault.action)) fix(delay->by, drawn.amount);
    if (auto* twice = std::get_if<Duplicate>(&fault.action)) fix(twice->after, drawn.amount);
    if (auto* jump = std::get_if<WallJump>(&fault.action)) fix(jump->by, drawn.amount);
    if (auto* move = std::get_if<Move>(&fault.action)) fix(move->dead, drawn.amount);
    auto* degrade = std::get_if<Degrade>(&fault.action);
    if (degrade && drawn.conditions.size() == 2) {
      fix_conditions(degrade->conditions, drawn.conditions.front());
    }
  }
}

void add_condition_edits(std::vector<Edit>& edits, std::size_t link,
                         LinkConditions LinkSpec::* part) {
  edits.push_back([=](Scenario& s) { (s.links[link].*part).percentiles = {}; });
  for_each_member(condition_members, [&](auto member) {
    edits.push_back([=](Scenario& s) { (s.links[link].*part).*member = {}; });
  });
}

void add_nat_edits(std::vector<Edit>& edits, const std::function<NatSpec&(Scenario&)>& nat) {
  for_each_member(nat_members, [&](auto member) {
    edits.push_back([=](Scenario& s) { nat(s).*member = NatSpec().*member; });
  });
}

void add_host_edits(std::vector<Edit>& edits, const Scenario& scenario, std::size_t i,
                    const RoleRegistry& registry) {
  const HostSpec& host = scenario.hosts[i];
  edits.push_back([i](Scenario& s) { s.hosts[i].driver = {}; });
  edits.push_back([i](Scenario& s) { s.hosts[i].clock = {}; });
  edits.push_back([i](Scenario& s) { s.hosts[i].clock.offset = Range<Duration>(Duration{}); });
  edits.push_back([i](Scenario& s) { s.hosts[i].clock.drift_ppm = 0; });
  edits.push_back([i](Scenario& s) { s.hosts[i].clock.wall_offset = Range<Duration>(Duration{}); });
  edits.push_back([i](Scenario& s) { s.hosts[i].start = Range<Duration>(Duration{}); });
  for (std::size_t k = host.settings.entries.size(); k-- > 0;) {
    if (!is_optional(host.settings.entries[k], host, scenario, registry)) continue;
    const std::string key = host.settings.entries[k].key;
    edits.push_back([i, key](Scenario& s) {
      std::erase_if(s.hosts[i].settings.entries,
                    [&](const Setting& setting) { return setting.key == key; });
    });
  }
  if (host.addresses.size() > 1) {
    edits.push_back([i](Scenario& s) { s.hosts[i].addresses.resize(1); });
  }
  if (host.nat) {
    add_nat_edits(edits, [i](Scenario& s) -> NatSpec& { return *s.hosts[i].nat; });
  }
}

/// Values near `exact` that are shorter to say, the shortest first.
std::vector<Duration> rounder(Duration exact) {
  std::vector<Duration> found;
  const std::int64_t value = exact.count();
  for (std::int64_t unit = 1; unit <= 3'600'000'000'000; unit *= 10) {
    const std::int64_t down = value - value % unit;
    found.push_back(Duration::nanoseconds(down));
    if (value > 0) found.push_back(Duration::nanoseconds(down + unit));
  }
  for (const std::int64_t unit : {60'000'000'000, 600'000'000'000, 3'600'000'000'000}) {
    found.push_back(Duration::nanoseconds(value - value % unit));
  }
  const auto length = [](Duration d) { return duration_text(d).size(); };
  std::erase_if(found, [&](Duration d) { return d == Duration{} || length(d) >= length(exact); });
  std::ranges::sort(found, {}, [&](Duration d) { return std::pair(length(d), d); });
  found.erase(std::unique(found.begin(), found.end()), found.end());
  constexpr std::size_t most = 4;
  if (found.size() > most) found.resize(most);
  return found;
}

}  // namespace

Scenario without_ranges(const Plan& plan) {
  Scenario scenario = plan.scenario;
  scenario.seed = plan.seed;
  fix(scenario.duration, plan.duration);
  fix_hosts(scenario, plan);
  fix_links(scenario, plan);
  for (TrafficSpec& flow : scenario.traffic) {
    const auto from = plan.host_named(flow.from);
    const auto to = plan.host_named(flow.to);
    const auto drawn = std::ranges::find_if(
        plan.flows, [&](const FlowPlan& f) { return f.from == from && f.to == to; });
    const bool is_alone = std::ranges::count_if(plan.flows, [&](const FlowPlan& f) {
                            return f.from == from && f.to == to;
                          }) == 1;
    if (!is_alone) continue;
    fix(flow.every, drawn->every);
    fix(flow.size, std::int64_t{drawn->size});
    fix(flow.start, drawn->start);
    fix(flow.stop, drawn->stop);
  }
  fix_faults(scenario, plan);
  if (scenario.expect.heal) fix(scenario.expect.heal->at, plan.heal_at.since_origin());
  fix(scenario.expect.always_from, plan.always_from.since_origin());
  return scenario;
}

std::vector<Edit> removals_of_nodes(const Scenario& scenario) {
  std::vector<Edit> edits;
  for (std::size_t i = scenario.hosts.size(); i-- > 0;) {
    add_removal(edits, scenario, {scenario.hosts[i].name});
    if (scenario.hosts[i].count > 1) {
      edits.push_back([i](Scenario& s) { make_single(s, i); });
      edits.push_back([i](Scenario& s) { s.hosts[i].count = 2; });
      edits.push_back([i](Scenario& s) { s.hosts[i].count = (s.hosts[i].count + 1) / 2; });
    }
    if (scenario.hosts[i].nat) {
      edits.push_back([i](Scenario& s) { s.hosts[i].nat.reset(); });
    }
  }
  for (const NatSpec& nat : scenario.nats) {
    edits.push_back([name = nat.name](Scenario& s) { remove_nat(s, name); });
  }
  // Two who have nobody but each other go together, or not at all.
  for (const LinkSpec& link : scenario.links) add_removal(edits, scenario, {link.a, link.b});
  return edits;
}

std::vector<Edit> simpler_settings(const Scenario& scenario, const RoleRegistry& registry) {
  std::vector<Edit> edits;
  for (std::size_t i = 0; i < scenario.links.size(); ++i) {
    add_condition_edits(edits, i, &LinkSpec::there);
    add_condition_edits(edits, i, &LinkSpec::back);
    add_condition_edits(edits, i, &LinkSpec::both);
  }
  for (std::size_t i = 0; i < scenario.hosts.size(); ++i) {
    add_host_edits(edits, scenario, i, registry);
  }
  for (std::size_t i = 0; i < scenario.nats.size(); ++i) {
    add_nat_edits(edits, [i](Scenario& s) -> NatSpec& { return s.nats[i]; });
  }
  for (std::size_t i = 0; i < scenario.traffic.size(); ++i) {
    edits.push_back([i](Scenario& s) { s.traffic[i].size = TrafficSpec().size; });
    edits.push_back([i](Scenario& s) { s.traffic[i].start = TrafficSpec().start; });
    edits.push_back([i](Scenario& s) { s.traffic[i].stop.reset(); });
  }
  edits.push_back([](Scenario& s) { s.expect.always_from = Range<Duration>(Duration{}); });
  return edits;
}

std::vector<Edit> rounder_times(const Scenario& scenario) {
  std::vector<Edit> edits;
  Scenario copy = scenario;
  std::size_t index = 0;
  for_each_duration(copy, [&](const Range<Duration>& range) {
    const std::size_t at = index++;
    const bool is_usual = range == NatSpec().timeout;  // and would be set back to that
    if (!range.is_fixed() || range.low == Duration{} || is_usual) return;
    for (const Duration value : rounder(range.low)) {
      edits.push_back([at, value](Scenario& s) {
        std::size_t i = 0;
        for_each_duration(s, [&](Range<Duration>& r) {
          if (i++ != at) return;
          // One that was rounded already stays.
          const bool is_rounder = duration_text(value).size() < duration_text(r.low).size();
          if (is_rounder) r = Range<Duration>(value);
        });
      });
    }
  });
  return edits;
}

Duration rounded_up(Duration at) {
  const std::int64_t value = std::max<std::int64_t>(at.count(), 1);
  constexpr std::int64_t second = 1'000'000'000;
  // At least ten hours or minutes, so that it is no more than a tenth too long; or else seconds.
  for (const auto& [unit, least] :
       {std::pair(3'600 * second, 10), {60 * second, 10}, {second, 1}, {second / 1'000, 1}}) {
    if (value >= unit * least) return Duration::nanoseconds((value + unit - 1) / unit * unit);
  }
  return std::chrono::milliseconds(1);
}

}  // namespace tickover::sim
