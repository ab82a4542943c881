#include "sim/program/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <chrono>
#include <string>

namespace tickover::sim {

Progress::Progress(std::uint64_t total) : total_(total) {
  if (::isatty(STDERR_FILENO) == 0 || total == 0) return;
  thread_ = std::thread([this] {
    std::unique_lock lock(mutex_);
    while (!stop_.wait_for(lock, std::chrono::milliseconds(100), [this] { return stopping_; })) {
      draw();
    }
  });
}

Progress::~Progress() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
  // The bar leaves no trace: the table says what it said.
  fmt::print(stderr, "\r\x1b[K");
}

void Progress::draw() const {
  constexpr std::uint64_t width = 40;
  const std::uint64_t done = done_.load(std::memory_order_relaxed);
  const std::uint64_t filled = done * width / total_;
  fmt::print(stderr, "\r[{:<40}] {}/{} runs\x1b[K", std::string(filled, '#'), done, total_);
  std::fflush(stderr);
}

}  // namespace tickover::sim
