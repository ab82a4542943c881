// What whole runs, seeds and copies of worlds cost.
#include <benchmark/benchmark.h>

#include <chrono>

#include "core/check.h"
#include "properties/benchmarks/worlds.h"
#include "sim/world/run.h"

namespace tickover::sim {
namespace {

using std::chrono::seconds;

void whole_run(benchmark::State& state, const Scenario& scenario) {
  const auto plan = planned(scenario);
  std::uint64_t delivered = 0;
  for (auto _ : state) {
    World world = judged(plan);
    CHECK(run(world) == StopReason::deadline);
    delivered += world.counts().delivered;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(delivered));
}

void run_idle_day(benchmark::State& state) {
  whole_run(state, idle_day());
}
BENCHMARK(run_idle_day)->Unit(benchmark::kMillisecond);

void run_clients_for_an_hour(benchmark::State& state) {
  whole_run(state, idle_clients(state.range(0)));
}
BENCHMARK(run_clients_for_an_hour)->Arg(100)->Arg(1'000)->Unit(benchmark::kMillisecond);

/// The fixed cost of a seed: all draws and names, the world and its oracles, and their end.
void seed(benchmark::State& state) {
  const Scenario scenario = metronomes(state.range(0));
  for (auto _ : state) {
    const World world = judged(planned(scenario));
    benchmark::DoNotOptimize(world.next_time());
  }
}
BENCHMARK(seed)->Arg(2)->Arg(100)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMicrosecond);

World warm(std::int64_t hosts) {
  World world = judged(planned(metronomes(hosts)));
  run_to(world, Instant::at(seconds(1)));
  return world;
}

void world_copy(benchmark::State& state) {
  const World world = warm(state.range(0));
  for (auto _ : state) {
    const World copy = world;
    benchmark::DoNotOptimize(copy.now());
  }
}
BENCHMARK(world_copy)->Arg(2)->Arg(100)->Unit(benchmark::kMicrosecond);

/// Forks the universe and lives on for a tenth of a simulated second.
void world_copy_and_run(benchmark::State& state) {
  const World world = warm(state.range(0));
  std::uint64_t delivered = 0;
  for (auto _ : state) {
    World copy = world;
    run_to(copy, copy.now() + std::chrono::milliseconds(100));
    delivered += copy.counts().delivered - world.counts().delivered;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(delivered));
}
BENCHMARK(world_copy_and_run)->Arg(2)->Arg(100)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tickover::sim
