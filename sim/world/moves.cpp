// Where hosts and NATs are that faults have moved.
#include <algorithm>

#include "core/random.h"
#include "sim/world/world.h"

namespace tickover::sim {

void World::move_host(std::uint32_t index, bool there, bool is_dead) {
  const FaultPlan& fault = plan_->faults[index];
  const HostPlan& plan = plan_->hosts[fault.host];
  Host& host = hosts_[fault.host];
  host.moved_by = there ? index : no_index;
  host.behind = there ? fault.behind : plan.behind;
  host.addresses = there ? std::get<Move>(fault.spec->action).addresses : plan.info.addresses;
  if (is_dead) {
    host.addresses.clear();
    const std::uint32_t detail = there ? 2 : 3;
    const std::uint64_t key = scramble(mix(plan_->seed, mix(fault.key, detail)));
    queue_.push({now_ + fault.amount, QueuedEvent::order_of(QueuedEvent::Class::fault, key), 0,
                 index, detail});
  }
  std::vector<Endpoint> gone;
  for (const Endpoint& socket : host.sockets) {
    if (std::ranges::find(host.addresses, socket.ip) == host.addresses.end())
      gone.push_back(socket);
  }
  for (const Endpoint& socket : gone) {
    close_socket(fault.host, socket);
    if (is_up(fault.host)) give(fault.host, SocketClosed{socket});
  }
  if (is_up(fault.host)) return give(fault.host, AddressesChanged{host.addresses});
  if (!host.up) return;
  host.lost_asleep.insert(host.lost_asleep.end(), gone.begin(), gone.end());
  host.moved_asleep = true;
}

void World::arrive_at(std::uint32_t index, bool there) {
  begin(StepKind::fault, 0);
  step_.value.fault = index;
  step_.value.fault_begins = there;
  // Unless something else took it elsewhere meanwhile.
  const std::uint32_t moved_by = hosts_[plan_->faults[index].host].moved_by;
  if (moved_by == (there ? index : no_index)) move_host(index, there, false);
}

void World::end_move(std::uint32_t index) {
  const FaultPlan& fault = plan_->faults[index];
  if (hosts_[fault.host].moved_by != index) return;
  const std::uint32_t other = other_like(index);
  if (other == no_index) return move_host(index, false, fault.amount > Duration{});
  move_host(other, true, plan_->faults[other].amount > Duration{});
}

void World::end_nat_move(std::uint32_t index) {
  const auto address = [&](std::uint32_t fault) {
    return std::get<NatMove>(plan_->faults[fault].spec->action).address;
  };
  Nat& nat = nats_[plan_->faults[index].nat];
  if (!nat.has_moved_to(address(index))) return;
  const std::uint32_t other = other_like(index);
  if (other == no_index) return nat.move({});
  if (address(other) != address(index)) nat.move({address(other)});
}

std::uint32_t World::other_like(std::uint32_t index) const {
  const FaultPlan& fault = plan_->faults[index];
  for (auto i = static_cast<std::uint32_t>(fault_active_.size()); i-- > 0;) {
    const FaultPlan& other = plan_->faults[i];
    if (i != index && fault_active_[i] && other.host == fault.host && other.nat == fault.nat &&
        other.spec->action.index() == fault.spec->action.index()) {
      return i;
    }
  }
  return no_index;
}

}  // namespace tickover::sim
