#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string_view>

#include "core/random.h"

namespace tickover::stun {

inline constexpr std::uint32_t magic_cookie = 0x2112A442;  // RFC 8489, section 5
inline constexpr std::size_t header_size = 20;
inline constexpr std::uint32_t fingerprint_xor = 0x5354554e;  // RFC 8489, section 14.7

enum class Class : std::uint8_t { request = 0, indication = 1, success = 2, error = 3 };

/// RFC 8489, section 18.2; RFC 8656, section 17. Any 12-bit value can come from the wire.
enum class Method : std::uint16_t {
  binding = 0x001,
  allocate = 0x003,
  refresh = 0x004,
  send = 0x006,
  data = 0x007,
  create_permission = 0x008,
  channel_bind = 0x009,
};

struct MessageType {
  Method method = Method::binding;
  Class message_class = Class::request;

  /// The 14 bits on the wire: the class bits sit at 0x0010 and 0x0100 (RFC 8489, section 5).
  constexpr std::uint16_t encoded() const {
    const auto m = static_cast<unsigned>(method);
    const auto c = static_cast<unsigned>(message_class);
    return static_cast<std::uint16_t>((m & 0x00fu) | (m & 0x070u) << 1 | (m & 0xf80u) << 2 |
                                      (c & 1u) << 4 | (c & 2u) << 7);
  }
  static constexpr MessageType decoded(std::uint16_t bits) {
    const unsigned b = bits;
    return {static_cast<Method>((b & 0x000fu) | (b & 0x00e0u) >> 1 | (b & 0x3e00u) >> 2),
            static_cast<Class>((b & 0x0010u) >> 4 | (b & 0x0100u) >> 7)};
  }
  constexpr bool operator==(const MessageType&) const = default;
};

/// RFC 8489, section 18.3; RFC 8656, section 18; RFC 5780 for those that are refused.
enum class AttributeType : std::uint16_t {
  mapped_address = 0x0001,
  change_request = 0x0003,
  username = 0x0006,
  message_integrity = 0x0008,
  error_code = 0x0009,
  unknown_attributes = 0x000a,
  channel_number = 0x000c,
  lifetime = 0x000d,
  xor_peer_address = 0x0012,
  data = 0x0013,
  realm = 0x0014,
  nonce = 0x0015,
  xor_relayed_address = 0x0016,
  requested_address_family = 0x0017,
  even_port = 0x0018,
  requested_transport = 0x0019,
  dont_fragment = 0x001a,
  access_token = 0x001b,
  message_integrity_sha256 = 0x001c,
  password_algorithm = 0x001d,
  userhash = 0x001e,
  xor_mapped_address = 0x0020,
  reservation_token = 0x0022,
  padding = 0x0026,
  response_port = 0x0027,
  additional_address_family = 0x8000,
  address_error_code = 0x8001,
  password_algorithms = 0x8002,
  alternate_domain = 0x8003,
  icmp = 0x8004,
  software = 0x8022,
  alternate_server = 0x8023,
  fingerprint = 0x8028,
  response_origin = 0x802b,
  other_address = 0x802c,
  third_party_authorization = 0x802e,
  mobility_ticket = 0x8030,
  // The drafts of RFC 8656 had other numbers for its two; relays in the field still do (U4).
  draft_additional_address_family = 0x8032,
  draft_address_error_code = 0x8033,
};

/// RFC 8489, section 14: who does not know such an attribute must not go on.
constexpr bool is_comprehension_required(AttributeType type) {
  return static_cast<std::uint16_t>(type) < 0x8000;
}

/// How a long-term key is made of a password (RFC 8489, section 18.5). Any value can come from the
/// wire.
enum class PasswordAlgorithm : std::uint16_t { md5 = 0x0001, sha256 = 0x0002 };

/// 96 bits that name one transaction (RFC 8489, section 5); never reused by a client.
struct TransactionId {
  std::array<std::uint8_t, 12> bytes{};

  static TransactionId draw(Random& random) {
    TransactionId id;
    random.fill(id.bytes);
    return id;
  }
  constexpr auto operator<=>(const TransactionId&) const = default;
};

/// RFC 8489, section 14.8; RFC 8656, section 19.
enum class ErrorCode : std::uint16_t {
  try_alternate = 300,
  bad_request = 400,
  unauthenticated = 401,
  forbidden = 403,
  mobility_forbidden = 405,
  unknown_attribute = 420,
  allocation_mismatch = 437,
  stale_nonce = 438,
  address_family_not_supported = 440,
  wrong_credentials = 441,
  unsupported_transport_protocol = 442,
  peer_address_family_mismatch = 443,
  allocation_quota_reached = 486,
  server_error = 500,
  insufficient_capacity = 508,
};

}  // namespace tickover::stun
