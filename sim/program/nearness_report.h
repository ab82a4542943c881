#pragma once

#include <vector>

#include "sim/report/json.h"
#include "sim/search/sweep.h"

namespace tickover::sim {

/// Prints how near the runs that held came to the bounds of [expect]: of all bounds those that
/// were nearest to being broken and differ by seed, with the one that came nearest. A bound far off
/// says little, and one that is nearly met breaks some day by chance.
void tell_nearness(const std::vector<SweepRow>& rows);

/// A member "bounds" of a row's object, if it has any: all of them, times in nanoseconds.
void write_nearness(const SweepRow& row, JsonWriter& json);

}  // namespace tickover::sim
