#include "sim/world/plan.h"

#include <algorithm>
#include <numeric>

#include "sim/world/plan_builder.h"

namespace tickover::sim {

std::optional<NodeIndex> Plan::owner(std::optional<std::uint32_t> realm,
                                     const IpAddress& ip) const {
  return by_address_.find({realm.value_or(no_index), ip});
}

std::uint32_t Plan::direction(NodeIndex from, NodeIndex to) const {
  return by_ends_.find({from, to}).value_or(no_index);
}

std::optional<HostIndex> Plan::host_named(std::string_view name) const {
  const auto at = by_name_.find(name);
  if (at == by_name_.end()) return {};
  const auto is_it = [&](HostIndex host) { return hosts[host].info.name == name; };
  const auto host = std::ranges::find_if(at->second, is_it);
  return host == at->second.end() ? std::nullopt : std::optional(*host);
}

std::vector<HostIndex> Plan::hosts_named(std::string_view name) const {
  if (name == "*") {
    std::vector<HostIndex> all(hosts.size());
    std::iota(all.begin(), all.end(), HostIndex{0});
    return all;
  }
  const auto at = by_name_.find(name);
  return at == by_name_.end() ? std::vector<HostIndex>() : at->second;
}

Duration Plan::longest_round_trip() const {
  Duration longest;
  for (std::size_t i = 0; i + 1 < directions.size(); i += 2) {
    longest = std::max(longest,
                       directions[i].conditions.longest() + directions[i + 1].conditions.longest());
  }
  return longest;
}

Duration Plan::longest_hold() const {
  Duration of_any;
  Duration delay_of_one;
  Duration copy_of_one;
  for (const FaultPlan& fault : faults) {
    const bool delays = std::holds_alternative<Delay>(fault.spec->action);
    const auto* doubles = std::get_if<Duplicate>(&fault.spec->action);
    if (!delays && !doubles) continue;
    Duration amount = fault.amount;
    if (doubles) {
      for (const Duration also : doubles->also) amount = std::max(amount, also);
    }
    if (fault.is_named) {
      Duration& longest = delays ? delay_of_one : copy_of_one;
      longest = std::max(longest, amount);
    } else {
      of_any += std::max(amount, Duration{});
    }
  }
  return of_any + delay_of_one + copy_of_one;
}

RoleContext Plan::context(HostIndex host, std::uint32_t boot, Instant now) const {
  const HostPlan& plan = hosts[host];
  const std::uint64_t key = mix(seed, plan.key);
  const Instant first = plan.clock.read(Instant::at(plan.start));
  const std::vector<HostInfo>& others = plan.nat64 ? infos_behind.at(*plan.nat64) : infos;
  return {plan.info,           others, plan.settings, Random(mix(key, boot)), now,
          Random(mix(key, 0)), first};
}

std::expected<std::shared_ptr<const Plan>, PlanError> make_plan(Scenario scenario,
                                                                std::uint64_t seed,
                                                                const RoleRegistry& registry) {
  return PlanBuilder(std::move(scenario), seed, registry).build();
}

}  // namespace tickover::sim
