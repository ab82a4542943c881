#include "sim/program/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>

namespace tickover::sim {

Progress::Progress(std::optional<std::uint64_t> total, std::optional<Duration> time)
    : total_(total), time_(time), start_(std::chrono::steady_clock::now()) {
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
  const std::uint64_t total = total_.value_or(0) + more_.load(std::memory_order_relaxed);
  std::uint64_t filled = total_ ? done * width / total : 0;
  if (time_) {
    const auto gone = std::chrono::steady_clock::now() - start_;
    const auto part =
        static_cast<std::uint64_t>(gone / std::chrono::milliseconds(1)) * width /
        static_cast<std::uint64_t>(std::max<std::int64_t>(1, time_->count() / 1'000'000));
    filled = std::min(width, std::max(filled, part));
  }
  const std::string of = total_ ? fmt::format("/{}", total) : std::string();
  fmt::print(stderr, "\r[{:<40}] {}{} runs\x1b[K", std::string(filled, '#'), done, of);
  std::fflush(stderr);
}

}  // namespace tickover::sim
