#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/address.h"
#include "core/backoff.h"
#include "core/time.h"

namespace tickover::stun {

/// How far away one server is, by what its answers measured: RFC 6298, section 2 in whole
/// nanoseconds, each division rounded down.
class RoundTripEstimate {
 public:
  /// RFC 8489, section 6.2.1: a clock of one millisecond, and nothing is rounded to a second.
  static constexpr Duration granularity = std::chrono::milliseconds(1);

  /// SRTT; nothing before the first sample.
  const std::optional<Duration>& smoothed() const { return smoothed_; }
  /// RTTVAR.
  Duration variation() const { return variation_; }
  /// SRTT + max(granularity, 4 * RTTVAR), without limits; nothing before the first sample.
  std::optional<Duration> timeout() const;

  /// A request that was sent once was answered after `round_trip`, >= 0.
  void sample(Duration round_trip);

  bool operator==(const RoundTripEstimate&) const = default;

 private:
  std::optional<Duration> smoothed_;
  Duration variation_;
};

/// RFC 8489, section 6.2.1 and RFC 8445, section 14.3: no RTO below this in the Internet.
inline constexpr Duration lowest_rto = std::chrono::milliseconds(500);

/// And none above, unless configured. A far server does not need more: two copies of a request do
/// no harm, but whoever waits for a dead server waits for 79 RTO until he gives up (39.5 s at 500
/// ms), and that is what the loss of a relay is noticed by (BUGS P9).
inline constexpr Duration usual_longest_rto = std::chrono::seconds(1);

/// Whether measured round trips decide on the first interval of this policy: it counts its sends
/// and doubles its waits, as RFC 8489 has it. Any other stays as configured.
bool follows_round_trips(const BackoffPolicy& policy);

/// The policy with this RTO if it follows round trips: at least lowest_rto, at most `longest`; but
/// if what is configured lies outside, to there and no farther.
BackoffPolicy with_rto(const BackoffPolicy& configured, Duration rto, Duration longest);

/// What is known of the distance to each server, by IP address (PROTOCOL T5). It outlives sockets,
/// allocations and credentials.
class RoundTrips {
 public:
  /// An estimate is forgotten once no copy of any request went there for so long (RFC 8489,
  /// section 6.2.1); at this very instant it is gone.
  static constexpr Duration memory = std::chrono::minutes(10);
  /// Of more servers, the one that was asked longest ago is forgotten.
  static constexpr std::size_t most_servers = 8;

  /// The estimate, if there is one that still counts.
  std::optional<RoundTripEstimate> find(const IpAddress& server, Instant now) const;
  /// How to send a new request to this server.
  BackoffPolicy policy(const BackoffPolicy& configured, Duration longest_rto,
                       const IpAddress& server, Instant now) const;

  /// A copy of a request goes there.
  void asked(const IpAddress& server, Instant now);
  /// An answer measured this (Transaction::round_trip; never from a request with copies).
  void answered(const IpAddress& server, Duration round_trip, Instant now);

  bool operator==(const RoundTrips&) const = default;

 private:
  struct Server {
    IpAddress ip;
    RoundTripEstimate estimate;
    Instant asked_at;

    bool operator==(const Server&) const = default;
  };
  Server& place_of(const IpAddress& server, Instant now);

  std::vector<Server> servers_;
};

}  // namespace tickover::stun
