#pragma once

#include <string>

#include "sim/program/counterexample.h"

namespace tickover::sim {

struct KeepRequest {
  std::string program;  // as it was invoked, for the replay lines
  std::string folder;   // where the files go
  std::string name;     // of the scenario, for their names
  std::string origin;   // "scenarios/fast/x.toml with seed 0x2a"
  std::string replay;   // the line that replays it where nothing can be saved
  RunLimits limits;
  bool may_shrink = true;
  ShrinkLimits shrink_limits = {};
};

/// What was saved of a failure, and the command that replays the smaller of the two.
struct KeptFailure {
  std::string as_found;  // path; empty, with errno, if it could not be written
  std::string shrunk;    // path; empty if there is none
  std::string effort;    // "61 runs of shrinking"
  std::string what;      // how the shrunk one fails
  std::string kind;      // of the shrunk one (failure_kind)
  std::string cause;     // of the shrunk one (cause_of)
  std::string replay;    // "replay: ..."
  ShrinkEnd end = ShrinkEnd::not_a_breach;
  std::uint64_t runs = 0;    // of shrinking
  std::uint64_t faults = 0;  // left in the smaller one
  Duration wall;             // spent on shrinking

  const std::string& smallest() const { return shrunk.empty() ? as_found : shrunk; }
};

/// Where an invented world lies while it is run, so that a crash leaves it behind.
std::string path_of_running(const std::string& folder, const std::string& name, std::uint64_t seed);

/// What shrinkers were trying when their processes were killed lies in the folder still, and may
/// be the only trace of a crash. So it is run to its end, and then removed, with a word on stderr;
/// if it crashes, its own replay line says so.
void run_left_candidates(const std::string& program, const std::string& folder,
                         const RunLimits& limits, const RoleRegistry& registry);

/// Saves a failure as it was found, so that nothing is lost, then makes it small and saves that
/// too. What is tried stands in a file of its own before it is run, and the smallest so far in its
/// place, so that nothing is lost either if the process ends meanwhile; a crash is told with the
/// replay line of what crashed.
KeptFailure keep_failure(const Scenario& scenario, const Outcome& outcome,
                         const KeepRequest& request, const RoleRegistry& registry);

/// One run as a sweep makes it: written down before, run again if it fails, kept. Empty if it held;
/// else what failed, where it was saved, and the replay line. What crashes is left where it was
/// written down. For tests that invent worlds; `origin` and `replay` of the request are filled in.
std::string run_and_keep(const Scenario& scenario, std::uint64_t seed, KeepRequest request,
                         const RoleRegistry& registry);

}  // namespace tickover::sim
