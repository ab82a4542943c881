#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/role.h"
#include "sim/scenario/problem.h"
#include "sim/search/sweep.h"

namespace tickover::sim {

/// What shows only once the scenario is planned for that seed: addresses that clash, a run too
/// short for its heal, sentences in [expect] that say nothing. Empty if it can be run.
std::vector<Problem> plan_problems(const Scenario& scenario, const std::string& path,
                                   std::uint64_t seed, const RoleRegistry& registry);

/// A file that can be run: read, and planned for its own seed or else for a few. Nothing if it
/// cannot; `problems` gets what is wrong, or the warnings of a good file.
/// `faults` are further ones, as a [[fault]] says them; they stand behind the end of the file.
std::optional<Scenario> load_scenario(const std::string& path, const RoleRegistry& registry,
                                      std::vector<Problem>& problems,
                                      const std::vector<std::string>& faults = {});

/// Loads all files. Problems and warnings go to stderr; false if any file has errors.
bool load_scenarios(const std::vector<std::string>& paths, const RoleRegistry& registry,
                    std::vector<SweepItem>& items, const std::vector<std::string>& faults = {});

}  // namespace tickover::sim
