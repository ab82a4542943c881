#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/program/driver_option.h"
#include "sim/role.h"

namespace tickover::sim {

struct RunRequest {
  std::string program;  // as it was invoked, for the replay line
  std::string file;
  std::optional<std::uint64_t> seed;  // none: the file's, else 1
  std::string log;                    // path of the JSON Lines log; empty: none
  std::vector<std::string> faults;    // further ones, as a [[fault]] says them
  std::string fates;                  // path of the same run without dice; empty: none
  std::string explicit_file;          // path of the same run with all that was drawn; empty: none
  bool verbose = false;               // the whole timeline
  bool json = false;
  bool caught = false;  // exit 0 only if the file's `caught-by` caught it
  std::uint64_t steps = 50'000'000;
  DriverChoice driver = {};  // of all hosts but attackers
};

/// `tickover run`: one run, its timeline, verdict and digest on stdout. Returns the exit code.
int run_verb(const RunRequest& request, const RoleRegistry& registry);

}  // namespace tickover::sim
