#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>
#include <vector>

#include "core/ratio.h"
#include "core/time.h"
#include "sim/network/codel.h"
#include "sim/network/weather.h"
#include "sim/scenario/link_spec.h"

namespace tickover::sim {

/// What half of the packets take at most, of rising points.
Duration median_of(const std::vector<LatencyPoint>& points);

/// The drawn conditions of one direction of a link.
struct Conditions {
  Duration latency = std::chrono::milliseconds(10);
  std::vector<LatencyPoint> percentiles;  // instead of `latency`; rising, up to 100 percent
  Duration jitter_low;
  Duration jitter_high;
  Wander wander;
  Ratio loss;
  BurstLoss burst_loss;
  Bursts bursts;
  Flap flap;
  Trace trace;
  Ratio duplicate;
  std::uint32_t copies_low = 1;  // extra ones, of a duplicated packet
  std::uint32_t copies_high = 1;
  Duration spacing_low;
  Duration spacing_high;
  std::uint64_t bandwidth = 0;        // bits per second; 0: without limit, and no queue
  std::uint64_t queue_packets = 100;  // 0: without limit
  std::uint64_t queue_bytes = 0;      // 0: without limit
  Codel codel;
  std::optional<Duration> ecn_above;
  std::uint64_t mtu = 0;  // 0: without limit
  Ratio reorder;
  Duration reorder_low = std::chrono::milliseconds(10);
  Duration reorder_high = std::chrono::milliseconds(100);
  Ratio corrupt;
  Ratio truncate;

  /// What no packet exceeds that is neither reordered nor too many for the queue.
  Duration longest() const;
  /// How many bytes of usual packets the queue has room for.
  std::uint64_t room() const;
  /// What a packet takes that throws no dice: the latency, or the median of the percentiles.
  Duration usual_latency() const;

  bool operator==(const Conditions&) const = default;
};

enum class DropReason : std::uint8_t {
  none,
  partition,      // a partition or a one-way block
  fault,          // a targeted drop
  loss,           // the link's dice
  no_route,       // nobody has that address, or no link leads there
  nat_exhausted,  // the NAT had no port left
  nat_mapping,    // no mapping for the arriving datagram
  nat_filter,     // the NAT's filter refused it
  host_down,      // the host is rebooting or has not started
  no_socket,      // nothing is open on that port
  hop_limit,      // the datagram went round in circles
  send_refused,   // the sender has no such socket, or one of another address family
  link_down,      // a flapping link is down
  burst,          // a burst of loss: of a bad channel, or of a moment in which nothing passes
  trace,          // lost in the recording
  queue_full,     // no room before the bottleneck
  halted,         // the host sleeps, or stands still
  too_big,        // larger than the MTU, and not to be fragmented
  codel,          // it stood too long before the bottleneck
};
inline constexpr DropReason last_drop_reason = DropReason::codel;
std::string_view name_of(DropReason reason);
/// Whether a link took it, by its dice, a partition or a fault: the same to all but its report.
bool is_lost_on_link(DropReason reason);

/// In how many copies one datagram arrives at most.
inline constexpr std::size_t most_fate_copies = 4;

/// What the faults that match one datagram ask for, beside the link's own dice.
struct Orders {
  bool partition = false;
  bool drop = false;
  bool corrupt = false;
  std::optional<std::uint64_t> corrupt_bit;  // none: the dice choose it
  bool refuse = false;                       // the sender's system does not let it go
  bool truncate = false;
  std::optional<std::uint32_t> keep;  // how many bytes; none: the dice choose it
  bool healed = false;  // the link loses, bends, doubles and overtakes nothing any more
  std::uint8_t duplicates = 0;
  // How much later than the first each copy comes. These may be negative, as `delay`: nothing
  // arrives before it is sent.
  Duration duplicate_after[most_fate_copies - 1] = {};
  Duration delay;
};

/// The verdict on one datagram: dropped, or delivered so many times.
struct Fate {
  DropReason dropped = DropReason::none;
  bool corrupted = false;  // one bit, chosen by `corrupt_word`
  std::uint64_t corrupt_word = 0;
  std::uint64_t corrupt_bit = 0;  // which one it is, once the size is known: the world says it
  bool reordered = false;
  bool truncated = false;  // to its first `kept` bytes
  std::uint32_t kept = 0;
  bool congested = false;                 // marked CE, if it is ECN-capable
  std::uint8_t copies = 0;                // 0 if dropped
  Duration delay[most_fate_copies] = {};  // of each copy

  /// Whether what arrives is not what was sent.
  bool is_bent() const { return corrupted || truncated; }
  bool operator==(const Fate&) const = default;
};

/// The packets before the bottleneck of one direction: the only thing on a link that depends on
/// what was sent before.
class LinkQueue {
 public:
  struct Passage {
    Duration wait;   // until its first bit leaves
    Duration total;  // until its last bit has left
    bool is_marked = false;
  };
  /// Takes a packet of so many bytes in, unless there is no room. What waits is what was taken in
  /// and has not left: it counts against the limits up to its last bit. Later CoDel may take it, or
  /// mark it if it is ECN-capable; that is known at once, for what comes behind it changes nothing.
  std::expected<Passage, DropReason> enter(const Conditions& conditions, std::uint64_t bytes,
                                           bool is_ecn_capable, Instant now);

  bool operator==(const LinkQueue&) const = default;

 private:
  struct Waiting {
    Instant leaves;
    std::uint64_t bytes = 0;
    bool operator==(const Waiting&) const = default;
  };
  std::vector<Waiting> waiting_;  // in order of leaving
  CodelState codel_;
};

/// One datagram before a link.
struct Crossing {
  std::uint64_t key = 0;            // seed, link direction and packet identity
  std::uint64_t direction_key = 0;  // seed and link direction
  std::uint64_t link_key = 0;       // seed and link, the same both ways
  Instant now;
  std::uint32_t size = 0;      // of the payload
  std::uint32_t overhead = 0;  // of the headers of IP and UDP
  bool dont_fragment = false;
  bool is_ecn_capable = false;
  LinkQueue* queue = nullptr;  // null: nothing is before it
};

/// The stages in their fixed order (DESIGN, section 5): partition and filters, loss, corruption,
/// duplication, rate and queue, delay, reordering, MTU. Every draw is a function of a key and of
/// its purpose, so no draw moves another; what has memory is a function of time.
Fate decide_fate(const Conditions& conditions, const Orders& orders, const Crossing& crossing);

/// The same for a datagram of no size at the start of the run.
inline Fate decide_fate(const Conditions& conditions, const Orders& orders, std::uint64_t key) {
  return decide_fate(conditions, orders, Crossing{.key = key});
}

}  // namespace tickover::sim
