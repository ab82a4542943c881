#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/oracles/nearness.h"
#include "sim/oracles/probability.h"
#include "sim/world/run.h"

namespace tickover::sim {

/// What the program exits with; each is a class of result (DESIGN, section 8).
enum class ExitCode : int {
  held = 0,
  invariant = 1,    // a built-in oracle broke
  usage = 2,        // bad usage or bad file
  expectation = 3,  // something in [expect], or liveness, failed
  nondeterminism = 4,
  budget = 5,  // a step or time budget ran out
  crash = 6,   // the machine under test crashed
};
/// The order in which a sweep reports them: 6, 4, 1, 3, 5, 0.
int gravity(ExitCode code);

using MarkCount = std::pair<std::string_view, std::uint64_t>;

/// What one run came to.
struct Outcome {
  ExitCode exit = ExitCode::held;
  StopReason stop{};
  std::optional<Breach> breach;
  std::uint64_t seed = 0;
  std::uint64_t digest = 0;
  std::uint64_t steps = 0;
  Duration simulated;
  DatagramCounts datagrams;
  std::vector<std::pair<std::string, std::uint64_t>> judgements;  // by oracle
  std::vector<std::uint64_t> fault_matches;                       // of each [[fault]]
  std::vector<std::uint64_t> claim_judgements;                    // of each `within`
  std::vector<Nearness> nearness;                                 // beside the bounds of [expect]
  std::vector<MarkCount> marks;                                   // how often each was met
  std::vector<Trial> trials;            // what it has to say to each probability
  std::vector<std::uint64_t> demanded;  // how often it met each mark that [expect] demands
};

/// Runs a plan under all of its oracles.
Outcome run_case(const std::shared_ptr<const Plan>& plan, const RunLimits& limits = {},
                 const std::vector<Watcher*>& watchers = {});

/// Runs the plan once more, unless it was cancelled or is known to differ. If that comes out
/// otherwise, the outcome turns into non-determinism and its breach says at which step the runs
/// part, and what each of them did there.
void confirm(Outcome& outcome, const std::shared_ptr<const Plan>& plan, const RunLimits& limits);

/// One line: "held", or the oracle and what it says.
std::string summary(const Outcome& outcome);

}  // namespace tickover::sim
