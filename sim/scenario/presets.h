#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/link_spec.h"

namespace tickover::sim {

/// Networks as people meet them: conditions under a name, for `preset = "lte"`. They hold for both
/// directions; where up and down differ in the source, the slower one counts. Each line of the
/// table in presets.cpp says where its numbers are from.
std::vector<std::string> preset_names();

/// Those of a name of the list; nothing special for any other.
LinkConditions preset_conditions(std::string_view name);

}  // namespace tickover::sim
