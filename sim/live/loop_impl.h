#pragma once

#include <list>

#include "sim/live/asio.h"
#include "sim/live/loop.h"

namespace tickover::sim::live {

struct Loop::Impl {
  /// The same instant for a timer; at most an hour ahead, so that no sum overflows. Whoever waits
  /// longer looks again then.
  std::chrono::steady_clock::time_point point_of(Instant at, Instant now) const {
    const Duration ahead = std::min(at - now, Duration(std::chrono::hours(1)));
    const Instant steady = origin + (now + ahead).since_origin();
    return std::chrono::steady_clock::time_point(
        std::chrono::nanoseconds(steady.since_origin().count()));
  }

  asio::io_context context{1};  // one thread
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  asio::signal_set signals{context};
  Duration wall_ahead;  // of the system's wall clock
  Instant origin;       // on the system's monotonic clock
};

}  // namespace tickover::sim::live
