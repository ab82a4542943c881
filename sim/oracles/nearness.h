#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/oracles/oracle.h"
#include "sim/scenario/scenario.h"

namespace tickover::sim {

/// What one run measured beside a bound of [expect].
struct Nearness {
  ExpectPart part{};  // within, budget or count
  Sentence sentence;
  // Nanoseconds of `within`, or how many times. At least one is there.
  std::optional<std::int64_t> least;
  std::optional<std::int64_t> most;
  /// Of `within`, how long it took each time that it was kept, until it held for good or had
  /// happened; not of what somebody hears, which is only looked at when its time is over. Of a
  /// budget, the highest account. Of a count, all.
  std::vector<std::int64_t> values = {};
};

}  // namespace tickover::sim
