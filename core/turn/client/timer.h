#pragma once

#include <cstdint>
#include <string_view>

#include "core/time.h"

namespace tickover::turn::client {

/// Every reason for which a client ever wants to be woken.
enum class Timer : std::uint8_t {
  retransmit,          // a request is due again, or has been given up
  pacing,              // the next request may start
  allocation_expiry,   // the relay has dropped the allocation by now
  allocation_refresh,  //
  channel_bind,        // a channel is to be bound, renewed, or tried again
  channel_expiry,      // a channel's 600 s ended
  channel_cool_down,   // a number may be used for another peer again
  permission_create,   // a permission is to be created, renewed, or tried again
  permission_expiry,   // a permission's 300 s ended
  keep_alive,          // too long a silence
  reallocate,          // the pause before the next attempt is over
};

constexpr std::string_view name(Timer timer) {
  switch (timer) {
    case Timer::retransmit:
      return "retransmit";
    case Timer::pacing:
      return "pacing";
    case Timer::allocation_expiry:
      return "allocation expiry";
    case Timer::allocation_refresh:
      return "allocation refresh";
    case Timer::channel_bind:
      return "channel bind";
    case Timer::channel_expiry:
      return "channel expiry";
    case Timer::channel_cool_down:
      return "channel cool-down";
    case Timer::permission_create:
      return "permission create";
    case Timer::permission_expiry:
      return "permission expiry";
    case Timer::keep_alive:
      return "keep-alive";
    case Timer::reallocate:
      return "reallocate";
  }
  return "?";
}

/// When something is to be done, and what; never() if nothing is. Small enough for registers: one
/// is asked for with every datagram.
struct Due {
  Instant at = Instant::never();
  Timer timer{};

  constexpr bool is_due(Instant now) const { return at <= now && at != Instant::never(); }
  bool operator==(const Due&) const = default;
};

/// The earlier of two; of simultaneous ones the first.
constexpr Due sooner(Due a, Due b) {
  return b.at < a.at ? b : a;
}

/// So often a request that met a 5xx is made again (RFC 8489, section 6.3.4; PROTOCOL T17).
inline constexpr std::uint8_t most_server_errors = 4;

/// Before every instant that a clock shows: what has never been true.
inline constexpr Instant long_ago = Instant::at(Duration::min());

}  // namespace tickover::turn::client
