#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/scenario/value.h"

namespace tickover::sim {

/// What a [[link]] says of its conditions. Ranges are drawn once per run unless a comment says
/// otherwise.

/// So many percent of the packets take at most so long.
struct LatencyPoint {
  std::uint32_t percent = 0;
  Duration latency;
  bool operator==(const LatencyPoint&) const = default;
};

/// A delay that all packets of an instant share. It moves in straight lines between values that are
/// drawn from `by` anew at each `every`.
struct WanderSpec {
  Range<Duration> by;
  Range<Duration> every = Duration(std::chrono::seconds(1));
  bool operator==(const WanderSpec&) const = default;
};

/// Gilbert and Elliott's channel: good for `good` on average, then bad for `bad` on average.
struct BurstLossSpec {
  Range<Duration> good = Duration(std::chrono::seconds(20));
  Range<Duration> bad = Duration(std::chrono::milliseconds(500));
  Range<Ratio> loss_good = Ratio(0, 1);
  Range<Ratio> loss_bad = Ratio(1, 1);
  bool operator==(const BurstLossSpec&) const = default;
};

/// One burst in each period of `every`, somewhere in it, in which nothing passes. `length` is drawn
/// per burst.
struct BurstsSpec {
  Range<Duration> every = Duration(std::chrono::minutes(1));
  Range<Duration> length = Duration(std::chrono::seconds(1));
  bool operator==(const BurstsSpec&) const = default;
};

/// Up for `up`, down for `down`, and so on. A run begins `offset` into the cycle; absent: anywhere.
struct FlapSpec {
  Range<Duration> up = Duration(std::chrono::seconds(30));
  Range<Duration> down = Duration(std::chrono::seconds(1));
  std::optional<Range<Duration>> offset;
  bool operator==(const FlapSpec&) const = default;
};

/// A recording: the latency in each step of time, or nothing where packets were lost. It repeats.
struct TraceSpec {
  Duration step = std::chrono::milliseconds(100);
  std::vector<std::optional<Duration>> values;
  Range<Duration> offset = Duration{};  // where in the recording a run begins
  bool operator==(const TraceSpec&) const = default;
};

/// An active queue before the bandwidth; RFC 8289 names the parameters, and the defaults.
struct CodelSpec {
  Range<Duration> target = Duration(std::chrono::milliseconds(5));
  Range<Duration> interval = Duration(std::chrono::milliseconds(100));
  bool operator==(const CodelSpec&) const = default;
};

/// Each may differ per direction; a missing one is the default of the simplest network.
struct LinkConditions {
  std::optional<Range<Duration>> latency;  // default 10 ms
  std::vector<LatencyPoint> percentiles;   // instead of a latency: drawn per packet
  std::optional<Range<Duration>> jitter;   // per packet, on top, drawn from [low, high]; default 0
  std::optional<WanderSpec> wander;
  std::optional<Range<Ratio>> loss;  // default 0
  std::optional<BurstLossSpec> burst_loss;
  std::optional<BurstsSpec> bursts;
  std::optional<FlapSpec> flap;
  std::optional<TraceSpec> trace;
  std::optional<Range<Ratio>> duplicate;             // default 0
  std::optional<Range<std::int64_t>> copies;         // extra ones of a duplicated packet; default 1
  std::optional<Range<Duration>> copy_spacing;       // per copy, after the one before; default 0
  std::optional<Range<std::int64_t>> bandwidth;      // bits per second; default without limit
  std::optional<Range<std::int64_t>> queue_packets;  // default 100, if no bytes are given
  std::optional<Range<std::int64_t>> queue_bytes;    // default without limit
  std::optional<CodelSpec> codel;                    // default none
  std::optional<Range<Duration>> ecn_above;  // waiting longer, ECN-capable packets are marked
  std::optional<Range<std::int64_t>> mtu;    // bytes of an IP packet; default without limit
  std::optional<Range<Ratio>> reorder;       // default 0
  std::optional<Range<Duration>>
      reorder_delay;  // per reordered packet, on top; default 10ms..100ms
  std::optional<Range<Ratio>>
      corrupt;  // default 0: one bit flipped, and UDP's checksum fails to notice
  std::optional<Range<Ratio>> truncate;  // default 0: cut short, and nobody notices
  bool operator==(const LinkConditions&) const = default;
};

}  // namespace tickover::sim
