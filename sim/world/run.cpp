#include "sim/world/run.h"

namespace tickover::sim {

std::string_view name_of(StopReason reason) {
  switch (reason) {
    case StopReason::deadline:
      return "the duration is over";
    case StopReason::quiescent:
      return "nothing is left to happen";
    case StopReason::breach:
      return "an oracle objects";
    case StopReason::step_limit:
      return "the step limit is reached";
    case StopReason::livelock:
      return "time stands still";
    case StopReason::cancelled:
      return "it was cancelled";
  }
  return "?";
}

StopReason run_until(World& world, Instant until, const RunLimits& limits,
                     const std::vector<Watcher*>& watchers) {
  // Thousands of hosts that start together take their time.
  const std::uint64_t most_at_once =
      limits.steps_per_instant * (1 + world.plan().hosts.size() / 1'000);
  std::uint64_t at_this_instant = 0;
  const auto is_cancelled = [&] {
    return limits.cancel != nullptr && limits.cancel->load(std::memory_order_relaxed);
  };
  for (;;) {
    if (is_cancelled()) return StopReason::cancelled;
    const Instant next = world.next_time();
    if (next == Instant::never()) return StopReason::quiescent;
    if (next > until) return StopReason::deadline;
    if (world.steps() >= limits.steps) return StopReason::step_limit;
    at_this_instant = next == world.now() ? at_this_instant + 1 : 0;
    if (at_this_instant > most_at_once) return StopReason::livelock;
    const Step& step = world.step();
    for (Watcher* watcher : watchers) watcher->see(step, world);
    if (world.oracles().breach() != nullptr) return StopReason::breach;
  }
}

StopReason run(World& world, const RunLimits& limits, const std::vector<Watcher*>& watchers) {
  const StopReason reason = run_until(world, Instant::at(world.plan().duration), limits, watchers);
  if (reason != StopReason::deadline && reason != StopReason::quiescent) return reason;
  world.finish();
  return world.oracles().breach() != nullptr ? StopReason::breach : reason;
}

}  // namespace tickover::sim
