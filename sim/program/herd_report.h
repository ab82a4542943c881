#pragma once

#include <string>
#include <vector>

#include "sim/report/herd.h"
#include "sim/report/json.h"

namespace tickover::sim {

/// How a herd came back, in a few lines.
std::vector<std::string> herd_lines(const Herd& herd, const Plan& plan);

/// `"herds": […]`, if there are any; "fairness" as percent, times in nanoseconds.
void write_herds(JsonWriter& json, const std::vector<Herd>& herds, const Plan& plan);

}  // namespace tickover::sim
