#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "sim/role.h"

namespace tickover::sim {

/// The verb `check`: reads and plans every file, folders with all scenarios below them. One line
/// `FILE: ok` per good file to `out`, problems and warnings to `err`; with `json` everything to
/// `out`. Returns the exit code: 0 if all are good, 2 if not, or if there is nothing to check.
int check_files(const std::vector<std::string>& paths, bool json, std::ostream& out,
                std::ostream& err, const RoleRegistry& registry);

}  // namespace tickover::sim
