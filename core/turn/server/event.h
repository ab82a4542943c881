#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"
#include "core/turn/addresses.h"
#include "core/turn/channel_data.h"

namespace tickover::turn {

/// What a TURN server tells its owner: its log. Fields that a kind does not speak of are empty.
/// Each event speaks of one relayed address; where an allocation has two, there are two events.
struct ServerEvent {
  enum class Kind : std::uint8_t {
    listening,           // relayed holds nothing; `local` is open
    listener_lost,       // `local` was refused or closed; it is tried again
    allocation_created,  // user, client, relayed, expiry
    allocation_refreshed,
    allocation_deleted,  // by Refresh with lifetime 0
    allocation_expired,
    allocation_lost,       // its relay socket is gone
    permission_installed,  // peer (port 0: a permission names an IP address), expiry
    permission_refreshed,
    permission_expired,
    channel_bound,  // peer, channel, expiry
    channel_refreshed,
    channel_expired,
    port_reserved,  // user, client, relayed: the reserved one, expiry
    reservation_expired,
  };

  Kind kind{};
  Endpoint local = {};
  ClientAddress client = {};
  RelayedAddress relayed = {};
  std::string user = {};
  std::optional<PeerAddress> peer = {};
  std::optional<ChannelNumber> channel = {};
  /// Until when, for what was created, installed, bound or refreshed.
  std::optional<Instant> expiry = {};

  bool operator==(const ServerEvent&) const = default;
};

constexpr std::string_view name(ServerEvent::Kind kind) {
  using enum ServerEvent::Kind;
  switch (kind) {
    case listening:
      return "listening";
    case listener_lost:
      return "listener lost";
    case allocation_created:
      return "allocation created";
    case allocation_refreshed:
      return "allocation refreshed";
    case allocation_deleted:
      return "allocation deleted";
    case allocation_expired:
      return "allocation expired";
    case allocation_lost:
      return "allocation lost";
    case permission_installed:
      return "permission installed";
    case permission_refreshed:
      return "permission refreshed";
    case permission_expired:
      return "permission expired";
    case channel_bound:
      return "channel bound";
    case channel_refreshed:
      return "channel refreshed";
    case channel_expired:
      return "channel expired";
    case port_reserved:
      return "port reserved";
    case reservation_expired:
      return "reservation expired";
  }
  return "unknown";
}

}  // namespace tickover::turn
