#include "sim/world/recovery.h"

#include <algorithm>

namespace tickover::sim {
namespace {

/// An answer crosses at most two links each way: to the relay, and from there to the peer.
Duration round_trip(const Plan& plan) {
  return plan.longest_round_trip() * 2;
}

}  // namespace

Duration longest_recovery(const Plan& plan) {
  Duration longest;
  for (HostIndex i = 0; i < plan.hosts.size(); ++i) {
    const Role& role = *plan.hosts[i].role;
    if (!role.recovery_bound) continue;
    const RoleContext context = plan.context(i, 0, Instant{});
    longest = std::max(longest, role.recovery_bound(context, round_trip(plan)));
  }
  return longest;
}

Duration recovery_time(const Plan& plan) {
  Duration slowest_flow;
  for (const FlowPlan& flow : plan.flows) slowest_flow = std::max(slowest_flow, flow.every);
  return longest_recovery(plan) + slowest_flow + round_trip(plan);
}

}  // namespace tickover::sim
