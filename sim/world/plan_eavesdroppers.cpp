// Who overhears which link.
#include <algorithm>

#include "sim/world/plan_builder.h"

namespace tickover::sim {

void PlanBuilder::add_eavesdroppers() {
  for (HostIndex i = 0; i < plan_->hosts.size(); ++i) {
    const HostPlan& host = plan_->hosts[i];
    if (!host.role->overhears) continue;
    const auto ends = host.role->overhears(plan_->context(i, 0, Instant{}));
    if (!ends) continue;
    // What is said behind a NAT does not leave it: the public side is where strangers listen.
    const auto public_node = [&](const std::string& name) {
      const auto of = plan_->host_named(name);
      NodeIndex node = of ? plan_->node_of_host(*of) : no_index;
      while (of && plan_->nodes[node].realm) {
        node = plan_->node_of_nat(*plan_->nodes[node].realm);
      }
      return node;
    };
    const NodeIndex a = public_node(ends->first);
    const NodeIndex b = public_node(ends->second);
    const std::uint32_t there = a == no_index || b == no_index ? no_index : plan_->direction(a, b);
    if (there == no_index) {
      const auto spec = std::ranges::find(plan_->scenario.hosts, host.group, &HostSpec::name);
      return fail(spec->place, "host \"" + host.info.name + "\": there is no link between \"" +
                                   ends->first + "\" and \"" + ends->second + "\" to overhear");
    }
    plan_->directions[there].eavesdroppers.push_back(i);
    plan_->directions[there ^ 1u].eavesdroppers.push_back(i);
  }
}

}  // namespace tickover::sim
