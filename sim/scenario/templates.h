#pragma once

#include "sim/scenario/problem.h"
#include "sim/scenario/toml_tree.h"

namespace tickover::sim {

/// Gives every table with `like = "NAME"` what `[template.NAME]` says and the table does not: whole
/// keys, behind its own, with the places where they stand in the template, so that problems are
/// told there. Hosts, NATs, links, directions, traffic and faults may be like a template, and a
/// template like another.
///
/// Reports templates that there are not, that are like themselves, that say `name`, or that unfold
/// to more than any scenario needs, and warns of those that nothing is like.
void unfold_templates(TomlNode& root, Problems& problems);

}  // namespace tickover::sim
