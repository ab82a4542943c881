#pragma once

#include <string>
#include <string_view>

#include "sim/scenario/scenario.h"

namespace tickover::sim {

/// Calls `visit` with every name of a host, group or NAT that a fault says.
template <class Visit>
void for_each_name(FaultAction& action, Visit visit) {
  const auto match = [&](PacketMatch& m) {
    visit(m.from);
    visit(m.to);
  };
  std::visit(
      [&](auto& fault) {
        if constexpr (requires { fault.match; }) match(fault.match);
        if constexpr (requires { fault.a; }) {
          visit(fault.a);
          visit(fault.b);
        }
        if constexpr (requires { fault.from; }) {
          visit(fault.from);
          visit(fault.to);
        }
        if constexpr (requires { fault.host; }) visit(fault.host);
        if constexpr (requires { fault.nat; }) visit(fault.nat);
      },
      action);
}

/// Calls `visit` with every sentence of a budget.
template <class Visit>
void for_each_sentence(BudgetSpec& budget, Visit visit) {
  visit(budget.of);
  if (budget.from) visit(*budget.from);
  if (budget.until) visit(*budget.until);
}

/// Calls `visit` with every sentence of a fairness.
template <class Visit>
void for_each_sentence(FairnessSpec& fairness, Visit visit) {
  visit(fairness.of);
  if (fairness.after) visit(*fairness.after);
  if (fairness.until) visit(*fairness.until);
}

/// Calls `visit` with every length of time that can stand in a scenario beside its duration.
template <class Visit>
void for_each_duration(Scenario& scenario, Visit visit) {
  const auto optional = [&](std::optional<Range<Duration>>& range) {
    if (range) visit(*range);
  };
  const auto conditions = [&](LinkConditions& c) {
    optional(c.latency);
    optional(c.jitter);
    optional(c.reorder_delay);
  };
  for (HostSpec& host : scenario.hosts) {
    visit(host.start);
    if (host.driver.kind != DriverKind::lazy) visit(host.driver.every);
    visit(host.clock.offset);
    visit(host.clock.wall_offset);
    if (host.nat) visit(host.nat->timeout);
    for (Setting& setting : host.settings.entries) {
      if (auto* range = std::get_if<Range<Duration>>(&setting.value)) visit(*range);
    }
  }
  for (NatSpec& nat : scenario.nats) visit(nat.timeout);
  for (LinkSpec& link : scenario.links) {
    conditions(link.both);
    conditions(link.there);
    conditions(link.back);
  }
  for (TrafficSpec& traffic : scenario.traffic) {
    visit(traffic.every);
    visit(traffic.start);
    optional(traffic.stop);
  }
  for (FaultSpec& fault : scenario.faults) {
    optional(fault.at);
    optional(fault.every);
    optional(fault.length);
    std::visit(
        [&](auto& action) {
          if constexpr (requires { action.by; }) visit(action.by);
          if constexpr (requires { action.after; }) visit(action.after);
          if constexpr (requires { action.conditions; }) conditions(action.conditions);
        },
        fault.action);
  }
  if (scenario.expect.heal) visit(scenario.expect.heal->at);
  visit(scenario.expect.always_from);
}

/// Whether a sentence of [expect], or a name, speaks of `name` or of a member of that group.
bool speaks_of(std::string_view text, std::string_view name);
/// The same sentence with another name.
std::string renamed(std::string_view text, std::string_view from, std::string_view to);

}  // namespace tickover::sim
