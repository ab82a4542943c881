#include <algorithm>
#include <atomic>
#include <thread>

#include "sim/search/single_faults.h"
#include "sim/search/tidings.h"

namespace tickover::sim {

bool FaultPairs::is_more(const FaultPair& pair) const {
  const FaultCell& one = first(pair);
  const FaultCell& other = second(pair);
  const FaultEffect& both = pair.effect;
  // What breaks alone tells nothing of what would have come later.
  const bool is_broken = one.exit != ExitCode::held || other.exit != ExitCode::held;
  if (is_broken) return gravity(both.exit) > std::max(gravity(one.exit), gravity(other.exit));
  return gravity(both.exit) > std::max(gravity(one.exit), gravity(other.exit)) ||
         both.missing > one.missing + other.missing ||
         both.recovery > one.recovery + other.recovery;
}

FaultPairs run_fault_pairs(const Scenario& scenario, std::uint64_t seed,
                           const RoleRegistry& registry, const FaultOptions& options) {
  FaultPairs result;
  result.matrix = run_single_faults(scenario, seed, registry, options);
  const std::vector<FaultRow>& rows = result.matrix.rows;
  const auto has = [&](std::size_t row, std::size_t fault) {
    return rows[row].cells[fault].fault.has_value();
  };
  for (std::size_t second = 0; second < rows.size(); ++second) {
    for (std::size_t first = 0; first < second; ++first) {
      for (std::size_t f = 0; f < single_faults * single_faults; ++f) {
        const FaultPair pair{first, f / single_faults, second, f % single_faults, {}};
        if (!has(first, pair.first_fault) || !has(second, pair.second_fault)) continue;
        if (result.pairs.size() < options.most_pairs) {
          result.pairs.push_back(pair);
        } else {
          ++result.left_out;
        }
      }
    }
  }
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t p = next++; p < result.pairs.size(); p = next++) {
      FaultPair& pair = result.pairs[p];
      const std::vector<FaultSpec> faults = {*result.first(pair).fault, *result.second(pair).fault};
      if (options.before) options.before(faults);
      pair.effect =
          effect_of(scenario, faults, seed, registry, *result.matrix.tidings, options.limits);
    }
  };
  std::vector<std::thread> workers;
  for (unsigned w = 1; w < options.jobs; ++w) workers.emplace_back(work);
  work();
  for (std::thread& worker : workers) worker.join();
  result.matrix.runs += result.pairs.size();
  return result;
}

}  // namespace tickover::sim
