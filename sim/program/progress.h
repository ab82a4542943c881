#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

#include "core/time.h"

namespace tickover::sim {

/// A progress bar on stderr, redrawn ten times a second; nothing at all if stderr is not a
/// terminal. It fills with runs, or with time on the real clock where that is what ends the work.
class Progress {
 public:
  Progress(std::optional<std::uint64_t> total, std::optional<Duration> time);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void add(std::uint64_t more) { more_.fetch_add(more, std::memory_order_relaxed); }
  void advance() { done_.fetch_add(1, std::memory_order_relaxed); }

 private:
  void draw() const;

  std::optional<std::uint64_t> total_;
  std::atomic<std::uint64_t> more_{0};  // than was said at first
  std::optional<Duration> time_;
  std::chrono::steady_clock::time_point start_;
  std::atomic<std::uint64_t> done_{0};
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tickover::sim
