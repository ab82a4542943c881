#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/stun/types.h"
#include "properties/interop/udp.h"

namespace tickover::interop {

/// With which credentials a request comes.
enum class Auth : std::uint8_t {
  none,
  good,  // alice's, with the newest nonce
  other_user,
  wrong_password,
  unknown_user,
  wrong_realm,
  foreign_nonce,
  no_username,
  no_realm,
  no_nonce,
};

/// What is wrong with the bytes, beside what they say.
enum class Damage : std::uint8_t {
  none,
  odd_length,    // the header's length is no multiple of four
  short_length,  // the header's length is less than what follows
  long_length,   // ... or more
  wrong_cookie,
  top_bits,    // neither STUN nor ChannelData
  a_response,  // it says that it is a success response
  bad_fingerprint,
  overrun,        // the last attribute claims more than there is
  flipped_bit,    // in the transaction ID, after signing
  unsigned_tail,  // LIFETIME 0 behind MESSAGE-INTEGRITY (PROTOCOL W1)
};

/// Which peer address an attribute names.
enum class Peer : std::uint8_t {
  peer,        // the one that listens
  other_port,  // on the same address
  other_ip,    // 127.0.0.2
  port_zero,
  ipv6,        // of the family that the allocation does not have
  mapped,      // ::ffff:127.0.0.1
  private_ip,  // 10.0.0.1
  metadata,    // 169.254.169.254
  multicast,
  broadcast,
  this_net,  // 0.0.0.1
  family_three,
  truncated,
};

/// One datagram that a client sends, as a value that can be generated, shrunk and printed. The
/// same list of them is put to two servers.
struct Ask {
  enum class Kind : std::uint8_t { request, indication, channel_data, repeat, peer_speaks };
  Kind kind = Kind::request;
  std::uint16_t method = 1;
  Auth auth = Auth::none;
  Damage damage = Damage::none;
  std::optional<std::uint32_t> lifetime;
  std::optional<std::uint8_t> transport;
  std::optional<std::uint8_t> family;
  std::optional<std::uint8_t> even_port;
  bool token = false;  // a RESERVATION-TOKEN of nobody
  bool dont_fragment = false;
  bool mobility = false;
  bool unknown_required = false;
  bool unknown_optional = false;
  bool fingerprint = false;
  std::vector<Peer> peers;
  std::optional<std::uint16_t> channel;
  std::optional<std::uint16_t> data;  // bytes of it

  bool operator==(const Ask&) const = default;
};

std::string text_of(const Ask& ask);

/// What a client knows of its server so far.
struct Session {
  std::string realm;
  std::string nonce;
  Endpoint peer;   // that listens
  Endpoint other;  // another port there
  std::uint32_t asked = 0;
  Buffer last;
};

/// The bytes of it; notes them as the last.
Buffer encode(const Ask& ask, Session& session);

}  // namespace tickover::interop
