#pragma once

#include <cstdint>

#include "core/time.h"

namespace tickover::sim {

/// What CoDel is told (RFC 8289, section 4.2); without an interval there is none.
struct Codel {
  Duration target;
  Duration interval;

  bool operator==(const Codel&) const = default;
};

/// CoDel at one queue (RFC 8289, section 5): when packets have waited for the target or longer all
/// through an interval, it takes one, and while that lasts more and more: the n-th comes an
/// interval divided by the root of n after the one before.
class CodelState {
 public:
  /// Whether CoDel takes the packet that is at the head of the queue at `now`, having waited so
  /// long. Packets are asked about in the order in which they get there. A queue of no more than
  /// one large packet never stands too long.
  bool takes(const Codel& codel, Duration waited, std::uint64_t bytes_ahead, Instant now);

  bool operator==(const CodelState&) const = default;

 private:
  bool has_stood_too_long(const Codel& codel, Duration waited, std::uint64_t bytes_ahead,
                          Instant now);

  Instant due_ = Instant::never();  // when the wait will have been too long for an interval
  Instant next_;                    // the next to be taken; the clock of the last one until then
  std::uint32_t count_ = 0;         // taken since the wait has been too long
  std::uint32_t last_count_ = 0;    // when that began the last time
  bool is_dropping_ = false;
  bool has_dropped_ = false;  // the packet before, so that `next_` is to move on
};

}  // namespace tickover::sim
