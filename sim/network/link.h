#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/ratio.h"
#include "core/time.h"

namespace tickover::sim {

/// The drawn conditions of one direction of a link.
struct Conditions {
  Duration latency = std::chrono::milliseconds(10);
  Duration jitter_low;
  Duration jitter_high;
  Ratio loss;
  Ratio duplicate;
  Ratio reorder;
  Duration reorder_low = std::chrono::milliseconds(10);
  Duration reorder_high = std::chrono::milliseconds(100);
  Ratio corrupt;

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
};
std::string_view name_of(DropReason reason);
/// Whether a link took it, by its dice, a partition or a fault: the same to all but its report.
bool is_lost_on_link(DropReason reason);

/// What the faults that match one datagram ask for, beside the link's own dice.
struct Orders {
  bool partition = false;
  bool drop = false;
  bool corrupt = false;
  std::optional<std::uint64_t> corrupt_bit;  // none: the dice choose it
  bool duplicate = false;
  Duration duplicate_after;  // may be negative, as `delay`: no copy arrives before it is sent
  Duration delay;
};

/// The verdict on one datagram: dropped, or delivered once or twice.
struct Fate {
  DropReason dropped = DropReason::none;
  bool corrupted = false;  // one bit, chosen by `corrupt_word`
  std::uint64_t corrupt_word = 0;
  std::uint64_t corrupt_bit = 0;  // which one it is, once the size is known: the world says it
  bool reordered = false;
  std::uint8_t copies = 0;  // 0 if dropped
  Duration delay[2] = {};   // of each copy

  bool operator==(const Fate&) const = default;
};

/// The stages in their fixed order (DESIGN, section 5): partition and filters, loss, corruption,
/// duplication, delay, reordering. Every draw is a function of `key` (seed, link direction and
/// packet identity) and of its purpose, so no draw moves another.
Fate decide_fate(const Conditions& conditions, const Orders& orders, std::uint64_t key);

}  // namespace tickover::sim
