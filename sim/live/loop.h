#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/time.h"

namespace tickover::sim::live {

/// What drivers run on: one thread that sleeps until a socket, a timer or a signal wants something.
/// Everything that belongs to one loop is used by the thread that runs it, and no other.
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// The monotonic clock since the loop was made. Never decreases.
  Instant now() const;
  /// What the wall clock reads now.
  WallTime wall_clock() const;
  /// From now on it reads so much more than the system's: as if somebody had set it.
  void set_wall_clock_ahead(Duration by);

  /// Calls `what` once, by `at` or soon after, from run_until.
  void call_at(Instant at, std::function<void()> what);
  /// Calls `what` at each of these signals, from run_until, instead of what they do otherwise.
  void call_on_signals(const std::vector<int>& signals, std::function<void(int signal)> what);

  /// Runs until `done()`, which is asked after whatever happened. False: it did not hold within
  /// `patience`.
  bool run_until(const std::function<bool()>& done, Duration patience = Duration::max());

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace tickover::sim::live
