#include "sim/search/sweep.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>

#include "core/random.h"

namespace tickover::sim {
namespace {

/// What one worker found out about one scenario. Merging is commutative, so that the order in
/// which workers finish never shows.
struct Tally {
  SweepRow row;
  std::vector<std::uint64_t> digests;

  void add(const Outcome& outcome, Duration busy) {
    ++row.seeds;
    ++(outcome.exit == ExitCode::held ? row.held : row.failed);
    row.simulated += outcome.simulated;
    row.datagrams += outcome.datagrams.delivered;
    row.steps += outcome.steps;
    row.folded += scramble(mix(outcome.digest, outcome.seed));
    row.busy += busy;
    digests.push_back(outcome.digest);
    for (const auto& [oracle, count] : outcome.judgements) row.judgements[oracle] += count;
    for (const auto& [mark, count] : outcome.marks) row.marks[mark] += count;
    row.fault_matches.resize(std::max(row.fault_matches.size(), outcome.fault_matches.size()));
    for (std::size_t i = 0; i < outcome.fault_matches.size(); ++i) {
      row.fault_matches[i] += outcome.fault_matches[i];
    }
    if (outcome.exit != ExitCode::held) add_failure({outcome, 1});
  }

  void add_failure(const Failure& failure) {
    const Outcome& outcome = failure.outcome;
    const std::string name =
        outcome.breach ? outcome.breach->oracle : std::string(name_of(outcome.stop));
    const auto [at, is_new] = row.failures.try_emplace(name, failure);
    if (is_new) return;
    const std::uint64_t count = at->second.count + failure.count;
    if (outcome.seed < at->second.outcome.seed) at->second = failure;
    at->second.count = count;
  }

  void merge(const Tally& other) {
    row.seeds += other.row.seeds;
    row.held += other.row.held;
    row.failed += other.row.failed;
    row.simulated += other.row.simulated;
    row.datagrams += other.row.datagrams;
    row.steps += other.row.steps;
    row.folded += other.row.folded;
    row.busy += other.row.busy;
    digests.insert(digests.end(), other.digests.begin(), other.digests.end());
    for (const auto& [oracle, count] : other.row.judgements) row.judgements[oracle] += count;
    for (const auto& [mark, count] : other.row.marks) row.marks[mark] += count;
    row.fault_matches.resize(std::max(row.fault_matches.size(), other.row.fault_matches.size()));
    for (std::size_t i = 0; i < other.row.fault_matches.size(); ++i) {
      row.fault_matches[i] += other.row.fault_matches[i];
    }
    for (const auto& [name, failure] : other.row.failures) add_failure(failure);
    if (!other.row.error.empty())
      refuse(other.row.error, other.row.error_place, other.row.error_seed);
  }

  void refuse(const std::string& error, Place place, std::uint64_t seed) {
    if (!row.error.empty() && row.error_seed <= seed) return;
    row.error = error;
    row.error_place = place;
    row.error_seed = seed;
  }
};

Duration since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() -
                                                              start);
}

std::uint64_t seeds_of(const SweepItem& item, const SweepOptions& options) {
  return item.scenario.seed ? 1 : options.seeds;
}

}  // namespace

std::uint64_t case_count(const std::vector<SweepItem>& items, const SweepOptions& options) {
  std::uint64_t count = 0;
  for (const SweepItem& item : items) count += seeds_of(item, options);
  return count;
}

std::vector<SweepRow> sweep(const std::vector<SweepItem>& items, const RoleRegistry& registry,
                            const SweepOptions& options, const SweepHooks& hooks) {
  const std::uint64_t cases = case_count(items, options);
  std::vector<std::uint64_t> first_case;  // of each item
  std::uint64_t before = 0;
  for (const SweepItem& item : items) {
    first_case.push_back(before);
    before += seeds_of(item, options);
  }

  std::atomic<std::uint64_t> next{0};
  std::vector<Tally> totals(items.size());
  std::mutex merging;
  const auto work = [&](unsigned worker) {
    std::vector<Tally> tallies(items.size());
    for (std::uint64_t c = next++; c < cases; c = next++) {
      if (hooks.stop && hooks.stop()) break;
      const auto at = std::ranges::upper_bound(first_case, c) - 1;
      const auto index = static_cast<std::size_t>(at - first_case.begin());
      const SweepItem& item = items[index];
      const std::uint64_t seed = item.scenario.seed.value_or(options.from + (c - *at));
      Tally& tally = tallies[index];
      if (hooks.before) hooks.before(worker, item, seed);
      const auto start = std::chrono::steady_clock::now();
      const auto plan = make_plan(item.scenario, seed, registry);
      if (plan) {
        Outcome outcome = run_case(*plan, options.limits);
        if (c == *at) confirm(outcome, *plan, options.limits);
        tally.add(outcome, since(start));
      } else {
        tally.refuse(plan.error().what, plan.error().place, seed);
      }
      if (hooks.after) hooks.after();
    }
    const std::lock_guard lock(merging);
    for (std::size_t i = 0; i < items.size(); ++i) totals[i].merge(tallies[i]);
  };
  std::vector<std::thread> workers;
  for (unsigned w = 1; w < std::max(1u, options.jobs); ++w) workers.emplace_back(work, w);
  work(0);
  for (std::thread& worker : workers) worker.join();

  std::vector<SweepRow> rows;
  for (std::size_t i = 0; i < items.size(); ++i) {
    Tally& total = totals[i];
    total.row.path = items[i].path;
    std::ranges::sort(total.digests);
    const auto repeated = std::ranges::unique(total.digests);
    total.row.distinct = total.digests.size() - repeated.size();
    rows.push_back(std::move(total.row));
  }
  return rows;
}

}  // namespace tickover::sim
