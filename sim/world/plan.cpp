#include "sim/world/plan.h"

#include <algorithm>
#include <limits>

#include "sim/world/plan_builder.h"

namespace tickover::sim {

std::optional<NodeIndex> Plan::owner(std::optional<std::uint32_t> realm,
                                     const IpAddress& ip) const {
  const std::uint32_t wanted = realm.value_or(no_index);
  const auto at = std::lower_bound(owners_.begin(), owners_.end(), Owner{wanted, ip, 0});
  if (at == owners_.end() || at->realm != wanted || at->ip != ip) return {};
  return at->node;
}

std::uint32_t Plan::direction(NodeIndex from, NodeIndex to) const {
  const auto at = std::lower_bound(edges_.begin(), edges_.end(), Edge{from, to, 0});
  if (at == edges_.end() || at->from != from || at->to != to) return no_index;
  return at->direction;
}

std::optional<HostIndex> Plan::host_named(std::string_view name) const {
  for (HostIndex i = 0; i < hosts.size(); ++i) {
    if (hosts[i].info.name == name) return i;
  }
  return {};
}

std::vector<HostIndex> Plan::hosts_named(std::string_view name) const {
  std::vector<HostIndex> result;
  for (HostIndex i = 0; i < hosts.size(); ++i) {
    if (name == "*" || hosts[i].info.name == name || hosts[i].group == name) result.push_back(i);
  }
  return result;
}

Duration Plan::longest_round_trip() const {
  const auto slowest = [](const Conditions& c) { return c.latency + c.jitter_high; };
  Duration longest;
  for (std::size_t i = 0; i + 1 < directions.size(); i += 2) {
    longest = std::max(longest,
                       slowest(directions[i].conditions) + slowest(directions[i + 1].conditions));
  }
  return longest;
}

RoleContext Plan::context(HostIndex host, std::uint32_t boot, Instant now) const {
  const HostPlan& plan = hosts[host];
  return {plan.info, infos, plan.settings, Random(mix(mix(seed, plan.key), boot)), now};
}

std::expected<std::shared_ptr<const Plan>, PlanError> make_plan(Scenario scenario,
                                                                std::uint64_t seed,
                                                                const RoleRegistry& registry) {
  return PlanBuilder(std::move(scenario), seed, registry).build();
}

}  // namespace tickover::sim
