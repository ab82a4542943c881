#pragma once

#include <string>

#include "sim/search/run_case.h"

namespace tickover::sim {

/// Writes the scenario of `plan` with everything said that was drawn or given, after running it:
/// the run is the one that came to `outcome`, to the digest. Returns one line on it; `error` says
/// why it could not be written.
std::string write_explicit(const std::string& path, const Plan& plan, const Outcome& outcome,
                           const RoleRegistry& registry, const RunLimits& limits,
                           std::string& error);

}  // namespace tickover::sim
