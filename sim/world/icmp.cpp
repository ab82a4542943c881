// What the network tells by ICMP of the datagrams that it did not deliver; and who has an address.
#include <algorithm>
#include <utility>

#include "core/random.h"
#include "sim/world/orders.h"
#include "sim/world/world.h"

namespace tickover::sim {
namespace {

/// Beside the purposes of the datagram's own order.
constexpr std::uint64_t icmp_purpose = 0x1C3F;
constexpr Duration local_delay = std::chrono::microseconds(1);

struct TypeAndCode {
  std::uint8_t type;
  std::uint8_t code;
};

/// By the family of what it is about: RFC 792 and RFC 1191, or RFC 4443.
constexpr TypeAndCode port_unreachable[] = {{3, 3}, {1, 4}};
constexpr TypeAndCode network_unreachable[] = {{3, 0}, {1, 0}};
constexpr TypeAndCode fragmentation_needed[] = {{3, 4}, {2, 0}};

}  // namespace

std::optional<NodeIndex> World::owner(std::optional<std::uint32_t> realm,
                                      const IpAddress& ip) const {
  const auto node = plan_->owner(realm, ip);
  if (!node || plan_->nodes[*node].is_nat) return node;
  const Host& host = hosts_[plan_->nodes[*node].index];
  const bool is_there =
      host.behind == realm && std::ranges::find(host.addresses, ip) != host.addresses.end();
  return is_there ? node : std::nullopt;
}

void World::tell_sender(Trouble trouble, HostIndex host, const Send& send) {
  if (!plan_->scenario.icmp || trouble != Trouble::no_route) return;
  const TypeAndCode& what = network_unreachable[send.remote.family() == AddressFamily::ipv6];
  const std::uint64_t key = mix(stable_hash(send.local), stable_hash(send.remote));
  tell_at(now_ + local_delay, mix(plan_->seed, key),
          {.error = {send.local, send.remote, what.type, what.code},
           .node = plan_->node_of_host(host),
           .cause = steps_});
}

void World::tell_at(Instant at, std::uint64_t order, const Told& told) {
  if (free_told_.empty()) {
    free_told_.push_back(static_cast<std::uint32_t>(told_.size()));
    told_.emplace_back();
  }
  const std::uint32_t index = free_told_.back();
  free_told_.pop_back();
  told_[index] = told;
  queue_.push(
      {at, QueuedEvent::order_of(QueuedEvent::Class::socket, scramble(order)), 0, index, 1});
}

void World::degrade(std::uint32_t direction, ConditionsNow& conditions) const {
  if (healed_) return;
  for (const std::uint32_t index : direction_faults_[direction]) {
    const FaultPlan& fault = plan_->faults[index];
    if (std::holds_alternative<Degrade>(fault.spec->action)) conditions.degrade(fault, direction);
  }
}

/// The error goes back over the same link. It takes the link's usual latency and asks no dice: only
/// a partition or a block keeps it away.
void World::tell_by_icmp(Trouble trouble, std::uint32_t direction, const Endpoint& source,
                         const Endpoint& destination, std::uint64_t key) {
  if (!plan_->scenario.icmp) return;
  const std::uint32_t back = direction ^ 1u;
  const bool is_cut = std::ranges::any_of(direction_faults_[back], [&](std::uint32_t index) {
    const FaultAction& action = plan_->faults[index].spec->action;
    return std::holds_alternative<Partition>(action) || std::holds_alternative<Block>(action);
  });
  if (is_cut) return;
  ConditionsNow way(plan_->directions[back].conditions);
  degrade(back, way);
  const bool v6 = destination.family() == AddressFamily::ipv6;
  const TypeAndCode& what =
      trouble == Trouble::too_big ? fragmentation_needed[v6] : port_unreachable[v6];
  IcmpError error{source, destination, what.type, what.code};
  if (trouble == Trouble::too_big) {
    ConditionsNow there(plan_->directions[direction].conditions);
    degrade(direction, there);
    error.data = static_cast<std::uint32_t>(there->mtu);
  }
  tell_at(now_ + way->usual_latency(), mix(mix(plan_->seed, key), icmp_purpose),
          {.error = error, .node = plan_->directions[direction].from, .cause = steps_});
}

void World::hear_icmp(std::uint32_t index) {
  const Told told = std::exchange(told_[index], Told{});
  free_told_.push_back(index);
  begin(StepKind::icmp, told.cause);
  Step& step = step_.value;
  step.icmp = told.error;
  std::optional<NodeIndex> node = told.node;
  // Inwards: each NAT knows for whom it sent what the error is about (RFC 5508, section 4).
  while (node && plan_->nodes[*node].is_nat) {
    const std::uint32_t nat = plan_->nodes[*node].index;
    const auto inside = nats_[nat].inside_of(step.icmp.local, now_);
    if (!inside) {
      step.dropped = DropReason::nat_mapping;
      return;
    }
    step.icmp = Nat::seen_from(plan_->nats[nat], *inside, step.icmp);
    node = owner(nat, inside->ip);
  }
  if (!node) {
    step.dropped = DropReason::no_route;
    return;
  }
  step.host = plan_->nodes[*node].index;
  if (!is_up(step.host)) {
    step.dropped = DropReason::host_down;
  } else if (!std::ranges::binary_search(hosts_[step.host].sockets, step.icmp.local)) {
    step.dropped = DropReason::no_socket;
  } else {
    const IcmpError error = step.icmp;
    give(step.host, error);
  }
}

}  // namespace tickover::sim
