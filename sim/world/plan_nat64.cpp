// What hosts behind a NAT64 know of the others.
#include <algorithm>

#include "sim/world/plan_builder.h"

namespace tickover::sim {
namespace {

std::optional<std::uint32_t> nearest_nat64(const Plan& plan, std::optional<std::uint32_t> realm) {
  while (realm && !plan.nats[*realm].nat64) realm = plan.nats[*realm].behind;
  return realm;
}

/// Whether what leaves that NAT can reach hosts of that realm without passing inwards.
bool leads_to(const Plan& plan, const NatPlan& nat, std::optional<std::uint32_t> realm) {
  auto at = nat.behind;
  while (at && at != realm) at = plan.nats[*at].behind;
  return at == realm;
}

}  // namespace

/// Where the host is at the start, or the first place that it moves to.
std::optional<std::uint32_t> PlanBuilder::nat64_of(HostIndex host) const {
  if (const auto nat = nearest_nat64(*plan_, plan_->hosts[host].behind)) return nat;
  for (const FaultSpec& fault : plan_->scenario.faults) {
    const auto* move = std::get_if<Move>(&fault.action);
    if (move == nullptr) continue;
    const auto movers = plan_->hosts_named(move->host);
    if (std::ranges::find(movers, host) == movers.end()) continue;
    for (std::uint32_t i = 0; i < plan_->nats.size(); ++i) {
      const auto nat = plan_->nats[i].name == move->nat ? nearest_nat64(*plan_, i) : std::nullopt;
      if (nat) return nat;
    }
  }
  return {};
}

/// As DNS64 would tell it (RFC 6147, section 5.1): who has no IPv6 address of its own, and stands
/// where the NAT64 leads to.
void PlanBuilder::add_names_behind_nat64() {
  for (HostIndex i = 0; i < plan_->hosts.size(); ++i) {
    const auto nat = nat64_of(i);
    plan_->hosts[i].nat64 = nat;
    if (!nat || plan_->infos_behind.contains(*nat)) continue;
    const NatPlan& through = plan_->nats[*nat];
    std::vector<HostInfo> infos = plan_->infos;
    for (HostIndex other = 0; other < infos.size(); ++other) {
      std::vector<IpAddress>& addresses = infos[other].addresses;
      const auto is_v6 = [](const IpAddress& ip) { return ip.family() == AddressFamily::ipv6; };
      if (!leads_to(*plan_, through, plan_->hosts[other].behind)) continue;
      if (std::ranges::any_of(addresses, is_v6)) continue;
      for (const IpAddress& ip : plan_->infos[other].addresses) {
        addresses.push_back(through.nat64->show(ip));
      }
    }
    plan_->infos_behind.emplace(*nat, std::move(infos));
  }
}

}  // namespace tickover::sim
