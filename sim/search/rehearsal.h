#pragma once

#include <expected>
#include <string>
#include <vector>

#include "sim/search/run_case.h"

namespace tickover::sim {

/// Transactions of one host, one after the other, as they go if nothing is lost.
struct Rehearsed {
  HostIndex host = no_index;
  std::vector<std::string> words;         // what their requests are called: "Allocate request"
  std::vector<std::string> transactions;  // "Allocate request 1"
  Notice::Kind goal_kind{};
  std::string goal;  // the first thing that the host tells once the last is answered
  Duration length;   // from the first request to that
};

/// Whether a datagram of that kind is meant by a word such as "Refresh" or "Refresh request".
bool is_kind_of(std::string_view kind, std::string_view word);

/// Runs the plan, which must be one without losses, to find these transactions; without `words`,
/// the first three that are answered. A sentence where they cannot be walked.
std::expected<Rehearsed, std::string> rehearse(const std::shared_ptr<const Plan>& plan,
                                               const std::vector<std::string>& words,
                                               const RunLimits& limits);

}  // namespace tickover::sim
