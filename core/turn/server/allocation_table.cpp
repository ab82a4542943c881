#include "core/turn/server/allocation_table.h"

#include <algorithm>
#include <functional>

namespace tickover::turn {

std::uint32_t AllocationTable::add(Allocation allocation) {
  CHECK(!allocation.is_open());
  std::uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  by_client_.insert(allocation.tuple, slot);
  ++held_[Authenticator::index(allocation.user)];
  slots_[slot] = std::move(allocation);
  reschedule(slot);
  return slot;
}

void AllocationTable::opened(std::uint32_t slot) {
  Allocation& allocation = at(slot);
  CHECK(!allocation.is_open());
  allocation.opening.reset();
  by_relay_.insert(allocation.relay.address.endpoint, slot);
  reschedule(slot);
}

Allocation AllocationTable::remove(std::uint32_t slot) {
  Allocation allocation = std::move(at(slot));
  slots_[slot].reset();
  by_client_.erase(allocation.tuple);
  if (allocation.is_open()) by_relay_.erase(allocation.relay.address.endpoint);
  deadlines_.remove(slot);
  --held_[Authenticator::index(allocation.user)];
  free_.insert(std::ranges::upper_bound(free_, slot, std::greater{}), slot);
  return allocation;
}

bool AllocationTable::is_consistent() const {
  std::vector<std::size_t> held(held_.size());
  std::size_t all = 0;
  std::size_t open = 0;
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    if (!slots_[slot]) {
      if (std::ranges::count(free_, slot) != 1 || deadlines_.of(slot)) return false;
      continue;
    }
    const Allocation& allocation = *slots_[slot];
    ++all;
    ++held[Authenticator::index(allocation.user)];
    if (by_client_.find(allocation.tuple) != slot) return false;
    const auto by_relay = by_relay_.find(allocation.relay.address.endpoint);
    if (allocation.is_open()) {
      ++open;
      if (by_relay != slot) return false;
    }
    if (deadlines_.of(slot) != allocation.deadline()) return false;
    if (!allocation.relay.permissions.is_consistent()) return false;
    if (!allocation.relay.channels.is_consistent()) return false;
  }
  return held == held_ && by_client_.size() == all && by_relay_.size() == open &&
         deadlines_.size() == all && free_.size() + all == slots_.size();
}

}  // namespace tickover::turn
