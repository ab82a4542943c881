#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/world/run.h"

namespace tickover::sim {

/// One event of a run on one line: the world's digest after it, its time, and the first thing that
/// a person would tell of it.
struct EventLine {
  std::uint32_t digest = 0;  // its upper half
  std::string words;
  bool operator==(const EventLine&) const = default;
};

/// A run, event by event, short enough to be kept beside a counterexample. Of a long run only the
/// beginning is kept.
class EventList final : public Watcher {
 public:
  explicit EventList(std::size_t most = 5'000) : most_(most) {}
  void see(const Step& step, const World& world) override;

  const std::vector<EventLine>& lines() const { return lines_; }
  /// "0a1b2c3d 12.345678901 alice wakes: retransmit", one event to a line.
  std::string text() const;

 private:
  std::size_t most_;
  std::vector<EventLine> lines_;
};

/// Reads what EventList::text wrote; nothing if it is something else.
std::optional<std::vector<EventLine>> parse_events(std::string_view text);

/// The first event in which the runs differ, counted from 1; nothing if one is the beginning of the
/// other, or both are the same.
std::optional<std::size_t> first_difference(const std::vector<EventLine>& a,
                                            const std::vector<EventLine>& b);

}  // namespace tickover::sim
