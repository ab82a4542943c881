#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/address.h"
#include "core/backoff.h"
#include "core/ratio.h"
#include "core/stun/round_trip.h"
#include "core/time.h"
#include "core/turn/channel_data.h"

namespace tickover::turn {

/// Everything a client is told once. Durations are > 0 unless said otherwise.
struct ClientConfig {
  /// One relay, reachable at one endpoint or at one per family; both are probed at once
  /// (RFC 8656, section 3.9; PROTOCOL X5).
  std::vector<Endpoint> server;
  std::string username;
  std::string password;
  /// Challenges for another realm are ignored.
  std::optional<std::string> expected_realm = {};
  /// Rather has no allocation than shows the name to everybody on the path: wants a relay that
  /// takes USERHASH (RFC 8656, section 21.1.6; PROTOCOL A23). Where the relay offers it, it is used
  /// in any case.
  bool hide_username = false;
  /// Believes 437 and 441 although they are not signed, as deployed relays send them. Whoever sees
  /// a request can then end the allocation (PROTOCOL W3).
  bool accept_unsigned_errors = false;
  /// Follows a 300 that is not signed, as deployed relays send it. Whoever sees a request can then
  /// choose the relay (PROTOCOL W21).
  bool follow_unsigned_redirect = false;
  /// The family of the relayed address, and so of every peer.
  AddressFamily relay_family = AddressFamily::ipv4;
  /// Asks for a second relayed address, of IPv6, by ADDITIONAL-ADDRESS-FAMILY (RFC 8656, section
  /// 7.1); `relay_family` must then be IPv4 (CHECK). One of the two is enough: a relay may have
  /// only one, or not know the attribute (PROTOCOL C5, U4).
  bool additional_ipv6 = false;
  BackoffPolicy backoff = BackoffPolicy::rfc8489();
  /// Whether the relay's answers decide on the RTO of further requests (core/stun/round_trip.h).
  bool measure_round_trip = true;
  /// The longest RTO that they may lead to.
  Duration longest_rto = stun::usual_longest_rto;
  /// From the start of one transaction to the next, over all sockets; >= 0. RFC 8445, section 14
  /// wants no less than 5 ms (PROTOCOL E3). Copies are not held back.
  Duration start_gap = std::chrono::milliseconds(5);
  /// LIFETIME to ask for; zero leaves it to the relay.
  Duration requested_lifetime = {};

  /// The longest silence in either direction before a Refresh (RFC 8656, section 8; PROTOCOL F7).
  Duration keep_alive = std::chrono::seconds(25);
  /// From one answered ChannelBind to the next. Well inside the 300 s of the permission: two whole
  /// give-ups of the longest RTO still fit, and four of the shortest (PROTOCOL H7, PM5).
  Duration channel_refresh = std::chrono::seconds(120);
  Duration permission_refresh = std::chrono::seconds(120);

  /// The pause before a new attempt doubles from the first to the longest.
  Duration first_pause = std::chrono::seconds(1);
  Duration longest_pause = std::chrono::seconds(60);
  /// The share of a pause that is drawn, <= 1 (CHECK), so that the clients of a relay that was away
  /// do not come back all at once: the last half of a doubling one, if it is 1/2; a pause of fixed
  /// length gets longer by up to half of this share. Zero gives the same pauses to everybody.
  Ratio pause_jitter{1, 2};
  /// An allocation that lived so long ends the doubling.
  Duration stable_after = std::chrono::seconds(60);
  /// Before a request that met a 5xx is made again, four times at most (PROTOCOL T17).
  Duration server_error_pause = std::chrono::seconds(5);
  /// After 486 and 508, after a fifth 5xx, and before a peer's failed request is tried again
  /// (PROTOCOL C8).
  Duration capacity_pause = std::chrono::seconds(60);
  /// After 437 on three local ports (PROTOCOL C7).
  Duration mismatch_pause = std::chrono::minutes(2);
  /// After an answer that only a change of configuration can cure (PROTOCOL A18, C6).
  Duration refused_pause = std::chrono::minutes(5);

  /// The ring of channel numbers to use, both ends included, inside 0x4000..0x4FFF.
  std::uint16_t first_channel = ChannelNumber::first;
  std::uint16_t last_channel = ChannelNumber::last;

  /// Whether requests carry FINGERPRINT.
  bool fingerprint = false;
  /// SOFTWARE of Allocate and Refresh (RFC 8656, section 5); left out if empty.
  std::string software = {};

  bool operator==(const ClientConfig&) const = default;
};

}  // namespace tickover::turn
