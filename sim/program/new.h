#pragma once

#include <ostream>
#include <string>
#include <string_view>

namespace tickover::sim {

/// The verb `new`: writes NAME.toml (NAME itself if it ends so), a commented scenario that passes
/// `check` and runs as it is. Never overwrites. Says the path to
/// `out`, with `json` as an object. Returns the exit code: 2 if no file was written.
int new_scenario(const std::string& name, std::ostream& out, std::ostream& err, bool json = false);

/// What `new` writes.
std::string_view new_scenario_text();

}  // namespace tickover::sim
