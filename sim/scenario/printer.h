#pragma once

#include <string>

#include "sim/scenario/scenario.h"

namespace tickover::sim {

/// The scenario as a file that a person could have written: defaults are left out, and reading it
/// gives the same scenario again.
std::string print(const Scenario& scenario);

/// The keys of one [[fault]], a line each: `drop = { from = "alice", … }`.
std::string fault_text(const FaultSpec& fault);

}  // namespace tickover::sim
