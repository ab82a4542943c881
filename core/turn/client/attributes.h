#pragma once

#include "core/stun/message_view.h"

namespace tickover::turn::client {

/// Whether a client knows what this attribute means in something that it receives.
constexpr bool is_understood(stun::AttributeType type) {
  switch (type) {
    case stun::AttributeType::mapped_address:
    case stun::AttributeType::username:
    case stun::AttributeType::message_integrity:
    case stun::AttributeType::error_code:
    case stun::AttributeType::unknown_attributes:
    case stun::AttributeType::channel_number:
    case stun::AttributeType::lifetime:
    case stun::AttributeType::xor_peer_address:
    case stun::AttributeType::data:
    case stun::AttributeType::realm:
    case stun::AttributeType::nonce:
    case stun::AttributeType::xor_relayed_address:
    case stun::AttributeType::requested_address_family:
    case stun::AttributeType::requested_transport:
    case stun::AttributeType::message_integrity_sha256:
    case stun::AttributeType::password_algorithm:
    case stun::AttributeType::userhash:
    case stun::AttributeType::xor_mapped_address:
    case stun::AttributeType::reservation_token:
      return true;
    default:
      return false;
  }
}

/// Whether the message has an attribute that must be understood and is not: then an indication is
/// dropped, and a success is none (RFC 8489, section 6.3; PROTOCOL T15, T16).
inline bool demands_the_unknown(const stun::MessageView& message) {
  bool demands = false;
  message.for_each([&](const stun::Attribute& attribute) {
    demands |= stun::is_comprehension_required(attribute.type) && !is_understood(attribute.type);
  });
  return demands;
}

}  // namespace tickover::turn::client
