#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace tickover::sim {

/// The verb `list`: every scenario below the paths with its first sentence, sorted by path; with
/// `json` as a list of objects. Files are not judged: `check` does that. Returns the exit code: 2
/// if a path does not exist or a file cannot be read.
int list_scenarios(const std::vector<std::string>& paths, bool json, std::ostream& out,
                   std::ostream& err);

}  // namespace tickover::sim
