#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/search/likelihood.h"
#include "sim/search/run_case.h"
#include "sim/search/spread.h"

namespace tickover::sim {

struct SweepItem {
  std::string path;  // as the user named it
  Scenario scenario;
  /// Instead of `scenario`, where each seed has one of its own.
  std::function<Scenario(std::uint64_t seed)> invent;
  /// What a command line says of it besides: " --driver ticking=1ms".
  std::string options = {};

  Scenario of_seed(std::uint64_t seed) const { return invent ? invent(seed) : scenario; }
};

/// One run of a sweep. What it comes to depends on nothing else.
struct SweepCase {
  std::size_t item = 0;
  std::uint64_t seed = 0;
  auto operator<=>(const SweepCase&) const = default;
};

struct SweepOptions {
  /// Of each item. First come the first seeds of all items, then the second ones, and so on: where
  /// a sweep ends early, each had its share. None: until somebody says stop.
  std::optional<std::uint64_t> seeds = 100;
  std::uint64_t from = 1;
  std::vector<SweepCase> first;     // run before all others, and not again
  std::uint64_t most_failures = 0;  // ends with the n-th that is new in its shape; 0: goes on
  unsigned jobs = 1;
  RunLimits limits;
};

/// One way in which one scenario fails: the lowest seed stands for all of the same shape.
struct Failure {
  Outcome outcome;
  std::uint64_t count = 0;
  std::vector<std::uint64_t> seeds = {};  // the lowest few
};
inline constexpr std::size_t most_failing_seeds = 5;

/// A mark that a scenario demands, and how many of its seeds met it.
struct Demand {
  std::string mark;
  std::uint64_t seeds = 0;
  std::uint64_t met = 0;
};

/// What became of all seeds of one scenario. Independent of how many threads ran it.
struct SweepRow {
  std::string path;
  std::uint64_t seeds = 0;
  std::uint64_t held = 0;
  std::uint64_t failed = 0;
  std::uint64_t distinct = 0;  // different runs, by digest
  std::uint64_t twice = 0;     // runs that were run again, to see whether they are deterministic
  Duration simulated;          // of all runs together
  std::uint64_t datagrams = 0;
  std::uint64_t steps = 0;
  std::uint64_t folded = 0;                         // all digests and seeds, folded without order
  Duration busy;                                    // time the workers spent, on the real clock
  std::map<std::string, std::uint64_t> judgements;  // by oracle
  // Of an item that has one scenario.
  std::vector<std::uint64_t> fault_matches;
  std::vector<std::uint64_t> claim_judgements;
  std::vector<Spread> spreads;                      // of runs that held, beside each bound
  std::map<std::string_view, std::uint64_t> marks;  // how often each situation was met
  std::map<std::string, Failure> failures;          // by shape (failure_shape)
  std::vector<Likelihood>
      likelihoods;              // of the scenario's probabilities, unless its seed is pinned
  std::vector<Demand> demands;  // judged by the same seeds as they are; or by the pinned one
  std::string error;            // why a seed cannot be run at all
  Place error_place;
  std::uint64_t error_seed = 0;  // the lowest such
};

/// Called before each case, on the worker's thread; and after it, unless it was cancelled. Of the
/// cases that were run, `counted` tells those that count: with SweepOptions::most_failures those
/// behind the one that ends the sweep do not. Once `stop` says so, no case is begun any more.
struct SweepHooks {
  std::function<void(unsigned worker, const SweepItem&, std::uint64_t seed)> before;
  std::function<void(unsigned worker)> after;
  std::function<void(const SweepCase&)> counted = {};  // any thread
  std::function<bool()> stop;
  std::function<void(std::uint64_t cases)> more = {};  // so many are still to come
};

/// How many runs the sweep will make: a file with a pinned seed is run once. None if it goes on
/// until somebody says stop. More follow where a probability is undecided then.
std::optional<std::uint64_t> case_count(const std::vector<SweepItem>& items,
                                        const SweepOptions& options);

/// Whether a run that held is run twice: one in 32, by its seed, so that a machine which is not
/// deterministic shows even where nothing else fails.
bool is_run_twice(std::uint64_t seed);

/// Runs every seed of every item on `jobs` threads. Each item's first case, each that fails and
/// some that hold are run twice. With `most_failures` the cases that count are those up to the one
/// that ends it, however many threads there are.
///
/// Where the seeds leave a probability undecided, those that come next are run, until it is decided
/// or its own limit is reached. It is judged by the seeds from `from` on, in their order; those
/// that are only among the `first` say nothing of it, for somebody chose them.
std::vector<SweepRow> sweep(const std::vector<SweepItem>& items, const RoleRegistry& registry,
                            const SweepOptions& options, const SweepHooks& hooks);

}  // namespace tickover::sim
