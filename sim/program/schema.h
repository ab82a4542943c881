#pragma once

#include <string>

#include "sim/role.h"
#include "sim/scenario/value.h"

namespace tickover::sim {

/// The scenario format as a JSON Schema (draft 07, which editors of TOML read), from the tables
/// that the reader uses and the keys of the registered roles. One line.
std::string scenario_schema(const RoleRegistry& registry);

/// The same as a reference in Markdown: a section for each table, a row for each key.
std::string scenario_reference(const RoleRegistry& registry);

/// What the value of a key may be, in a few words: "duration or range, at least 1ns".
std::string value_words(const KeySpec& key);

/// `tickover schema`: prints one of the two.
int schema_verb(bool markdown, const RoleRegistry& registry);

}  // namespace tickover::sim
