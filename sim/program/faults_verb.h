#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/role.h"

namespace tickover::sim {

struct FaultsRequest {
  std::string program;  // as it was invoked, for the commands
  std::string file;
  std::optional<std::uint64_t> seed;  // none: the file's, else 1
  std::string message;                // only datagrams of this kind; empty: all
  std::uint64_t rows = 200;           // the most datagrams
  unsigned jobs = 0;                  // 0: all cores
  bool json = false;
};

/// `tickover faults`: one run for each datagram of a scenario and each thing that can befall it;
/// the matrix of outcomes and recovery times, and the command for a cell. Returns the exit code of
/// the gravest cell, bent datagrams apart: UDP promises that there are none.
int faults_verb(const FaultsRequest& request, const RoleRegistry& registry);

}  // namespace tickover::sim
