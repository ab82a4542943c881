#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/ratio.h"
#include "core/time.h"

namespace tickover::sim {

/// What changes on a link with time. All of it is a function of (key, instant), never of what was
/// sent before (DESIGN, section 5), so it can be asked in any order and as often as one likes. A
/// key is of the seed, the link and the purpose. Default values mean that there is no such thing.

/// A delay that moves in straight lines between values drawn at each multiple of `every`.
struct Wander {
  Duration low;
  Duration high;
  Duration every;
  bool operator==(const Wander&) const = default;
};
Duration delay_at(const Wander& wander, std::uint64_t key, Instant now);

/// The channel of Gilbert and Elliott: two states in alternation, whose lengths are geometric with
/// the means `good` and `bad`.
struct BurstLoss {
  Duration good;
  Duration bad;
  Ratio loss_good;
  Ratio loss_bad;
  bool operator==(const BurstLoss&) const = default;
};
bool is_bad_at(const BurstLoss& channel, std::uint64_t key, Instant now);

/// One burst in each period, of a length drawn from [low, high], that ends within the period.
struct Bursts {
  Duration every;
  Duration low;
  Duration high;
  bool operator==(const Bursts&) const = default;
};
bool is_burst_at(const Bursts& bursts, std::uint64_t key, Instant now);

/// Up for `up`, then down for `down`, and again; a run begins `offset` into that.
struct Flap {
  Duration up;
  Duration down;
  Duration offset;
  bool operator==(const Flap&) const = default;
};
bool is_down_at(const Flap& flap, Instant now);

/// A recorded latency for each step of time; nothing where packets were lost.
struct Trace {
  Duration step;
  std::vector<std::optional<Duration>> values;
  Duration offset;
  bool operator==(const Trace&) const = default;
};
/// Of a trace that has values.
const std::optional<Duration>& value_at(const Trace& trace, Instant now);

/// Every nanosecond of [low, high] can come, for a uniform word.
Duration between(Duration low, Duration high, std::uint64_t word);

}  // namespace tickover::sim
