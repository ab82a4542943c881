// The two containers that say what happens next, with `range(0)` entries, and the digest.
#include <benchmark/benchmark.h>

#include <array>
#include <chrono>

#include "core/random.h"
#include "sim/world/deadlines.h"
#include "sim/world/digest.h"
#include "sim/world/event_queue.h"

namespace tickover::sim {
namespace {

Duration up_to_a_second(Random& random) {
  return Duration::nanoseconds(static_cast<std::int64_t>(random.below(1'000'000'000)));
}

/// Takes the first event and schedules another one.
void event_queue(benchmark::State& state) {
  Random random(1);
  EventQueue queue;
  const auto push = [&](Instant now) {
    queue.push({now + up_to_a_second(random),
                QueuedEvent::order_of(QueuedEvent::Class::delivery, random.word()), 0, 0, 0});
  };
  for (std::int64_t i = 0; i < state.range(0); ++i) push(Instant{});
  for (auto _ : state) push(queue.pop().time);
}
BENCHMARK(event_queue)->Arg(100)->Arg(10'000)->Arg(1'000'000);

/// Wakes the first host, which sets its next deadline.
void deadlines(benchmark::State& state) {
  Random random(1);
  std::vector<std::uint64_t> tie_breaks(static_cast<std::size_t>(state.range(0)));
  for (std::uint64_t& tie_break : tie_breaks) tie_break = random.word();
  Deadlines table(tie_breaks);
  for (std::uint32_t host = 0; host < tie_breaks.size(); ++host) {
    table.set(host, Instant::at(up_to_a_second(random)));
  }
  for (auto _ : state) table.set(table.first(), table.earliest() + up_to_a_second(random));
}
BENCHMARK(deadlines)->Arg(100)->Arg(10'000)->Arg(1'000'000);

void digest_of_100_bytes(benchmark::State& state) {
  std::array<std::uint8_t, 100> bytes{};
  for (auto _ : state) {
    ++bytes[0];
    benchmark::DoNotOptimize(Digest::of(bytes));
  }
}
BENCHMARK(digest_of_100_bytes);

}  // namespace
}  // namespace tickover::sim
