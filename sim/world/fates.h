#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/network/link.h"
#include "sim/network/packet_id.h"

namespace tickover::sim {

/// What befell one datagram on a link.
struct NamedFate {
  PacketId id;
  Fate fate;
  bool operator==(const NamedFate&) const = default;
};

/// The verdicts of a run by the names of its datagrams. A world that is given them does not ask the
/// dice; its directions must be those of the world that they come from.
class Fates {
 public:
  Fates() = default;
  /// Of several fates of one name, the first counts.
  explicit Fates(std::vector<NamedFate> fates);

  /// Null for a datagram that the list does not know.
  const Fate* find(const PacketId& id) const;
  const std::vector<NamedFate>& all() const { return fates_; }
  bool operator==(const Fates&) const = default;

 private:
  std::vector<NamedFate> fates_;  // sorted by name
};

}  // namespace tickover::sim
