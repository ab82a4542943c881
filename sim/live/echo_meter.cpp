#include "sim/live/echo_meter.h"

#include <algorithm>

namespace tickover::sim::live {

std::optional<Duration> EchoMeter::shortest() const {
  if (received_ == 0) return {};
  return shortest_;
}
std::optional<Duration> EchoMeter::longest() const {
  if (received_ == 0) return {};
  return longest_;
}
std::optional<Duration> EchoMeter::median() const {
  if (round_trips_.empty()) return {};
  std::vector<Duration> sorted = round_trips_;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::ranges::nth_element(sorted, middle);
  return *middle;
}

void EchoMeter::sent(Instant now) {
  if (!quiet_since_) quiet_since_ = now;
  is_back_.resize(window);
  is_back_[sent_ % window] = false;
  ++sent_;
  last_sent_ = now;
}

void EchoMeter::came_back(std::uint64_t number, Instant sent_at, Instant now) {
  if (number >= sent_ || sent_ - number > window || is_back_[number % window]) {
    ++doubled_;
    return;
  }
  is_back_[number % window] = true;
  ++received_;
  const Duration took = now - sent_at;
  shortest_ = std::min(shortest_, took);
  longest_ = std::max(longest_, took);
  if (round_trips_.size() < most_kept) round_trips_.push_back(took);
  if (!ended_) gap(now);
}

void EchoMeter::gap(Instant now) {
  if (quiet_since_) longest_gap_ = std::max(longest_gap_, now - *quiet_since_);
  quiet_since_ = now;
}

void EchoMeter::end(Instant now) {
  if (!ended_ && missing() > 0 && quiet_since_ && last_sent_ > *quiet_since_) gap(now);
  ended_ = true;
}

}  // namespace tickover::sim::live
