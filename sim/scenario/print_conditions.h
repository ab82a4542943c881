#pragma once

#include "sim/scenario/link_spec.h"
#include "sim/scenario/toml_writer.h"

namespace tickover::sim {

/// Adds what the conditions say, as the reader reads it; presets are written out.
void add_conditions(TomlTable& table, const LinkConditions& conditions);

}  // namespace tickover::sim
