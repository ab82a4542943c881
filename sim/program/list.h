#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "sim/role.h"

namespace tickover::sim {

/// The verb `list`: every scenario below the paths with its length, its hosts and its first
/// sentence, sorted by path; with `json` as a list of objects, which also say roles, faults and
/// tags. Files are not judged: `check` does that, and a bad one is listed with its sentence alone.
/// Returns the exit code: 2 if a path does not exist or a file cannot be read.
int list_scenarios(const std::vector<std::string>& paths, bool json, std::ostream& out,
                   std::ostream& err, const RoleRegistry& registry);

}  // namespace tickover::sim
