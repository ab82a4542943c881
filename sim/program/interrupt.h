#pragma once

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <thread>

namespace tickover::sim {

/// What the program exits with after Ctrl-C, as shells expect it.
inline constexpr int interrupted_exit = 130;

/// Of the real clock, to save what failed once somebody has asked to stop.
inline constexpr std::chrono::seconds grace_for_saving{20};

/// While it lives, SIGINT and SIGTERM ask the work to stop instead of ending the process. If the
/// work has not stopped `grace` later, or at the second signal, `last_words` is called on
/// another thread and the process exits with interrupted_exit. Make it before any thread that
/// works. A signal that was ignored stays ignored.
class Interrupt {
 public:
  explicit Interrupt(std::function<void()> last_words,
                     std::chrono::milliseconds grace = std::chrono::milliseconds(500));
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool requested() const { return requested_.load(std::memory_order_relaxed); }
  const std::atomic<bool>& flag() const { return requested_; }

 private:
  void watch();

  std::function<void()> last_words_;
  std::chrono::milliseconds grace_;
  sigset_t signals_{};
  sigset_t before_{};
  std::atomic<bool> requested_{false};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace tickover::sim
