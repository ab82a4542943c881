#pragma once

#include <string>

#include "sim/scenario/scenario.h"

namespace tickover::sim {

/// The scenario as a file that a person could have written: defaults are left out, and reading it
/// gives the same scenario again.
std::string print(const Scenario& scenario);

}  // namespace tickover::sim
