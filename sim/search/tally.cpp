#include "sim/search/tally.h"

#include <algorithm>

#include "core/random.h"

namespace tickover::sim {
namespace {

void add_each(std::vector<std::uint64_t>& sums, const std::vector<std::uint64_t>& counts) {
  sums.resize(std::max(sums.size(), counts.size()));
  for (std::size_t i = 0; i < counts.size(); ++i) sums[i] += counts[i];
}

void add_nearness(std::vector<Spread>& spreads, const std::vector<Nearness>& nearness,
                  std::uint64_t seed) {
  spreads.resize(nearness.size());
  for (std::size_t i = 0; i < nearness.size(); ++i) spreads[i].add(nearness[i], seed);
}

}  // namespace

void Tally::add(const FinishedCase& finished) {
  const Outcome& outcome = finished.outcome;
  if (finished.refused) {
    return refuse(finished.refused->what, finished.refused->place, finished.seed);
  }
  ++row.seeds;
  ++(outcome.exit == ExitCode::held ? row.held : row.failed);
  row.twice += finished.is_twice ? 1 : 0;
  row.simulated += outcome.simulated;
  row.datagrams += outcome.datagrams.delivered;
  row.steps += outcome.steps;
  row.folded += scramble(mix(outcome.digest, outcome.seed));
  row.busy += finished.busy;
  digests.push_back(outcome.digest);
  if (!outcome.trials.empty() || !outcome.demanded.empty()) {
    evidence.emplace(outcome.seed, Evidence{outcome.trials, outcome.demanded});
  }
  for (const auto& [oracle, count] : outcome.judgements) row.judgements[oracle] += count;
  for (const auto& [mark, count] : outcome.marks) row.marks[mark] += count;
  add_each(row.fault_matches, outcome.fault_matches);
  add_each(row.claim_judgements, outcome.claim_judgements);
  if (outcome.exit == ExitCode::held) add_nearness(row.spreads, outcome.nearness, outcome.seed);
  if (outcome.exit != ExitCode::held) add_failure(finished.shape, {outcome, 1, {outcome.seed}});
}

void Tally::add_failure(const std::string& shape, const Failure& failure) {
  const auto [at, is_new] = row.failures.try_emplace(shape, failure);
  if (is_new) return;
  Failure& here = at->second;
  here.count += failure.count;
  if (failure.outcome.seed < here.outcome.seed) here.outcome = failure.outcome;
  here.seeds.insert(here.seeds.end(), failure.seeds.begin(), failure.seeds.end());
  std::ranges::sort(here.seeds);
  if (here.seeds.size() > most_failing_seeds) here.seeds.resize(most_failing_seeds);
}

void Tally::merge(const Tally& other) {
  row.seeds += other.row.seeds;
  row.held += other.row.held;
  row.failed += other.row.failed;
  row.twice += other.row.twice;
  row.simulated += other.row.simulated;
  row.datagrams += other.row.datagrams;
  row.steps += other.row.steps;
  row.folded += other.row.folded;
  row.busy += other.row.busy;
  digests.insert(digests.end(), other.digests.begin(), other.digests.end());
  evidence.insert(other.evidence.begin(), other.evidence.end());
  for (const auto& [oracle, count] : other.row.judgements) row.judgements[oracle] += count;
  for (const auto& [mark, count] : other.row.marks) row.marks[mark] += count;
  add_each(row.fault_matches, other.row.fault_matches);
  add_each(row.claim_judgements, other.row.claim_judgements);
  if (row.spreads.size() < other.row.spreads.size()) row.spreads.resize(other.row.spreads.size());
  for (std::size_t i = 0; i < other.row.spreads.size(); ++i)
    row.spreads[i].add(other.row.spreads[i]);
  for (const auto& [shape, failure] : other.row.failures) add_failure(shape, failure);
  if (!other.row.error.empty())
    refuse(other.row.error, other.row.error_place, other.row.error_seed);
}

void Tally::refuse(const std::string& error, Place place, std::uint64_t seed) {
  if (!row.error.empty() && row.error_seed <= seed) return;
  row.error = error;
  row.error_place = place;
  row.error_seed = seed;
}

}  // namespace tickover::sim
