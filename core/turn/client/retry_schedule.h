#pragma once

#include <cstdint>

#include "core/random.h"
#include "core/turn/client/config.h"
#include "core/turn/client/timer.h"

namespace tickover::turn::client {

/// When the next attempt to allocate begins, or the Allocate of this one is made again. At most one
/// is planned.
class RetrySchedule {
 public:
  Due due() const { return {at_, Timer::reallocate}; }

  /// A pause that doubles with each failure in a row; its last part is drawn.
  Instant after_failure(const ClientConfig& config, Random& random, Instant now) {
    Duration pause = config.first_pause;
    for (std::uint32_t i = 0; i < failures_ && pause < config.longest_pause; ++i) pause += pause;
    if (pause > config.longest_pause) pause = config.longest_pause;
    if (failures_ < most_counted) ++failures_;
    const Duration least = pause - longest_draw(pause, config);
    return plan(now + least + drawn_below(pause - least, random));
  }
  /// At least `pause`, and up to half of the drawn share more.
  Instant after_pause(Duration pause, const ClientConfig& config, Random& random, Instant now) {
    return plan(now + pause + drawn_below(longest_draw(pause / 2, config), random));
  }
  /// For the Allocate of the attempt under way.
  void again_at(Instant at) { at_ = at; }
  void begin() { at_ = Instant::never(); }
  void succeeded() { failures_ = 0; }

  bool operator==(const RetrySchedule&) const = default;

 private:
  static constexpr std::uint32_t most_counted = 64;

  /// Rounded up to a nanosecond.
  static Duration longest_draw(Duration pause, const ClientConfig& config) {
    const Ratio drawn = config.pause_jitter;
    return pause - pause * Ratio(drawn.denominator() - drawn.numerator(), drawn.denominator());
  }
  /// In [1 ns, limit], so that a planned instant is always later than now; nothing of nothing.
  static Duration drawn_below(Duration limit, Random& random) {
    if (limit <= Duration{}) return {};
    const auto bound = static_cast<std::uint64_t>(limit.count());
    return Duration::nanoseconds(1 + static_cast<std::int64_t>(random.below(bound)));
  }
  Instant plan(Instant at) {
    at_ = at;
    return at;
  }

  Instant at_ = Instant::never();
  std::uint32_t failures_ = 0;
};

}  // namespace tickover::turn::client
