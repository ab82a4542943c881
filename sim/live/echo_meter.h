#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/time.h"

namespace tickover::sim::live {

/// Counts numbered datagrams that are to come back, and measures how long they take.
class EchoMeter {
 public:
  /// Round trips beyond so many are counted, but do not move the median.
  static constexpr std::size_t most_kept = 1'000'000;
  /// An answer that comes after so many more were sent is too late.
  static constexpr std::size_t window = 1'048'576;

  std::uint64_t sent() const { return sent_; }
  std::uint64_t received() const { return received_; }  // each once
  std::uint64_t doubled() const { return doubled_; }    // came back again, or too late
  std::uint64_t missing() const { return sent_ - received_; }
  /// Between one answer and the next, the first one since the first send.
  Duration longest_gap() const { return longest_gap_; }
  std::optional<Duration> shortest() const;
  std::optional<Duration> median() const;
  std::optional<Duration> longest() const;

  /// The number of the next datagram.
  std::uint64_t next() const { return sent_; }
  void sent(Instant now);
  void came_back(std::uint64_t number, Instant sent_at, Instant now);
  /// Nothing more is sent. What is on its way is waited for, but the gap that it leaves counts.
  void end(Instant now);

 private:
  void gap(Instant now);

  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t doubled_ = 0;
  std::vector<bool> is_back_;  // by number, of the last ones
  std::vector<Duration> round_trips_;
  Duration shortest_ = Duration::max();
  Duration longest_;
  Duration longest_gap_;
  std::optional<Instant> quiet_since_;
  Instant last_sent_;
  bool ended_ = false;
};

}  // namespace tickover::sim::live
