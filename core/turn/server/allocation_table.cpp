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
  const auto [account, is_new] = accounts_.try_emplace(allocation.account);
  if (!is_new && account->second.held == 0) --idle_;
  ++account->second.held;
  slots_[slot] = std::move(allocation);
  reschedule(slot);
  return slot;
}

void AllocationTable::relay_opened(std::uint32_t slot, AddressFamily family) {
  Relay& relay = at(slot).slot_for(family).value();
  CHECK(relay.state == Relay::State::opening);
  relay.state = Relay::State::open;
  by_relay_.insert(relay.address.endpoint, slot);
}

void AllocationTable::opened(std::uint32_t slot) {
  Allocation& allocation = at(slot);
  CHECK(!allocation.is_open() && allocation.has_relay() && !allocation.is_awaiting());
  allocation.opening.reset();
  reschedule(slot);
}

Relay AllocationTable::end_relay(std::uint32_t slot, AddressFamily family) {
  Relay& relay = at(slot).slot_for(family).value();
  CHECK(relay.state != Relay::State::over);
  if (relay.state == Relay::State::open) by_relay_.erase(relay.address.endpoint);
  Relay was{.address = relay.address, .state = Relay::State::over};
  std::swap(relay, was);
  reschedule(slot);
  return was;
}

void AllocationTable::remove(std::uint32_t slot) {
  const Allocation& allocation = at(slot);
  CHECK(!allocation.has_relay() && !allocation.is_awaiting());
  by_client_.erase(allocation.tuple);
  deadlines_.remove(slot);
  const auto account = accounts_.find(allocation.account);
  if (--account->second.held == 0) ++idle_;
  if (idle_ > by_client_.size() + most_idle) {
    std::erase_if(accounts_, [](const auto& each) { return each.second.held == 0; });
    idle_ = 0;
  }
  slots_[slot].reset();
  free_.insert(std::ranges::upper_bound(free_, slot, std::greater{}), slot);
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
    if (deadlines_.of(slot) != allocation.deadline()) return false;
    if (allocation.is_open() ? !allocation.has_relay() : !allocation.is_awaiting()) return false;
    bool agrees = !allocation.is_open() || !allocation.is_awaiting();
    allocation.for_each_relay([&](const Relay& relay) {
      ++open;
      agrees = agrees && by_relay_.find(relay.address.endpoint) == slot &&
               relay.permissions.is_consistent() && relay.channels.is_consistent();
    });
    if (!agrees) return false;
  }
  std::size_t idle = 0;
  const bool counts_agree = std::ranges::all_of(accounts_, [&](const auto& account) {
    const auto counted = held.find(account.first);
    idle += account.second.held == 0;
    return account.second.held == (counted == held.end() ? 0 : counted->second);
  });
  return counts_agree && accounts_.size() == held.size() + idle && idle == idle_ &&
         idle_ <= by_client_.size() + most_idle && by_client_.size() == all &&
         by_relay_.size() == open && deadlines_.size() == all &&
         free_.size() + all == slots_.size();
}

}  // namespace tickover::turn
