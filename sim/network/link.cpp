#include "sim/network/link.h"

#include <algorithm>

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
};

std::uint64_t word(std::uint64_t key, Purpose purpose) {
  return scramble(mix(key, static_cast<std::uint64_t>(purpose)));
}

Duration between(Duration low, Duration high, std::uint64_t word) {
  const auto span = static_cast<std::uint64_t>((high - low).count()) + 1;
  return low + Duration::nanoseconds(static_cast<std::int64_t>(scale_below(word, span)));
}

bool happens_at(Ratio p, std::uint64_t key, Purpose purpose) {
  return p.numerator() != 0 && happens(word(key, purpose), p);
}

Duration delay_of(const Conditions& c, std::uint64_t key, bool copy, bool& reordered) {
  Duration delay = c.latency;
  if (c.jitter_high > Duration{}) {
    delay += between(c.jitter_low, c.jitter_high,
                     word(key, copy ? Purpose::delay_of_copy : Purpose::delay));
  }
  if (happens_at(c.reorder, key, copy ? Purpose::reordering_of_copy : Purpose::reordering)) {
    reordered = true;
    delay += between(c.reorder_low, c.reorder_high,
                     word(key, copy ? Purpose::hold_of_copy : Purpose::hold));
  }
  return delay;
}

}  // namespace

std::string_view name_of(DropReason reason) {
  switch (reason) {
    case DropReason::none:
      return "delivered";
    case DropReason::partition:
      return "partition";
    case DropReason::fault:
      return "fault";
    case DropReason::loss:
      return "loss";
    case DropReason::no_route:
      return "no route";
    case DropReason::nat_exhausted:
      return "NAT has no port left";
    case DropReason::nat_mapping:
      return "no NAT mapping";
    case DropReason::nat_filter:
      return "NAT filter";
    case DropReason::host_down:
      return "host down";
    case DropReason::no_socket:
      return "no socket";
    case DropReason::hop_limit:
      return "hop limit";
    case DropReason::send_refused:
      return "send refused";
  }
  return "?";
}

bool is_lost_on_link(DropReason reason) {
  return reason == DropReason::partition || reason == DropReason::fault ||
         reason == DropReason::loss;
}

Fate decide_fate(const Conditions& conditions, const Orders& orders, std::uint64_t key) {
  Fate fate;
  if (orders.partition) {
    fate.dropped = DropReason::partition;
    return fate;
  }
  if (orders.drop) {
    fate.dropped = DropReason::fault;
    return fate;
  }
  if (happens_at(conditions.loss, key, Purpose::loss)) {
    fate.dropped = DropReason::loss;
    return fate;
  }
  if (orders.corrupt || happens_at(conditions.corrupt, key, Purpose::corruption)) {
    fate.corrupted = true;
    fate.corrupt_word = word(key, Purpose::corrupted_bit);
  }
  fate.copies = 1;
  const auto late = [](Duration delay) { return std::max(delay, Duration{}); };
  fate.delay[0] = late(delay_of(conditions, key, false, fate.reordered) + orders.delay);
  if (orders.duplicate || happens_at(conditions.duplicate, key, Purpose::duplication)) {
    fate.copies = 2;
    fate.delay[1] = late(delay_of(conditions, key, true, fate.reordered) + orders.delay +
                         (orders.duplicate ? orders.duplicate_after : Duration{}));
  }
  return fate;
}

}  // namespace tickover::sim
