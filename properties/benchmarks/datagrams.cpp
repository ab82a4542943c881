// What one delivered datagram costs: an iteration is one of them, with all that led to it.
#include <benchmark/benchmark.h>

#include <chrono>

#include "properties/benchmarks/allocation_count.h"
#include "properties/benchmarks/worlds.h"

namespace tickover::sim {
namespace {

using std::chrono::seconds;

/// Until queues, tables and buffers have the size that they keep.
constexpr Duration warm_up = seconds(3);

void per_datagram(benchmark::State& state, World world) {
  run_to(world, Instant::at(warm_up));
  const AllocationCount allocations(state);
  for (auto _ : state) deliver(world, 1);
  state.SetItemsProcessed(state.iterations());
}

void datagram(benchmark::State& state) {
  per_datagram(state, judged(planned(metronomes(state.range(0)))));
}
BENCHMARK(datagram)->Arg(100)->Arg(2)->Arg(1'000)->Arg(10'000);

void datagram_without_oracles(benchmark::State& state) {
  per_datagram(state, unjudged(planned(metronomes(state.range(0)))));
}
BENCHMARK(datagram_without_oracles)->Arg(100);

/// Idle hosts must cost nothing: two hosts talk, the others only exist.
void datagram_among_idle(benchmark::State& state) {
  Scenario scenario = metronomes(2);
  scenario.hosts.push_back({.name = "idler", .role = "metronome"});
  scenario.hosts.back().count = state.range(0);
  per_datagram(state, judged(planned(scenario)));
}
BENCHMARK(datagram_among_idle)->Arg(1)->Arg(1'000)->Arg(10'000);

/// Everything that a network can do to datagrams at once.
void datagram_in_bad_weather(benchmark::State& state) {
  Scenario scenario = metronomes(state.range(0));
  for (LinkSpec& link : scenario.links) {
    link.both.duplicate = Ratio{1, 50};
    link.both.reorder = Ratio{1, 20};
    link.both.corrupt = Ratio{1, 100};
  }
  PacketMatch all{.from = "alice-0", .to = "bob-0"};
  scenario.faults.push_back(
      {.length = Duration(seconds(2)), .action = Partition{"alice-0", "bob-0"}});
  scenario.faults.push_back({.action = Delay{all, Duration(std::chrono::milliseconds(5))}});
  per_datagram(state, judged(planned(scenario)));
}
BENCHMARK(datagram_in_bad_weather)->Arg(100);

/// A round trip through a TURN client and server is four deliveries, and two are relayed.
void relayed(benchmark::State& state, const char* use, bool judge) {
  const auto plan = planned(relayed_talk(state.range(0), use));
  per_datagram(state, judge ? judged(plan) : unjudged(plan));
}
BENCHMARK_CAPTURE(relayed, channel_data, "channels", true)->Arg(10)->Arg(1'000);
BENCHMARK_CAPTURE(relayed, channel_data_without_oracles, "channels", false)->Arg(10);
BENCHMARK_CAPTURE(relayed, send_and_data, "permissions", true)->Arg(10);

/// An authenticated Refresh, or its answer.
void authenticated(benchmark::State& state) {
  Scenario scenario = idle_clients(state.range(0));
  scenario.duration = Duration(std::chrono::hours(100'000));
  const Range<Duration> lifetime = Duration(seconds(2));
  scenario.hosts.front().settings.entries = {
      {"default-lifetime", lifetime, {}},
      {"max-lifetime", lifetime, {}},
      {"nonce-lifetime", Range<Duration>(seconds(100'000'000)), {}}};
  per_datagram(state, judged(planned(scenario)));
}
BENCHMARK(authenticated)->Arg(10);

}  // namespace
}  // namespace tickover::sim
