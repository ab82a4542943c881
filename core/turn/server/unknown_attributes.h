#pragma once

#include <algorithm>
#include <array>
#include <span>

#include "core/stun/message_view.h"

namespace tickover::turn {

/// The comprehension-required attributes of a message that this server does not understand, each
/// once and at most 16, so that the 420 that lists them stays small (RFC 8489, section 6.3.1).
class UnknownAttributes {
 public:
  bool empty() const { return count_ == 0; }
  std::span<const stun::AttributeType> types() const { return {types_.data(), count_}; }
  void add(stun::AttributeType type) {
    const auto known = types();
    if (count_ == types_.size() || std::find(known.begin(), known.end(), type) != known.end()) {
      return;
    }
    types_[count_++] = type;
  }

 private:
  std::array<stun::AttributeType, 16> types_{};
  std::size_t count_ = 0;
};

/// Whether this server understands a comprehension-required attribute, if only to know that it
/// means nothing in a request. What is not here, and all of RFC 5780, gets 420 (PROTOCOL N2).
constexpr bool is_understood(stun::AttributeType type) {
  using enum stun::AttributeType;
  switch (type) {
    case mapped_address:
    case username:
    case message_integrity:
    case error_code:
    case unknown_attributes:
    case channel_number:
    case lifetime:
    case xor_peer_address:
    case data:
    case realm:
    case nonce:
    case xor_relayed_address:
    case requested_address_family:
    case even_port:
    case requested_transport:
    case dont_fragment:
    case message_integrity_sha256:
    case password_algorithm:
    case userhash:
    case xor_mapped_address:
    case reservation_token:
      return true;
    default:
      return false;
  }
}

inline UnknownAttributes unknown_attributes(const stun::MessageView& message) {
  UnknownAttributes unknown;
  message.for_each([&](const stun::Attribute& attribute) {
    if (stun::is_comprehension_required(attribute.type) && !is_understood(attribute.type)) {
      unknown.add(attribute.type);
    }
  });
  return unknown;
}

}  // namespace tickover::turn
