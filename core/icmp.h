#pragma once

#include "core/machine.h"

namespace tickover {

/// Whether an ICMP error says that trying again is in vain, so that a request without an answer is
/// over at once (RFC 8489, section 6.2.1; PROTOCOL T7): nobody listens there, or a filter says no.
/// Soft errors, such as a network or host that cannot be reached or is unknown just now (RFC 1122,
/// section 3.2.2.1), pass by. So does "fragmentation needed": a router on the path speaks of one
/// size, not of the server.
constexpr bool is_hard(const IcmpError& error) {
  if (error.remote.family() == AddressFamily::ipv4) {
    if (error.type != 3) return false;
    if (error.code == 2 || error.code == 3) return true;  // RFC 792: protocol, port
    // Administratively prohibited: network, host (RFC 1122), and altogether (RFC 1812).
    return error.code == 9 || error.code == 10 || error.code == 13;
  }
  // RFC 4443: administratively prohibited 1/1, and by its subsets 1/5 and 1/6; port unreachable
  // 1/4; unknown next header 4/1.
  if (error.type == 1) return error.code == 1 || (error.code >= 4 && error.code <= 6);
  return error.type == 4 && error.code == 1;
}

}  // namespace tickover
