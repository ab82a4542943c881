#pragma once

#include <cstdint>
#include <optional>

#include "core/address.h"
#include "core/turn/client/credentials.h"
#include "core/turn/client/timer.h"

namespace tickover::turn::client {

/// How far one of our sockets has come. `leaving` sockets only wait for their allocation to be
/// deleted.
enum class Stage : std::uint8_t { opening, probing, allocating, evicting, allocated, leaving };

/// One local socket and the one relay endpoint that it talks to. A new attempt always opens a new
/// one (RFC 8656, section 7.1; PROTOCOL C2).
struct Session {
  std::uint32_t id = 0;  // of its OpenSocket
  Endpoint server;
  Endpoint local = {};  // once it is open
  Stage stage = Stage::opening;
  Credentials credentials = {};
  std::uint8_t allocates = 0;      // authenticated Allocate transactions begun
  std::uint8_t server_errors = 0;  // 5xx to the Allocate
  bool evicted = false;            // Refresh(0) against a 437 was tried
  bool socket_gone = false;        // closed by the host
  Instant refused_at = long_ago;   // when the host last refused to send

  bool operator==(const Session&) const = default;
};

/// A 5-tuple as this side knows it.
struct Path {
  Endpoint local;
  Endpoint server;

  bool operator==(const Path&) const = default;
};

}  // namespace tickover::turn::client
