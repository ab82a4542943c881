#pragma once

#include "core/backoff.h"
#include "sim/role.h"

namespace tickover::sim {

/// The standard port of STUN and TURN over UDP (RFC 8489, section 8; RFC 8656, section 4).
inline constexpr std::uint16_t stun_port = 3478;

/// LIFETIME counts seconds in 32 bits (RFC 8656, section 18.2).
inline constexpr Duration longest_lifetime = std::chrono::seconds(0xFFFF'FFFF);

/// A plain UDP endpoint on port 7000: sends what its application sends, tells it what arrives, and
/// echoes it if `echo = true`.
Role peer_role();
/// A stranger that does harm: it sends from whatever address it likes, and overhears its victim.
Role attacker_role();
Role stun_client_role();
Role turn_client_role();
Role turn_server_role();

/// A duration that is not zero, or at least so long.
KeySpec time_key(std::string name, std::string help, Duration least = Duration::nanoseconds(1),
                 Duration most = Duration::max());
KeySpec integer_key(std::string name, std::string help, std::int64_t least, std::int64_t most);

/// Whether a host of that role serves nobody; others may be somebody's own relays.
bool is_no_relay(const HostInfo& host);

/// Why a request cannot bear these texts, nor `software` (RFC 8489, sections 14.3 and 14.14).
std::optional<std::string> text_problem(const RoleContext& context, std::string_view username);

/// The key `backoff` of the client roles: "rfc8489", "connlib", or a table of its own.
KeySpec backoff_key();
BackoffPolicy backoff_policy(const RoleContext& context);
/// Why nobody would wait for the end of it; nothing if it ends in time.
std::optional<std::string> backoff_problem(const RoleContext& context);
/// The keys `measure-round-trip` and `longest-rto` of the client roles, and what they say.
std::vector<KeySpec> round_trip_keys();
bool measures_round_trip(const RoleContext& context);
Duration longest_rto(const RoleContext& context);
/// The policy of a client that measured the longest round trips.
BackoffPolicy slowest_backoff(const RoleContext& context);
/// The longest time between two looks at a request under `policy`, and the time until it gives up.
struct BackoffBounds {
  Duration longest_wait;
  Duration give_up;
};
BackoffBounds bounds_of(const BackoffPolicy& policy);

/// Names STUN messages and ChannelData: the kind is the 14-bit message type, or 0x4000.
Label stun_label(Bytes datagram);
std::string_view stun_kind_name(std::uint16_t kind);
/// Every name that stun_kind_name gives to what STUN and TURN hosts send, and "datagram".
std::vector<std::string> stun_messages();
/// Those of them that a TURN client or server sends.
std::vector<std::string> turn_client_messages();
std::vector<std::string> turn_server_messages();

}  // namespace tickover::sim
