#pragma once

#include <string>

#include "sim/search/spell_out.h"

namespace tickover::sim {

/// Writes the run of `plan` that came to `outcome` as a scenario in which nothing is left to dice:
/// what befell single datagrams stands there as faults that name them. Returns what there is to
/// say of it, in one line; `error` says why it could not be written.
std::string write_fates(const std::string& path, const Plan& plan, const Outcome& outcome,
                        Fates fates, const RoleRegistry& registry, const RunLimits& limits,
                        std::string& error);

}  // namespace tickover::sim
