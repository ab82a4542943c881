#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/role.h"

namespace tickover::sim {

struct ExplainRequest {
  std::string file;
  std::optional<std::uint64_t> seed;  // none: the file's, else 1
  bool json = false;
};

/// `tickover explain`: what a scenario does, in plain words, and which values the seed draws.
/// Returns the exit code: 0, or 2 for a file that cannot be run.
int explain_verb(const ExplainRequest& request, const RoleRegistry& registry);

}  // namespace tickover::sim
