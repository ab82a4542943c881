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
  ++accounts_[allocation.account].held;
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
  const auto account = accounts_.find(allocation.account);
  if (--account->second.held == 0) accounts_.erase(account);
  free_.insert(std::ranges::upper_bound(free_, slot, std::greater{}), slot);
  return allocation;
}

bool AllocationTable::is_consistent() const {
  std::map<UserId, std::size_t> held;
  std::size_t all = 0;
  std::size_t open = 0;
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    if (!slots_[slot]) {
      if (std::ranges::count(free_, slot) != 1 || deadlines_.of(slot)) return false;
      continue;
    }
    const Allocation& allocation = *slots_[slot];
    ++all;
    ++held[allocation.account];
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
  const bool counts_agree = std::ranges::equal(held, accounts_, [](const auto& a, const auto& b) {
    return a.first == b.first && a.second == b.second.held;
  });
  return counts_agree && by_client_.size() == all && by_relay_.size() == open &&
         deadlines_.size() == all && free_.size() + all == slots_.size();
}

}  // namespace tickover::turn
