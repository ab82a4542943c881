#pragma once

#include <string>
#include <vector>

#include "sim/world/plan.h"

namespace tickover::sim {

/// One part of what a scenario does, in plain words.
struct Chapter {
  std::string title;               // "Hosts"
  std::vector<std::string> lines;  // one sentence each
};

/// What the plan's scenario does and, behind each value that its seed drew, the range: hosts, NATs,
/// links, traffic, faults in order, and what must hold. The same plan, the same words.
std::vector<Chapter> explain(const Plan& plan);

}  // namespace tickover::sim
