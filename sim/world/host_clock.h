#pragma once

#include <cstdint>

#include "core/time.h"

namespace tickover::sim {

/// The two clocks of a host as functions of simulated time. Exact: no rounding accumulates.
class HostClock {
 public:
  HostClock() = default;
  HostClock(Duration offset, std::int64_t drift_ppm, Duration wall_offset)
      : offset_(offset), drift_ppm_(drift_ppm), wall_offset_(wall_offset) {}

  /// What the monotonic clock reads at simulated time `t`.
  Instant read(Instant t) const {
    if (drift_ppm_ == 0) return Instant::at(t.since_origin() + offset_);
    const Int128 ns = t.since_origin().count();
    const Int128 scaled = ns * (1'000'000 + drift_ppm_);
    return Instant::at(Duration::nanoseconds(static_cast<std::int64_t>(scaled / 1'000'000)) +
                       offset_);
  }

  /// The first simulated time at which the monotonic clock has reached `reading`.
  Instant when(Instant reading) const {
    if (reading == Instant::never()) return Instant::never();
    const Duration elapsed = reading.since_origin() - offset_;
    if (drift_ppm_ == 0 || elapsed <= Duration{}) return Instant::at(elapsed);
    const Int128 rate = 1'000'000 + drift_ppm_;
    const Int128 needed = static_cast<Int128>(elapsed.count()) * 1'000'000;
    const Int128 rounded_up = (needed + rate - 1) / rate;
    if (rounded_up > Duration::max().count()) return Instant::never();
    return Instant::at(Duration::nanoseconds(static_cast<std::int64_t>(rounded_up)));
  }

  /// What the wall clock reads at simulated time `t`; the run starts at `epoch`.
  WallTime read_wall(Instant t) const {
    return WallTime::at(epoch + t.since_origin() + wall_offset_);
  }
  /// The same clock with another origin: it reads `by` more at every instant.
  HostClock shifted(Duration by) const { return {offset_ + by, drift_ppm_, wall_offset_}; }
  /// Reads `reading` at `now`, and goes on from there: it stood still meanwhile.
  void resume(Instant now, Instant reading) { offset_ += reading - read(now); }
  void jump_wall(Duration by) { wall_offset_ += by; }

  /// 2026-01-01T00:00:00Z, where every simulated wall clock without an offset starts.
  static constexpr Duration epoch = std::chrono::seconds(1'767'225'600);

  bool operator==(const HostClock&) const = default;

 private:
  Duration offset_;
  std::int64_t drift_ppm_ = 0;  // within (-1'000'000, 1'000'000)
  Duration wall_offset_;
};

}  // namespace tickover::sim
