#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/address.h"
#include "core/time.h"
#include "core/turn/client/client.h"
#include "sim/live/driver.h"
#include "sim/live/echo_meter.h"
#include "sim/live/farewell.h"

namespace tickover::sim::live {

/// What became of one session with a relay.
struct ConnectReport {
  Duration ran;
  std::optional<Endpoint> relayed;     // the last one
  std::optional<Endpoint> additional;  // of the other family, allocated with it
  bool held = false;                   // there was an allocation at the end, and the relay said so
  Farewell::Answer farewell = Farewell::Answer::not_asked;
  std::uint64_t allocations = 0;
  std::uint64_t losses = 0;
  std::uint64_t refreshes = 0;
  std::uint64_t stale_nonces = 0;  // challenges because a nonce was too old
  std::uint64_t failures = 0;      // attempts that came to nothing
  std::string last_failure;
  bool echoes = false;
  std::string no_peer;  // why there is nobody to send echoes to; empty: there is
  EchoMeter echo;
  turn::Client::Counters unused;  // what came in and was not used
  Driver::Counters sockets;

  /// 0 or 3, as the verb's help says.
  int exit_code() const { return held && (!echoes || echo.received() > 0) ? 0 : 3; }
  std::string text() const;
  std::string json() const;
};

/// "1.234 ms", or "-" for nothing.
std::string milliseconds_text(std::optional<Duration> duration);

}  // namespace tickover::sim::live
