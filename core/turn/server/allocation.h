#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/stun/message_view.h"
#include "core/stun/types.h"
#include "core/turn/addresses.h"
#include "core/turn/server/authenticator.h"
#include "core/turn/server/channel_table.h"
#include "core/turn/server/permission_table.h"
#include "core/turn/server/port_pool.h"
#include "core/turn/server/token_bucket.h"

namespace tickover::turn {

/// How long a client may wait for an answer (RFC 8489, section 6.3.1), and so the owner may take to
/// say whether relay ports opened.
inline constexpr Duration transaction_patience = std::chrono::seconds(40);

/// Why a server wants to be woken.
enum class ServerTimer {
  allocation_expiry,
  permission_expiry,
  channel_expiry,
  reservation_expiry,
  opening_abandoned,  // the owner never said whether a relay port opened
  listener_retry,
};
std::string_view name(ServerTimer timer);

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
  enum class State : std::uint8_t {
    opening,  // the owner has not said yet whether the port opened
    open,
    over,  // only the address is left, for the answer to a retransmission (PROTOCOL R15)
  };
  RelayedAddress address;
  State state = State::opening;
  Instant expiry = Instant::never();
  PermissionTable permissions = {};
  ChannelTable channels = {};
  TokenBucket icmp = {};

  AddressFamily family() const { return address.endpoint.family(); }
  Instant earliest_expiry() const {
    return std::min({expiry, permissions.earliest_expiry(), channels.earliest_expiry()});
  }
  bool operator==(const Relay&) const = default;
};

/// Relay ports are being opened: who waits for them, and which the owner refused meanwhile.
struct Opening {
  Reply reply;
  Instant until;  // then nobody waits any more
  /// What another port would have to be like; empty: only this one will do (RESERVATION-TOKEN).
  std::optional<PortKind> kind;
  std::vector<Endpoint> refused;

  bool operator==(const Opening&) const = default;
};

/// The family that a client asked for in vain, beside one that it got (RFC 8656, section 7.2).
struct MissingFamily {
  AddressFamily family{};
  stun::ErrorCode why{};

  bool operator==(const MissingFamily&) const = default;
};

/// The family that a byte of an attribute names, if any (RFC 8656, section 18.6).
constexpr std::optional<AddressFamily> family_of(std::uint8_t wire) {
  if (wire == 1) return AddressFamily::ipv4;
  if (wire == 2) return AddressFamily::ipv6;
  return {};
}

inline constexpr std::array both_families{AddressFamily::ipv4, AddressFamily::ipv6};

/// What one client has here (RFC 8656, section 6): one relayed address, or one of each family, with
/// lifetimes, permissions and channels of their own (PROTOCOL U1, U3). While `opening` is there,
/// the client has nothing yet.
struct Allocation {
  FiveTuple tuple;
  UserId user{};     // whose it is (PROTOCOL A24)
  UserId account{};  // on whose quota it counts
  std::string username;
  stun::TransactionId created_by;
  // What the success told, so that a retransmission gets the same answer (PROTOCOL R15).
  Duration granted;
  std::optional<stun::ReservationToken> token = {};  // of the port that was reserved with it
  std::optional<MissingFamily> missing = {};
  bool draft_attributes = false;  // the client uses the numbers of the drafts (PROTOCOL U4)
  std::array<std::optional<Relay>, both_families.size()> relays = {};  // by family
  std::optional<Opening> opening = {};

  bool is_open() const { return !opening.has_value(); }
  bool is_awaiting() const { return any(Relay::State::opening); }
  bool has_relay() const { return any(Relay::State::open); }

  std::optional<Relay>& slot_for(AddressFamily family) { return relays[index(family)]; }
  /// The relay that reaches peers of this family; null if there is none.
  Relay* relay_for(AddressFamily family) {
    return const_cast<Relay*>(std::as_const(*this).relay_for(family));
  }
  const Relay* relay_for(AddressFamily family) const {
    const auto& relay = relays[index(family)];
    return relay && relay->state == Relay::State::open ? &*relay : nullptr;
  }
  /// Visits (Relay&) those that are open, IPv4 first.
  template <class Visit>
  void for_each_relay(Visit&& visit) const {
    for (const auto& relay : relays) {
      if (relay && relay->state == Relay::State::open) visit(*relay);
    }
  }

  /// The channel of that number and the relay that has it; null if there is none.
  std::pair<const Relay*, const ChannelTable::Channel*> find(ChannelNumber number,
                                                             Instant now) const {
    for (const auto& relay : relays) {
      if (!relay) continue;
      if (const auto* channel = relay->channels.find(number, now)) return {&*relay, channel};
    }
    return {};
  }
  Instant deadline() const {
    if (opening) return opening->until;
    Instant first = Instant::never();
    for_each_relay([&](const Relay& relay) { first = std::min(first, relay.earliest_expiry()); });
    return first;
  }

  /// What the deadline is for.
  ServerTimer timer() const {
    if (opening) return ServerTimer::opening_abandoned;
    const Instant first = deadline();
    bool expires = false;
    bool loses_channel = false;
    for_each_relay([&](const Relay& relay) {
      expires = expires || relay.expiry == first;
      loses_channel = loses_channel || relay.channels.earliest_expiry() == first;
    });
    return expires         ? ServerTimer::allocation_expiry
           : loses_channel ? ServerTimer::channel_expiry
                           : ServerTimer::permission_expiry;
  }

  bool operator==(const Allocation&) const = default;

 private:
  static constexpr std::size_t index(AddressFamily family) {
    return family == AddressFamily::ipv4 ? 0 : 1;
  }
  bool any(Relay::State state) const {
    return std::ranges::any_of(
        relays, [&](const std::optional<Relay>& relay) { return relay && relay->state == state; });
  }
};

}  // namespace tickover::turn
