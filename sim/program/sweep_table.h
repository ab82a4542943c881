#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/search/sweep.h"

namespace tickover::sim {

/// What the summary calls each scenario: its file's name without folder and suffix, or the whole
/// path where two files share that name.
std::vector<std::string> row_names(const std::vector<SweepRow>& rows);

/// The summary: one line per scenario, and one for all. `names` are those of row_names.
void print_sweep_table(const std::vector<SweepRow>& rows, const std::vector<std::string>& names);

/// "1,234,567".
std::string count_text(std::uint64_t n);
/// "12.34": seconds of the real clock.
std::string hundredths_text(Duration duration);

}  // namespace tickover::sim
