#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <variant>

#include "core/bytes.h"
#include "core/time.h"
#include "core/turn/addresses.h"
#include "core/turn/channel_data.h"

namespace tickover::turn {

/// Why a command of the owner was not carried out.
enum class CommandError : std::uint8_t {
  not_ready,         // no confirmed channel or permission for the peer: nothing left the host
  wrong_family,      // the peer is not of the relayed address's family
  no_free_channel,   // every number is bound or cooling down
  too_many_peers,    // the table of permissions is full
  payload_too_long,  // it does not fit into one datagram
  unknown_peer,      // nothing was ever asked for this peer
  closed,            // close() was called
};

/// Why a relayed address is gone.
enum class RemovalReason : std::uint8_t {
  expired,              // its lifetime ended without a refresh
  unreachable,          // the relay answers no more
  forgotten,            // the relay does not know it: 437
  refused,              // the relay answered a refresh with another error
  credentials_refused,  // 401 although nothing about the credentials changed
  bid_down,             // a challenge hid the algorithms that its nonce promises (PROTOCOL A15)
  no_common_algorithm,  // the relay offers no password algorithm that we know
  name_not_hidden,      // it would have to be shown, and must not (ClientConfig::hide_username)
  integrity_violated,   // of all the answers to a request none was signed by the relay
  channel_conflict,     // 400 to a ChannelBind: the two tables disagree (PROTOCOL H6)
  socket_lost,          // the local socket was closed under us
  roamed,               // the host lost the address it was reached from
  restarted,
  closed,
};

/// Why an attempt to allocate came to nothing.
enum class AttemptFailure : std::uint8_t {
  unanswered,
  no_socket,            // no local socket could be opened or kept
  credentials_refused,  // 401 again with unchanged credentials
  bid_down,             // a challenge hid the algorithms that its nonce promises (PROTOCOL A15)
  no_common_algorithm,  // the relay offers no password algorithm that we know (PROTOCOL A17)
  name_not_hidden,      // it would have to be shown, and must not (ClientConfig::hide_username)
  integrity_violated,   // answers came, and none was signed by the relay (PROTOCOL A21)
  redirected_in_vain,   // to nowhere, or where we have just been (PROTOCOL X3, X4)
  stale_nonce_loop,     // each nonce was stale at once
  mismatch,             // 437 on three local ports
  no_capacity,          // 486 or 508
  server_error,         // another 5xx, or an error without a code
  refused,              // any other error
  unusable_answer,      // a success without a usable relayed or mapped address
};

std::string_view name(CommandError error);
std::string_view name(RemovalReason reason);
std::string_view name(AttemptFailure failure);

/// The client has a relayed address. Each is followed by exactly one CandidateRemoved.
struct CandidateAdded {
  RelayedAddress relayed;
  ClientAddress mapped;
  bool operator==(const CandidateAdded&) const = default;
};

/// The relayed address is gone, and with it every channel and permission. Wanted peers are asked
/// for again on the next one.
struct CandidateRemoved {
  RelayedAddress relayed;
  RemovalReason why{};
  bool operator==(const CandidateRemoved&) const = default;
};

struct ChannelBound {
  PeerAddress peer;
  ChannelNumber number;
  bool operator==(const ChannelBound&) const = default;
};

struct PermissionInstalled {
  PeerAddress peer;
  bool operator==(const PermissionInstalled&) const = default;
};

/// The peer's channel or permission ended without having been renewed.
struct PeerLost {
  PeerAddress peer;
  bool operator==(const PeerLost&) const = default;
};

/// The relay will not serve this peer (403, 443 and the like); it is no longer wanted.
struct PeerRefused {
  PeerAddress peer;
  int code = 0;
  bool operator==(const PeerRefused&) const = default;
};

/// `payload` is valid until the next change of the client.
struct DataReceived {
  PeerAddress peer;
  Bytes payload;
  friend bool operator==(const DataReceived& a, const DataReceived& b) {
    return a.peer == b.peer && std::ranges::equal(a.payload, b.payload);
  }
};

/// The network refused a datagram on its way from the relay to the peer: type and code of ICMP or
/// ICMPv6, and the next-hop MTU or 0 (RFC 8656, section 11.6). Nothing in it is signed, so the
/// client itself does nothing about it (PROTOCOL D7, D8).
struct IcmpReceived {
  PeerAddress peer;
  std::uint8_t type = 0;
  std::uint16_t code = 0;
  std::uint32_t data = 0;
  bool operator==(const IcmpReceived&) const = default;
};

/// The next attempt starts at `retry_at`. `code` is the relay's error code, or 0.
struct AllocationFailed {
  AttemptFailure why{};
  int code = 0;
  Instant retry_at;
  bool operator==(const AllocationFailed&) const = default;
};

using ClientEvent =
    std::variant<CandidateAdded, CandidateRemoved, ChannelBound, PermissionInstalled, PeerLost,
                 PeerRefused, DataReceived, IcmpReceived, AllocationFailed>;

}  // namespace tickover::turn
