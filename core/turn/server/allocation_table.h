#pragma once

#include <map>
#include <optional>
#include <vector>

#include "core/flat_index.h"
#include "core/turn/server/allocation.h"
#include "core/turn/server/deadline_heap.h"
#include "core/turn/server/token_bucket.h"

namespace tickover::turn {

/// All allocations, findable by 5-tuple and by relayed address, with their deadlines and each
/// user's count. Everything beside the allocations themselves is derived from them here, and
/// nowhere else (BUGS D03, D19). Slots are reused, lowest first.
class AllocationTable {
 public:
  std::size_t size() const { return by_client_.size(); }
  std::size_t held_by(UserId account) const {
    const auto at = accounts_.find(account);
    return at == accounts_.end() ? 0 : at->second.held;
  }
  /// How much the account relays; it must hold an allocation (CHECK). The meter goes on when the
  /// account comes back, so that allocating anew buys nothing.
  TokenBucket& bandwidth_of(UserId account) {
    const auto at = accounts_.find(account);
    CHECK(at != accounts_.end());
    return at->second.bandwidth;
  }
  std::optional<std::uint32_t> find(const FiveTuple& tuple) const { return by_client_.find(tuple); }
  /// Only of ports that are open.
  std::optional<std::uint32_t> find(const RelayedAddress& address) const {
    return by_relay_.find(address.endpoint);
  }
  const Allocation& at(std::uint32_t slot) const { return *slots_[slot]; }
  Allocation& at(std::uint32_t slot) { return *slots_[slot]; }
  Instant earliest_deadline() const { return deadlines_.earliest(); }
  std::uint32_t earliest_slot() const { return deadlines_.earliest_slot(); }
  /// Visits (const Allocation&) by slot.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& slot : slots_) {
      if (slot) visit(*slot);
    }
  }
  /// Whether all that is derived agrees with the allocations (BUGS P12).
  bool is_consistent() const;

  std::uint32_t add(Allocation allocation);
  /// Its port of that family is open now: peers find it.
  void relay_opened(std::uint32_t slot, AddressFamily family);
  /// The client has it from now on.
  void opened(std::uint32_t slot);
  /// That relay is no more, whatever state it was in; gives what it was.
  Relay end_relay(std::uint32_t slot, AddressFamily family);
  /// To be called after anything in the allocation that has an expiry was changed.
  void reschedule(std::uint32_t slot) { deadlines_.set(slot, at(slot).deadline()); }
  /// All its relays must be over (CHECK).
  void remove(std::uint32_t slot);

  bool operator==(const AllocationTable&) const = default;

 private:
  struct Account {
    std::size_t held = 0;
    TokenBucket bandwidth = {};
    bool operator==(const Account&) const = default;
  };

  std::vector<std::optional<Allocation>> slots_;
  std::vector<std::uint32_t> free_;  // descending, so that the lowest is at the back
  FlatIndex<FiveTuple> by_client_;
  FlatIndex<Endpoint> by_relay_;
  DeadlineHeap deadlines_;
  /// Accounts that hold nothing and are remembered, for their meters, beyond as many as hold
  /// something. Users may be anybody, so there has to be an end (BUGS D19).
  static constexpr std::size_t most_idle = 64;

  std::map<UserId, Account> accounts_;
  std::size_t idle_ = 0;  // of them hold nothing
};

}  // namespace tickover::turn
