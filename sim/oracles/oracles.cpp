#include "sim/oracles/oracles.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "sim/oracles/authentication.h"
#include "sim/oracles/belief.h"
#include "sim/oracles/candidates.h"
#include "sim/oracles/conservation.h"
#include "sim/oracles/delivery.h"
#include "sim/oracles/detection.h"
#include "sim/oracles/expect.h"
#include "sim/oracles/marks.h"
#include "sim/oracles/probability.h"
#include "sim/oracles/relay_oracle.h"
#include "sim/oracles/retransmissions.h"
#include "sim/oracles/stability.h"
#include "sim/oracles/tables.h"
#include "sim/oracles/traffic_bound.h"
#include "sim/oracles/turn_plan.h"
#include "sim/oracles/wake_honesty.h"
#include "sim/oracles/wire.h"

namespace tickover::sim {
namespace {

bool some_host(const Plan& plan, bool (*is)(const HostPlan&)) {
  return std::ranges::any_of(plan.hosts, is);
}

}  // namespace

Oracles make_oracles(const Plan& plan) {
  Oracles oracles;
  const auto add = [&]<class T>(std::in_place_type_t<T>) {
    oracles.add(std::make_unique<T>(plan));
  };
  add(std::in_place_type<Conservation>);
  add(std::in_place_type<WakeHonesty>);
  if (some_host(plan, [](const HostPlan& h) { return h.role->port == 0; })) {
    add(std::in_place_type<CandidateProtocol>);
  }
  if (!plan.flows.empty()) add(std::in_place_type<Delivery>);
  if (some_host(plan, Retransmissions::is_client)) {
    add(std::in_place_type<Retransmissions>);
    add(std::in_place_type<TrafficBound>);
  }
  if (some_host(plan, Wire::speaks_stun)) add(std::in_place_type<Wire>);
  if (some_host(plan, is_relay)) {
    add(std::in_place_type<Answers>);
    add(std::in_place_type<RelayTables>);
    if (RelayIndexes::applies(plan)) {
      add(std::in_place_type<RelayIndexes>);
      add(std::in_place_type<RelayLimits>);
    }
    if (some_host(plan, [](const HostPlan& h) { return h.info.role == "turn-client"; })) {
      add(std::in_place_type<Authentication>);
      add(std::in_place_type<Belief>);
      add(std::in_place_type<Detection>);
      if (Stability::applies(plan)) add(std::in_place_type<Stability>);
    }
  }
  if (Expect::applies(plan)) add(std::in_place_type<Expect>);
  if (!plan.scenario.expect.probability.empty()) add(std::in_place_type<Probabilities>);
  if (plan.heal_at != Instant::never()) add(std::in_place_type<Heal>);
  add(std::in_place_type<Marks>);
  std::set<std::string_view> roles;  // each brings its oracle once
  for (const HostPlan& host : plan.hosts) {
    if (host.role->oracle && roles.insert(host.role->name).second) {
      oracles.add(host.role->oracle(plan));
    }
  }
  return oracles;
}

}  // namespace tickover::sim
