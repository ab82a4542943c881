#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/world/world.h"

namespace tickover::sim {

/// What only watches a run: a log, a capture, progress. It stays outside the world.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void see(const Step& step, const World& world) = 0;
};

enum class StopReason : std::uint8_t {
  deadline,    // the scenario's duration is over
  quiescent,   // nothing is left to happen
  breach,      // an oracle objects
  step_limit,  // more steps than allowed
  livelock,    // too many steps at one instant
  cancelled,   // somebody asked it to stop: the run says nothing
};
std::string_view name_of(StopReason reason);

struct RunLimits {
  std::uint64_t steps = 50'000'000;
  std::uint64_t steps_per_instant = 100'000;  // as many again for each thousand of hosts
  /// Ends the run before its next step once it is true; null: nobody does.
  const std::atomic<bool>* cancel = nullptr;
};

/// Steps until the duration is over, nothing is left, an oracle objects or a limit is reached.
/// Where nothing objected before, the enders judge at the end.
StopReason run(World& world, const RunLimits& limits = {},
               const std::vector<Watcher*>& watchers = {});

/// The same up to and including simulated time `until`, without the enders.
StopReason run_until(World& world, Instant until, const RunLimits& limits = {},
                     const std::vector<Watcher*>& watchers = {});

}  // namespace tickover::sim
