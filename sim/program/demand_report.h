#pragma once

#include <vector>

#include "sim/program/likelihood_report.h"

namespace tickover::sim {

/// Prints which marks that a scenario demands none of its seeds met (exit 3), unless the answer is
/// JSON; of a sweep of one file also how many seeds met those that are met, unless it is quiet.
std::vector<Undone> judge_demands(const std::vector<SweepRow>& rows,
                                  const std::vector<SweepItem>& items, const SweepRequest& request);

/// A member "demands" of a row's object, if it has any.
void write_demands(const SweepRow& row, JsonWriter& json);

}  // namespace tickover::sim
