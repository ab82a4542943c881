#pragma once

#include "core/address.h"

namespace tickover::turn {

// The three kinds of transport address of RFC 8656, section 3. They are types of their own, so
// that a peer's address cannot be given where a client's is meant.

/// Where the server sees a client (its server-reflexive address).
struct ClientAddress {
  Endpoint endpoint;
  constexpr auto operator<=>(const ClientAddress&) const = default;
};
/// Where the server sees a peer.
struct PeerAddress {
  Endpoint endpoint;
  constexpr auto operator<=>(const PeerAddress&) const = default;
};
/// What the server allocates for a client.
struct RelayedAddress {
  Endpoint endpoint;
  constexpr auto operator<=>(const RelayedAddress&) const = default;
};

}  // namespace tickover::turn
