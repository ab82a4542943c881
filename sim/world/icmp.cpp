// What the network tells by ICMP of the datagrams that it did not deliver; and who has an address.
#include <algorithm>

#include "core/random.h"
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
  told_.push_back({.error = {send.local, send.remote, what.type, what.code},
                   .node = plan_->node_of_host(host),
                   .cause = steps_});
  const std::uint64_t key = mix(stable_hash(send.local), stable_hash(send.remote));
  queue_.push({now_ + local_delay,
               QueuedEvent::order_of(QueuedEvent::Class::socket, scramble(mix(plan_->seed, key))),
               0, static_cast<std::uint32_t>(told_.size() - 1), 1});
}

/// The error goes back over the same link. It takes the link's latency and asks no dice: only a
/// partition or a block keeps it away.
void World::tell_by_icmp(Trouble trouble, std::uint32_t direction, const Endpoint& source,
                         const Endpoint& destination, std::uint64_t key) {
  if (!plan_->scenario.icmp) return;
  const std::uint32_t back = direction ^ 1u;
  const bool is_cut = std::ranges::any_of(direction_faults_[back], [&](std::uint32_t index) {
    const FaultAction& action = plan_->faults[index].spec->action;
    return std::holds_alternative<Partition>(action) || std::holds_alternative<Block>(action);
  });
  if (is_cut) return;
  const bool v6 = destination.family() == AddressFamily::ipv6;
  const TypeAndCode& what =
      trouble == Trouble::too_big ? fragmentation_needed[v6] : port_unreachable[v6];
  IcmpError error{source, destination, what.type, what.code};
  if (trouble == Trouble::too_big) {
    error.data = static_cast<std::uint32_t>(plan_->directions[direction].conditions.mtu);
  }
  told_.push_back({.error = error, .node = plan_->directions[direction].from, .cause = steps_});
  queue_.push({now_ + plan_->directions[back].conditions.latency,
               QueuedEvent::order_of(QueuedEvent::Class::socket,
                                     scramble(mix(mix(plan_->seed, key), icmp_purpose))),
               0, static_cast<std::uint32_t>(told_.size() - 1), 1});
}

void World::hear_icmp(std::uint32_t index) {
  Told& told = told_[index];
  begin(StepKind::icmp, told.cause);
  Step& step = step_.value;
  step.icmp = told.error;
  std::optional<NodeIndex> node = told.node;
  told.is_given = true;
  if (std::ranges::all_of(told_, &Told::is_given)) told_.clear();
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
