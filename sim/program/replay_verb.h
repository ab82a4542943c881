#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/role.h"

namespace tickover::sim {

struct ReplayRequest {
  std::string program;  // as it was invoked, for the replay line
  std::string file;
  bool json = false;
  std::uint64_t steps = 50'000'000;
};

/// `tickover replay`: runs a saved failure again and says whether it reproduces and, if it does not
/// go the same way, which event differs first. Returns the exit code of the run: 0 if all held.
int replay_verb(const ReplayRequest& request, const RoleRegistry& registry);

/// "replay: PROGRAM replay FILE", the last line of an output that saved a failure.
std::string replay_line_of_saved(const std::string& program, const std::string& file,
                                 std::uint64_t steps);

struct ShrinkRequest {
  std::string program;  // as it was invoked, for the replay line
  std::string file;
  std::optional<std::uint64_t> seed;  // none: the file's, else 1
  std::string out = "runs";           // folder for the result
  std::uint64_t runs = 2'000;
  std::uint64_t steps = 50'000'000;
  bool json = false;
};

/// `tickover shrink`: makes a scenario that fails with a seed as small as it can, saves it and says
/// where. Returns the exit code of the failure; 0 if all held.
int shrink_verb(const ShrinkRequest& request, const RoleRegistry& registry);

}  // namespace tickover::sim
