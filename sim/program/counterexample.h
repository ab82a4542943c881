#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/search/failure_shape.h"
#include "sim/search/shrink.h"

namespace tickover::sim {

/// What is said of a failure in the comments of its file.
struct FailureStory {
  std::string origin;  // "scenarios/fast/x.toml with seed 0x2a"
  std::string effort;  // "414 runs of shrinking"; empty if it is as it was found
};

/// Where a failure is saved: a file's name without suffix, "far-relay-P16-2a", that no other
/// failure in the folder has; one that was found in the same place is written over.
std::string failure_file_name(const std::string& folder, const std::string& scenario,
                              const Outcome& outcome, const FailureStory& story);

/// "414 runs of shrinking", and why they were not enough.
std::string effort(const Shrunk& shrunk);

/// What a shrunk failure comes from, without the names of hosts and the numbers of packets, so that
/// failures of one defect have one cause: "after a lost Allocate success", "without any fault".
std::string cause_of(const Scenario& scenario);

/// The same scenario with its seed pinned and `found` filled in from what it came to. What must
/// hold is, of an invariant, the oracle's statement.
Scenario as_found(const Scenario& scenario, const Outcome& outcome);

/// Writes FOLDER/NAME.toml, a scenario that `check`, `run` and `replay` take, with a diagram of
/// what happened in its comments, and beside it NAME.events, by which replay names the first event
/// that differs. Returns the scenario's path; empty, with errno, if it could not be written.
std::string save_failure(const Scenario& found, const FailureStory& story,
                         const std::string& folder, const std::string& name,
                         const RoleRegistry& registry, const RunLimits& limits);

/// A scenario as text that says in its first comments where it was found, and what else
/// `comments` say.
std::string found_text(const Scenario& scenario, const FailureStory& story,
                       const std::string& comments = "");

/// Writes a scenario down; false, with errno, if that fails.
bool write_scenario(const std::string& path, const Scenario& scenario);

/// Where the events of a saved failure are.
std::string events_path(const std::string& scenario_path);

/// How the run of that plan came to break its promise, as a diagram; empty if it broke none.
std::vector<std::string> why_of(const std::shared_ptr<const Plan>& plan, const RunLimits& limits);

}  // namespace tickover::sim
