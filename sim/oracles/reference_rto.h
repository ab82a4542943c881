#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "core/address.h"
#include "core/time.h"

namespace tickover::sim {

/// What the first interval of a client's next request must be, worked out from the datagrams that
/// its host sent and got: RFC 6298, section 2 and RFC 8489, section 6.2.1 once more, naively and
/// without the core's help (PROTOCOL T5, T6).
class ReferenceRto {
 public:
  /// Limits of the result, and what holds while nothing is known; in nanoseconds > 0.
  struct Limits {
    Duration lowest;
    Duration highest;
    Duration initial;
  };
  explicit ReferenceRto(const Limits& limits) : limits_(limits) {}

  /// Nothing while it is not known which answers the client took.
  std::optional<Duration> expected(const IpAddress& server, Instant now) const;

  /// A copy of a request went out.
  void requested(const IpAddress& server, Instant now);
  /// A request of one copy was answered. `sure`: whether the client can have but taken it.
  void answered(const IpAddress& server, Duration round_trip, bool sure);

 private:
  struct Server {
    Instant last_request;
    std::int64_t mean = -1;  // -1: no sample
    std::int64_t deviation = 0;
    bool unsure = false;
  };
  static bool is_fresh(const Server& server, Instant now);

  Limits limits_;
  std::map<IpAddress, Server> servers_;
};

}  // namespace tickover::sim
