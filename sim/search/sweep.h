#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/search/run_case.h"

namespace tickover::sim {

struct SweepItem {
  std::string path;  // as the user named it
  Scenario scenario;
};

struct SweepOptions {
  std::uint64_t seeds = 100;
  std::uint64_t from = 1;
  unsigned jobs = 1;
  RunLimits limits;
};

/// One way in which one scenario fails: the lowest seed stands for all that broke the same oracle.
struct Failure {
  Outcome outcome;
  std::uint64_t count = 0;
};

/// What became of all seeds of one scenario. Independent of how many threads ran it.
struct SweepRow {
  std::string path;
  std::uint64_t seeds = 0;
  std::uint64_t held = 0;
  std::uint64_t failed = 0;
  std::uint64_t distinct = 0;  // different runs, by digest
  Duration simulated;          // of all runs together
  std::uint64_t datagrams = 0;
  std::uint64_t steps = 0;
  std::uint64_t folded = 0;                         // all digests and seeds, folded without order
  Duration busy;                                    // time the workers spent, on the real clock
  std::map<std::string, std::uint64_t> judgements;  // by oracle
  std::vector<std::uint64_t> fault_matches;
  std::map<std::string_view, std::uint64_t> marks;  // how often each situation was met
  std::map<std::string, Failure> failures;          // by oracle or exit class
  std::string error;                                // why a seed cannot be run at all
  Place error_place;
  std::uint64_t error_seed = 0;  // the lowest such
};

/// Called before each case, on the worker's thread; and after it. Once `stop` says so, no case is
/// begun any more.
struct SweepHooks {
  std::function<void(unsigned worker, const SweepItem&, std::uint64_t seed)> before;
  std::function<void()> after;
  std::function<bool()> stop;
};

/// How many runs the sweep will make: a file with a pinned seed is run once.
std::uint64_t case_count(const std::vector<SweepItem>& items, const SweepOptions& options);

/// Runs every seed of every item on `jobs` threads. The first seed of each item is run twice, so
/// that a machine which is not deterministic shows even where nothing else fails.
std::vector<SweepRow> sweep(const std::vector<SweepItem>& items, const RoleRegistry& registry,
                            const SweepOptions& options, const SweepHooks& hooks);

}  // namespace tickover::sim
