#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "sim/role.h"
#include "sim/scenario/problem.h"
#include "sim/scenario/scenario.h"

namespace tickover::sim {

/// The largest file that is read. DESIGN asks for one screen; but a run spelled out, fate by fate,
/// is a file of half a million datagrams before it is as large.
inline constexpr std::size_t most_scenario_bytes = 64 << 20;

/// A scenario that holds together: every name, type and range in it is right, whatever the bytes
/// were. Otherwise all that is wrong with the file, in its order, warnings included; only a file
/// that is not TOML has a single problem. `warnings`, if given, gets those of a good file.
std::expected<Scenario, std::vector<Problem>> read_scenario_text(
    std::string_view text, const std::string& name, const RoleRegistry& registry,
    std::vector<Problem>* warnings = nullptr);

/// The same for a file on disk; `path` is what problems call it.
std::expected<Scenario, std::vector<Problem>> read_scenario_file(
    const std::string& path, const RoleRegistry& registry,
    std::vector<Problem>* warnings = nullptr);

/// The first line of the comment that the text begins with, without its `#`; empty if there is
/// none.
std::string opening_sentence(std::string_view text);

/// The bytes of a regular file no larger than a scenario may be, or why there are none.
std::expected<std::string, std::string> read_small_file(const std::string& path);

}  // namespace tickover::sim
