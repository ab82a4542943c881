#pragma once

#include <string>
#include <vector>

namespace tickover::sim {

/// Every *.toml below the given files and folders: each folder's in the order of their paths, files
/// as they are named. What does not exist is kept, so that reading it gives the error. Links to
/// folders are not followed.
std::vector<std::string> find_scenarios(const std::vector<std::string>& paths);

}  // namespace tickover::sim
