#pragma once

#include <optional>
#include <vector>

#include "core/flat_index.h"
#include "core/turn/server/allocation.h"

namespace tickover::turn {

/// 79 RTO of 3 s: who has measured a slow path waits for so long (RFC 8489, section 6.2.1). The 40
/// s of section 6.3.1 are for those who never measured one.
inline constexpr Duration longest_transaction = std::chrono::seconds(237);

/// Remembers the requests that made, changed or ended an allocation, or were refused one, for as
/// long as their nonce could be accepted. Whoever recorded one and sends it again, from its
/// 5-tuple, gets nothing done: an old Refresh with lifetime 0 does not end a later allocation of
/// the same 5-tuple, an old Allocate does not make one anew, an old Refresh does not shorten one
/// (PROTOCOL AB12). As long as a client may still retransmit, a copy gets the same answer again
/// without a second effect (PROTOCOL T12, F6; BUGS P14).
///
/// CreatePermission and ChannelBind are not in here: they are frequent, and a copy renews at most
/// what its client had asked for, for one lifetime.
///
/// Bounded: beyond `capacity` the oldest is forgotten. Entries hold a keyed hash, not the request.
class RequestMemory {
 public:
  struct Outcome {
    std::uint64_t allocation = 0;  // the hash of the request that made it
    Duration granted;
    bool lives = false;  // the allocation, after that
    Instant at;
    /// Why there is none, where that might change: a copy that comes a little later must not make
    /// one that its client knows nothing of.
    std::optional<stun::ErrorCode> refused = {};
    bool operator==(const Outcome&) const = default;
  };

  RequestMemory(std::size_t capacity, Duration lifetime, Random random)
      : capacity_(capacity), lifetime_(lifetime), key_(random.word()) {}

  std::size_t size() const { return count_; }
  /// How many were forgotten before their time.
  std::uint64_t forgotten() const { return forgotten_; }
  /// Names a request of one user from one 5-tuple.
  std::uint64_t hash(const FiveTuple& tuple, const stun::TransactionId& id, UserId user) const;
  /// What became of it; nothing if it is new, or too old for its nonce to count.
  std::optional<Outcome> find(std::uint64_t request, Instant now) const;

  /// `request` must be new (CHECK). Time never decreases from call to call.
  void remember(std::uint64_t request, const Outcome& outcome);

  bool operator==(const RequestMemory&) const = default;

 private:
  struct Key {
    std::uint64_t hash = 0;
    friend std::uint64_t stable_hash(const Key& key) { return key.hash; }
    bool operator==(const Key&) const = default;
  };
  struct Entry {
    Key key;
    Outcome outcome;
    bool operator==(const Entry&) const = default;
  };
  bool is_over(const Outcome& outcome, Instant now) const { return outcome.at + lifetime_ <= now; }
  void forget_oldest();
  void grow();

  std::size_t capacity_;
  Duration lifetime_;
  std::uint64_t key_;
  std::vector<Entry> ring_;  // `count_` of them in the order of time, the oldest at `first_`
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::uint64_t forgotten_ = 0;
  FlatIndex<Key> index_;  // where in the ring
};

}  // namespace tickover::turn
