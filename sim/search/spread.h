#pragma once

#include <cstdint>
#include <vector>

#include "sim/oracles/nearness.h"

namespace tickover::sim {

/// What many runs measured beside one bound of [expect].
struct Spread {
  struct Seen {
    std::int64_t value = 0;
    std::uint64_t seed = 0;
    auto operator<=>(const Seen&) const = default;
  };

  Nearness bound;  // as the scenario has it; values are in `seen`
  std::vector<Seen> seen;

  void add(const Nearness& one, std::uint64_t seed);
  /// What others have seen beside the same bound.
  void add(const Spread& other);

  /// Once all runs are in; the rest asks for it.
  void sort();
  /// The lowest value that `per_cent` of all reach or stay below (nearest rank).
  std::int64_t percentile(std::uint64_t per_cent) const;
  /// Of equal ones that of the lowest seed.
  Seen lowest() const;
  Seen highest() const;

  /// Whether the lower bound is the nearer one.
  bool is_near_least() const;
  /// Whether the runs came nearer to this bound, in proportion to it, than to the other one.
  bool is_nearer_than(const Spread& other) const;
};

}  // namespace tickover::sim
