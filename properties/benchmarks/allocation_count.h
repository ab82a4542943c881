#pragma once

#include <cstdint>

#include <benchmark/benchmark.h>

namespace tickover {

/// How often `operator new` was called in this program so far.
std::uint64_t allocations_so_far();
/// How many bytes it was asked for in all.
std::uint64_t allocated_bytes();

/// Reports the heap allocations of the timed part per iteration as `allocations`, so that a
/// datagram that starts to cost one shows.
class AllocationCount {
 public:
  explicit AllocationCount(benchmark::State& state)
      : state_(state), before_(allocations_so_far()) {}
  ~AllocationCount() {
    const auto made = static_cast<double>(allocations_so_far() - before_);
    state_.counters["allocations"] = benchmark::Counter(made, benchmark::Counter::kAvgIterations);
  }
  AllocationCount(const AllocationCount&) = delete;
  AllocationCount& operator=(const AllocationCount&) = delete;

 private:
  benchmark::State& state_;
  std::uint64_t before_;
};

}  // namespace tickover
