#include "sim/network/codel.h"

#include "core/random.h"

namespace tickover::sim {
namespace {

constexpr std::uint64_t largest_packet = 1'500;
/// Within so many intervals after the last time, CoDel goes on nearly where it was.
constexpr std::int64_t remembered_intervals = 16;

/// The largest integer whose square is not above `square`.
std::uint64_t root(Uint128 square) {
  Uint128 low = 0;
  Uint128 high = Uint128{1} << 63;
  while (low < high) {
    const Uint128 middle = (low + high + 1) / 2;
    if (middle <= square / middle) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return static_cast<std::uint64_t>(low);
}

/// The interval divided by the root of `count`, to the nanosecond below.
Duration pause(const Codel& codel, std::uint32_t count) {
  const auto interval = static_cast<Uint128>(codel.interval.count());
  return Duration::nanoseconds(static_cast<std::int64_t>(root(interval * interval / count)));
}

}  // namespace

bool CodelState::has_stood_too_long(const Codel& codel, Duration waited, std::uint64_t bytes_ahead,
                                    Instant now) {
  if (waited < codel.target || bytes_ahead <= largest_packet) {
    due_ = Instant::never();
    return false;
  }
  if (due_ == Instant::never()) {
    due_ = now + codel.interval;
    return false;
  }
  return now >= due_;
}

bool CodelState::takes(const Codel& codel, Duration waited, std::uint64_t bytes_ahead,
                       Instant now) {
  const bool is_too_long = has_stood_too_long(codel, waited, bytes_ahead, now);
  const bool had_dropped = has_dropped_;
  has_dropped_ = false;
  if (!is_too_long) {
    is_dropping_ = false;
    return false;
  }
  if (is_dropping_) {
    if (had_dropped) next_ = next_ + pause(codel, count_);
    if (now < next_) return false;
    ++count_;
    has_dropped_ = true;
    return true;
  }
  is_dropping_ = true;
  const std::uint32_t since = count_ - last_count_;
  const bool is_soon = now < next_ + codel.interval * remembered_intervals;
  count_ = since > 1 && is_soon ? since : 1;
  last_count_ = count_;
  next_ = now + pause(codel, count_);
  return true;
}

}  // namespace tickover::sim
