#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/role.h"

namespace tickover::sim {

struct FaultsRequest {
  std::string program;  // as it was invoked, for the commands
  std::string file;
  std::optional<std::uint64_t> seed;   // none: the file's, else 1
  std::string message;                 // only datagrams of this kind; empty: all
  std::vector<std::string> kinds;      // of faults; empty: all, of pairs the first three
  std::optional<std::uint64_t> rows;   // the most datagrams; none: 200, of pairs 30
  bool pairs = false;                  // any two things at once, too
  std::optional<std::uint64_t> cells;  // the most pairs
  unsigned jobs = 0;                   // 0: all cores
  bool json = false;
};

/// `tickover faults`: one run for each datagram of a scenario and each thing that can befall it;
/// the matrix of outcomes and recovery times, and the command for a cell; with `pairs` for each two
/// of them, and those that do more than either alone. Returns the exit code of the gravest cell,
/// bent datagrams apart: UDP promises that there are none.
int faults_verb(const FaultsRequest& request, const RoleRegistry& registry);

}  // namespace tickover::sim
