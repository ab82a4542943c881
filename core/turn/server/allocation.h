#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/stun/types.h"
#include "core/turn/addresses.h"
#include "core/turn/server/authenticator.h"
#include "core/turn/server/channel_table.h"
#include "core/turn/server/permission_table.h"
#include "core/turn/server/token_bucket.h"

namespace tickover::turn {

/// The 5-tuple that an allocation belongs to; the transport is always UDP.
struct FiveTuple {
  Endpoint server;  // ours, on which the client's datagrams arrive
  ClientAddress client;

  constexpr auto operator<=>(const FiveTuple&) const = default;
};
inline std::uint64_t stable_hash(const FiveTuple& tuple) {
  return mix(stable_hash(tuple.server), stable_hash(tuple.client.endpoint));
}

/// Where a response goes and what it must show: kept with an allocation until its port is open.
struct Reply {
  FiveTuple tuple;
  stun::Method method{};
  stun::TransactionId id;
  std::optional<Signature> signature;  // empty: unsigned
  bool fingerprint = false;            // as the request had one (PROTOCOL T19)

  bool operator==(const Reply&) const = default;
};

/// One relayed address with what the client did about its peers.
struct Relay {
  RelayedAddress address;
  Instant expiry;
  PermissionTable permissions;
  ChannelTable channels;
  TokenBucket icmp = {};

  Instant earliest_expiry() const {
    return std::min({expiry, permissions.earliest_expiry(), channels.earliest_expiry()});
  }
  bool operator==(const Relay&) const = default;
};

/// A relay port is being opened: who waits for it, and which ports the owner refused meanwhile.
struct Opening {
  Reply reply;
  AddressFamily family{};
  std::vector<Endpoint> refused;

  bool operator==(const Opening&) const = default;
};

/// What one client has here (RFC 8656, section 6). While `opening` is there, the client has
/// nothing yet, and the relay's expiry says how long the owner has to answer.
struct Allocation {
  FiveTuple tuple;
  UserId user{};     // whose it is (PROTOCOL A24)
  UserId account{};  // on whose quota it counts
  std::string username;
  stun::TransactionId created_by;
  Duration granted;  // at its creation, so that a retransmission gets the same answer (R15)
  Relay relay;
  std::optional<Opening> opening;

  bool is_open() const { return !opening.has_value(); }
  /// The relay that reaches peers of this family; null if there is none.
  Relay* relay_for(AddressFamily family) {
    return relay.address.endpoint.family() == family ? &relay : nullptr;
  }
  Instant deadline() const { return relay.earliest_expiry(); }

  bool operator==(const Allocation&) const = default;
};

}  // namespace tickover::turn
