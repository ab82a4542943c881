#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/time.h"
#include "sim/program/driver_option.h"
#include "sim/role.h"

namespace tickover::sim {

struct SweepRequest {
  std::string program;                 // as it was invoked, for the replay line
  std::vector<std::string> paths;      // files and folders
  bool swarm = false;                  // worlds invented from seeds, besides
  std::optional<std::uint64_t> seeds;  // for each scenario; none: 100, or as many as there is time
  std::uint64_t from = 1;
  std::optional<Duration> time;  // on the real clock, until no case is begun any more
  std::uint64_t failures = 0;    // the most distinct ones; 0: all
  unsigned jobs = 0;             // 0: all cores
  std::string out = "runs";      // notes on running cases, saved failures, seeds that failed
  std::uint64_t shrinks = 10;    // the most distinct failures to make small
  bool quiet = false;            // nothing but failures
  bool json = false;
  std::uint64_t steps = 50'000'000;
  DriverChoice driver = {};  // of all hosts but attackers
};

/// `tickover sweep`: many seeds over many files on all cores; a progress bar on a terminal, a table
/// at the end, every distinct failure confirmed and saved. Returns the exit code.
int sweep_verb(const SweepRequest& request, const RoleRegistry& registry);

}  // namespace tickover::sim
