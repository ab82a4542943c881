#pragma once

#include <string>
#include <vector>

#include "sim/search/sweep.h"

namespace tickover::sim {

/// Every *.toml below the given files and folders, each folder's in the order of their paths; files
/// as they are named. What does not exist is kept, so that reading it gives the error.
std::vector<std::string> scenario_files(const std::vector<std::string>& paths);

/// Reads all files. Problems and warnings go to stderr; false if any file has errors.
bool read_scenarios(const std::vector<std::string>& paths, const RoleRegistry& registry,
                    std::vector<SweepItem>& items);

}  // namespace tickover::sim
