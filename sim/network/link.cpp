#include "sim/network/link.h"

#include <algorithm>
#include <limits>

#include "core/random.h"

namespace tickover::sim {
namespace {

enum class Purpose : std::uint64_t {
  loss = 1,
  corruption,
  corrupted_bit,
  duplication,
  delay,
  delay_of_copy,
  reordering,
  reordering_of_copy,
  hold,
  hold_of_copy,
  burst_loss,
  truncation,
  kept_bytes,
  copies,
  spacing,
  percentile,
  later_copy,
  // of a link and a time instead of a packet
  channel,
  bursts,
  wander,
};

std::uint64_t word(std::uint64_t key, Purpose purpose) {
  return scramble(mix(key, static_cast<std::uint64_t>(purpose)));
}

bool happens_at(Ratio p, std::uint64_t key, Purpose purpose) {
  return p.numerator() != 0 && happens(word(key, purpose), p);
}

/// Exact: the packet's place among all that could be, and the line between the two points around
/// it. Below the first point nothing is faster than it.
Duration percentile_at(const std::vector<LatencyPoint>& points, std::uint64_t word) {
  constexpr std::uint64_t grid = std::uint64_t{1} << 32;
  const std::uint64_t place = scale_below(word, 100 * grid + 1);
  LatencyPoint below = {0, points.front().latency};
  for (const LatencyPoint& point : points) {
    if (place <= point.percent * grid && point.percent > below.percent) {
      const Int128 rise = (point.latency - below.latency).count();
      const Int128 part =
          rise * (place - below.percent * grid) / ((point.percent - below.percent) * grid);
      return below.latency + Duration::nanoseconds(static_cast<std::int64_t>(part));
    }
    below = point;
  }
  return below.latency;
}

bool is_lost(const Conditions& c, const Crossing& crossing, Fate& fate) {
  if (is_down_at(c.flap, crossing.now)) {
    fate.dropped = DropReason::link_down;
  } else if (happens_at(c.loss, crossing.key, Purpose::loss)) {
    fate.dropped = DropReason::loss;
  } else if (c.bursts.every > Duration{} &&
             is_burst_at(c.bursts, word(crossing.link_key, Purpose::bursts), crossing.now)) {
    fate.dropped = DropReason::burst;
  } else if (c.burst_loss.bad > Duration{}) {
    const std::uint64_t channel = word(crossing.direction_key, Purpose::channel);
    const bool bad = is_bad_at(c.burst_loss, channel, crossing.now);
    const Ratio p = bad ? c.burst_loss.loss_bad : c.burst_loss.loss_good;
    if (happens_at(p, crossing.key, Purpose::burst_loss)) fate.dropped = DropReason::burst;
  }
  if (fate.dropped == DropReason::none && !c.trace.values.empty() &&
      !value_at(c.trace, crossing.now)) {
    fate.dropped = DropReason::trace;
  }
  return fate.dropped != DropReason::none;
}

void bend(const Conditions& c, const Orders& orders, const Crossing& crossing, Fate& fate) {
  const std::uint64_t key = crossing.key;
  const bool dice = !orders.healed;
  if (orders.corrupt || (dice && happens_at(c.corrupt, key, Purpose::corruption))) {
    fate.corrupted = true;
    fate.corrupt_word = word(key, Purpose::corrupted_bit);
  }
  const bool cut = orders.truncate || (dice && happens_at(c.truncate, key, Purpose::truncation));
  if (cut && crossing.size > 0) {
    fate.truncated = true;
    fate.kept =
        static_cast<std::uint32_t>(scale_below(word(key, Purpose::kept_bytes), crossing.size));
    if (orders.keep) fate.kept = std::min(*orders.keep, crossing.size - 1);
  }
}

/// How many copies come, and how long after the first each of them starts.
void double_up(const Conditions& c, const Orders& orders, std::uint64_t key, Fate& fate) {
  std::uint64_t extra = orders.duplicates;
  if (!orders.healed && happens_at(c.duplicate, key, Purpose::duplication)) {
    const std::uint64_t kinds = c.copies_high - c.copies_low + 1;
    extra = std::max(extra, c.copies_low + scale_below(word(key, Purpose::copies), kinds));
  }
  fate.copies = static_cast<std::uint8_t>(1 + std::min<std::uint64_t>(extra, most_fate_copies - 1));
  Duration spaced;
  for (std::uint8_t copy = 1; copy < fate.copies; ++copy) {
    spaced += between(c.spacing_low, c.spacing_high, word(mix(key, copy), Purpose::spacing));
    fate.delay[copy] = spaced;
    if (copy <= orders.duplicates) fate.delay[copy] += orders.duplicate_after[copy - 1];
  }
}

/// The first copy and the second draw under purposes of their own, any other one under its number.
Duration delay_of(const Conditions& c, const Orders& orders, const Crossing& crossing,
                  std::uint8_t copy, bool& reordered) {
  const std::uint64_t key =
      copy < 2 ? crossing.key : word(mix(crossing.key, copy), Purpose::later_copy);
  const bool first = copy == 0;
  Duration delay = c.latency;
  if (!c.trace.values.empty()) {
    delay = value_at(c.trace, crossing.now).value_or(delay);
  } else if (!c.percentiles.empty()) {
    delay = percentile_at(c.percentiles, word(mix(crossing.key, copy), Purpose::percentile));
  }
  if (c.jitter_high > Duration{}) {
    delay += between(c.jitter_low, c.jitter_high,
                     word(key, first ? Purpose::delay : Purpose::delay_of_copy));
  }
  if (c.wander.every > Duration{}) {
    delay += delay_at(c.wander, word(crossing.direction_key, Purpose::wander), crossing.now);
  }
  if (orders.healed) return delay;
  if (happens_at(c.reorder, key, first ? Purpose::reordering : Purpose::reordering_of_copy)) {
    reordered = true;
    delay += between(c.reorder_low, c.reorder_high,
                     word(key, first ? Purpose::hold : Purpose::hold_of_copy));
  }
  return delay;
}

/// A copy for which the queue has no room is not made; without the first there is none at all.
/// Why not even that one is made, or none.
DropReason pass_queue(const Conditions& c, const Crossing& crossing, Fate& fate) {
  const std::uint64_t bytes = (fate.truncated ? fate.kept : crossing.size) + crossing.overhead;
  std::uint8_t made = 0;
  DropReason why = DropReason::none;
  for (std::uint8_t copy = 0; copy < fate.copies; ++copy) {
    const auto passage = crossing.queue->enter(c, bytes, crossing.is_ecn_capable, crossing.now);
    if (!passage) {
      why = passage.error();
      continue;
    }
    const bool waits = c.ecn_above && passage->wait > *c.ecn_above;
    fate.congested = fate.congested || passage->is_marked || (waits && crossing.is_ecn_capable);
    fate.delay[made++] = fate.delay[copy] + passage->total;
  }
  std::fill(fate.delay + made, fate.delay + fate.copies, Duration{});
  fate.copies = made;
  return made > 0 ? DropReason::none : why;
}

Fate lost_to(DropReason reason) {
  Fate fate;
  fate.dropped = reason;
  return fate;
}

constexpr std::uint64_t nanoseconds_per_second = 1'000'000'000;
constexpr std::uint64_t usual_packet = 1'500;

Duration time_to_send(Uint128 bytes, std::uint64_t bandwidth) {
  const Uint128 needed = bytes * 8 * nanoseconds_per_second + bandwidth - 1;
  constexpr Uint128 longest = std::numeric_limits<std::int64_t>::max();
  const Uint128 time = std::min(needed / bandwidth, longest);
  return Duration::nanoseconds(static_cast<std::int64_t>(time));
}

}  // namespace

std::string_view name_of(DropReason reason) {
  constexpr std::string_view names[] = {"delivered",
                                        "partition",
                                        "fault",
                                        "loss",
                                        "no route",
                                        "NAT has no port left",
                                        "no NAT mapping",
                                        "NAT filter",
                                        "host down",
                                        "no socket",
                                        "hop limit",
                                        "send refused",
                                        "link down",
                                        "burst",
                                        "trace",
                                        "queue full",
                                        "host stands still",
                                        "too big",
                                        "CoDel"};
  static_assert(std::size(names) == static_cast<std::size_t>(last_drop_reason) + 1);
  return names[static_cast<std::size_t>(reason)];
}

bool is_lost_on_link(DropReason reason) {
  switch (reason) {
    case DropReason::partition:
    case DropReason::fault:
    case DropReason::loss:
    case DropReason::link_down:
    case DropReason::burst:
    case DropReason::trace:
    case DropReason::queue_full:
    case DropReason::codel:
    case DropReason::too_big:
      return true;
    default:
      return false;
  }
}

Duration Conditions::longest() const {
  Duration longest = percentiles.empty() ? latency : percentiles.back().latency;
  if (!trace.values.empty()) {
    longest = {};
    // What the recording lost takes the latency on a healed link.
    for (const auto& value : trace.values) longest = std::max(longest, value.value_or(latency));
  }
  longest += jitter_high + wander.high;
  if (bandwidth == 0) return longest;
  return longest + time_to_send(Uint128{room()} + usual_packet, bandwidth);
}

std::uint64_t Conditions::room() const {
  constexpr Uint128 most = std::numeric_limits<std::uint64_t>::max();
  const auto of_packets =
      static_cast<std::uint64_t>(std::min(Uint128{queue_packets} * usual_packet, most));
  if (queue_bytes == 0) return of_packets;
  return queue_packets == 0 ? queue_bytes : std::min(of_packets, queue_bytes);
}

Duration Conditions::usual_latency() const {
  return percentiles.empty() ? latency : median_of(percentiles);
}

Duration median_of(const std::vector<LatencyPoint>& points) {
  constexpr std::uint64_t middle = std::uint64_t{1} << 63;
  return percentile_at(points, middle);
}

std::expected<LinkQueue::Passage, DropReason> LinkQueue::enter(const Conditions& conditions,
                                                               std::uint64_t bytes,
                                                               bool is_ecn_capable, Instant now) {
  constexpr auto full = std::unexpected(DropReason::queue_full);
  const auto gone =
      std::ranges::find_if(waiting_, [&](const Waiting& w) { return w.leaves > now; });
  waiting_.erase(waiting_.begin(), gone);
  if (conditions.queue_packets > 0 && waiting_.size() >= conditions.queue_packets) return full;
  std::uint64_t ahead = 0;
  for (const Waiting& w : waiting_) ahead += w.bytes;
  if (conditions.queue_bytes > 0 && ahead + bytes > conditions.queue_bytes) return full;
  const Instant begin = waiting_.empty() ? now : waiting_.back().leaves;
  const bool is_taken = conditions.codel.interval > Duration{} &&
                        codel_.takes(conditions.codel, begin - now, ahead, begin);
  if (is_taken && !is_ecn_capable) {
    waiting_.push_back({begin, bytes});
    return std::unexpected(DropReason::codel);
  }
  const Instant leaves = begin + time_to_send(bytes, conditions.bandwidth);
  waiting_.push_back({leaves, bytes});
  return Passage{begin - now, leaves - now, is_taken};
}

Fate decide_fate(const Conditions& conditions, const Orders& orders, const Crossing& crossing) {
  Fate fate;
  if (orders.partition) return lost_to(DropReason::partition);
  if (orders.drop) return lost_to(DropReason::fault);
  if (!orders.healed && is_lost(conditions, crossing, fate)) return fate;
  bend(conditions, orders, crossing, fate);
  double_up(conditions, orders, crossing.key, fate);
  const bool has_queue = conditions.bandwidth > 0 && crossing.queue != nullptr;
  if (has_queue) {
    const DropReason why = pass_queue(conditions, crossing, fate);
    if (why != DropReason::none) return lost_to(why);
  }
  for (std::uint8_t copy = 0; copy < fate.copies; ++copy) {
    fate.delay[copy] += orders.delay + delay_of(conditions, orders, crossing, copy, fate.reordered);
    fate.delay[copy] = std::max(fate.delay[copy], Duration{});
  }
  const bool too_big = conditions.mtu > 0 && crossing.dont_fragment &&
                       std::uint64_t{crossing.size} + crossing.overhead > conditions.mtu;
  return too_big ? lost_to(DropReason::too_big) : fate;
}

}  // namespace tickover::sim
