#pragma once

#include "core/machine.h"

namespace tickover {

/// Whether an ICMP error says that trying again is in vain, so that a request without an answer is
/// over at once (RFC 8489, section 6.2.1; PROTOCOL T7): nobody listens there, or a filter says no.
/// Soft errors, such as an unreachable network or host (RFC 1122, section 3.2.2.1), pass by. So
/// does "fragmentation needed": a router on the path speaks of one size, not of the server.
constexpr bool is_hard(const IcmpError& error) {
  if (error.remote.family() == AddressFamily::ipv4) {
    const bool unreachable = error.type == 3;  // RFC 792: protocol 2, port 3
    return unreachable && (error.code == 2 || error.code == 3);
  }
  // RFC 4443: administratively prohibited 1/1, port unreachable 1/4, unknown next header 4/1.
  if (error.type == 1) return error.code == 1 || error.code == 4;
  return error.type == 4 && error.code == 1;
}

}  // namespace tickover
