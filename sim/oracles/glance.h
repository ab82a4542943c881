#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/address.h"
#include "core/bytes.h"

namespace tickover::sim {

/// What an oracle reads in a datagram at first sight, written from RFC 8489, section 5 and RFC
/// 8656, section 12.4 alone: it shares nothing with the core's codec, so that it cannot share its
/// mistakes. Numbers are written out here for the same reason.
struct StunGlance {
  std::uint16_t type = 0;  // the 14 bits
  Bytes id;                // 12 bytes
  Bytes attributes;

  bool is_request() const { return (type & 0x0110) == 0x0000; }
  bool is_indication() const { return (type & 0x0110) == 0x0010; }
  bool is_success() const { return (type & 0x0110) == 0x0100; }
  bool is_error() const { return (type & 0x0110) == 0x0110; }
  bool is_answer() const { return (type & 0x0100) != 0; }
  /// The type of the request that this belongs to.
  std::uint16_t request_type() const { return static_cast<std::uint16_t>(type & ~0x0110u); }
};

namespace stun_type {
inline constexpr std::uint16_t binding = 0x0001;
inline constexpr std::uint16_t allocate = 0x0003;
inline constexpr std::uint16_t refresh = 0x0004;
inline constexpr std::uint16_t create_permission = 0x0008;
inline constexpr std::uint16_t channel_bind = 0x0009;
inline constexpr std::uint16_t send_indication = 0x0016;
inline constexpr std::uint16_t data_indication = 0x0017;
}  // namespace stun_type

namespace stun_attribute {
inline constexpr std::uint16_t username = 0x0006;
inline constexpr std::uint16_t message_integrity = 0x0008;
inline constexpr std::uint16_t error_code = 0x0009;
inline constexpr std::uint16_t channel_number = 0x000c;
inline constexpr std::uint16_t lifetime = 0x000d;
inline constexpr std::uint16_t xor_peer_address = 0x0012;
inline constexpr std::uint16_t data = 0x0013;
inline constexpr std::uint16_t realm = 0x0014;
inline constexpr std::uint16_t nonce = 0x0015;
inline constexpr std::uint16_t xor_relayed_address = 0x0016;
inline constexpr std::uint16_t requested_address_family = 0x0017;
inline constexpr std::uint16_t message_integrity_sha256 = 0x001c;
inline constexpr std::uint16_t userhash = 0x001e;
}  // namespace stun_attribute

/// Nothing unless the header is that of a STUN message of exactly this length.
std::optional<StunGlance> glance_stun(Bytes datagram);

struct StunAttribute {
  std::uint16_t type = 0;
  Bytes value;
};

/// Walks the attributes that count: up to and including the first MESSAGE-INTEGRITY (RFC 8489,
/// section 9), or to the first that overruns the message.
class StunAttributes {
 public:
  explicit StunAttributes(const StunGlance& message) : left_(message.attributes) {}
  std::optional<StunAttribute> next();

 private:
  Bytes left_;
};

/// The value of the first attribute of that type.
std::optional<Bytes> find_attribute(const StunGlance& message, std::uint16_t type);
/// A XOR-…-ADDRESS value (RFC 8489, section 14.2).
std::optional<Endpoint> xor_endpoint(const StunGlance& message, Bytes value);
std::optional<Endpoint> find_endpoint(const StunGlance& message, std::uint16_t type);
/// A 32-bit value such as LIFETIME.
std::optional<std::uint32_t> find_number(const StunGlance& message, std::uint16_t type);
/// Class times 100 plus number; 0 without a whole ERROR-CODE.
std::uint32_t error_code_of(const StunGlance& message);

struct ChannelGlance {
  std::uint16_t number = 0;
  Bytes data;
};
/// Nothing unless the number is one of 0x4000..0x7FFF, as relays may allow (PROTOCOL W10), and the
/// data are all there.
std::optional<ChannelGlance> glance_channel(Bytes datagram);

}  // namespace tickover::sim
