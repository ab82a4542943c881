#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/time.h"
#include "sim/role.h"

namespace tickover::sim {

struct ExhaustRequest {
  std::string program;  // as it was invoked, for the replay line
  std::string file;
  std::optional<std::uint64_t> seed;      // none: the file's, else 1
  std::vector<std::string> transactions;  // "Allocate"; empty: the first three
  std::optional<std::uint64_t> losses;    // the most in one history
  std::optional<Duration> within;         // the bound; none: as the policies say
  std::string out = "runs";               // folder for a failing history
  unsigned jobs = 0;                      // 0: all cores
  bool json = false;
};

/// `tickover exhaust`: every loss history of a few transactions in a row. Prints a certificate, or
/// saves the failing history with the fewest losses as a scenario. Returns the exit code.
int exhaust_verb(const ExhaustRequest& request, const RoleRegistry& registry);

}  // namespace tickover::sim
