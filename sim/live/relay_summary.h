#pragma once

#include <cstdint>
#include <string>

#include "core/time.h"
#include "core/turn/server/counters.h"
#include "sim/live/driver.h"

namespace tickover::sim::live {

/// What a relay did in its life.
struct RelaySummary {
  Duration ran;
  std::uint64_t allocations = 0;  // made
  std::uint64_t left = 0;         // when it ended
  turn::ServerCounters server;
  Driver::Counters sockets;

  /// A few lines for people; only reasons that occurred.
  std::string text() const;
  /// One object, with every counter.
  std::string json() const;
};

}  // namespace tickover::sim::live
