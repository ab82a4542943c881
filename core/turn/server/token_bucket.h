#pragma once

#include <algorithm>
#include <cstdint>

#include "core/random.h"
#include "core/time.h"

namespace tickover::turn {

/// How much may pass: so much a second, and so much at once after a pause. `burst` is at most
/// 10^10, so that the bucket counts exactly.
struct Rate {
  std::uint64_t per_second = 0;
  std::uint64_t burst = 0;

  bool operator==(const Rate&) const = default;
};

/// Meters one stream of anything that can be counted, in exact integers: over any span of time no
/// more than burst + span * rate passes, and what stays below that always passes. Starts full.
class TokenBucket {
 public:
  /// Whether `amount` may pass now; if not, nothing is charged.
  bool take(std::uint64_t amount, const Rate& rate, Instant now) {
    if (used_ > 0 && now > since_) {
      const Uint128 refilled =
          static_cast<Uint128>(static_cast<std::uint64_t>((now - since_).count())) *
          rate.per_second;
      used_ = refilled >= used_ ? 0 : used_ - static_cast<std::uint64_t>(refilled);
    }
    since_ = now;
    if (amount > rate.burst || used_ > (rate.burst - amount) * unit) return false;
    used_ += amount * unit;
    return true;
  }

  bool operator==(const TokenBucket&) const = default;

 private:
  static constexpr std::uint64_t unit = 1'000'000'000;  // one, refilled at one a nanosecond

  std::uint64_t used_ = 0;  // in billionths
  Instant since_;
};

}  // namespace tickover::turn
