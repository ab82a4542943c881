#include "core/turn/client/request_writer.h"

#include "core/check.h"
#include "core/stun/message_writer.h"

namespace tickover::turn::client {

namespace {

using stun::AttributeType;
using stun::MessageWriter;

constexpr std::uint8_t udp = 17;  // RFC 8656, section 18.7

void add_what_is_asked(MessageWriter& writer, const Order& order, const ClientConfig& config) {
  switch (order.kind) {
    case Kind::probe:
    case Kind::allocate:
      writer.add_leading_byte(AttributeType::requested_transport, udp);
      // Absent means IPv4 (RFC 8656, section 7.2), which the oldest relays understand too.
      if (config.relay_family == AddressFamily::ipv6) {
        writer.add_leading_byte(AttributeType::requested_address_family, 2);
      }
      if (config.additional_ipv6) {
        writer.add_leading_byte(AttributeType::additional_address_family, 2);
      }
      [[fallthrough]];
    case Kind::refresh:
      if (config.requested_lifetime > Duration{}) writer.add_lifetime(config.requested_lifetime);
      break;
    case Kind::evict:
    case Kind::release:
      writer.add_lifetime(Duration{});
      break;
    case Kind::bind:
      writer.add_channel_number(order.channel);
      [[fallthrough]];
    case Kind::permit:
      writer.add_xor_address(AttributeType::xor_peer_address, order.peer.endpoint);
      break;
  }
}

// RFC 8489, section 9.2.5: where algorithms were offered, MESSAGE-INTEGRITY-SHA256 alone.
void sign(MessageWriter& writer, const Credentials& credentials) {
  if (credentials.is_hidden()) {
    writer.add(AttributeType::userhash,
               stun::user_hash(credentials.username(), credentials.realm()));
  } else {
    writer.add_text(AttributeType::username, credentials.username());
  }
  writer.add_text(AttributeType::realm, credentials.realm());
  writer.add_text(AttributeType::nonce, credentials.nonce());
  const auto algorithm = credentials.algorithm();
  if (!algorithm) return writer.add_integrity(credentials.key());
  writer.add(AttributeType::password_algorithms, credentials.algorithms());
  writer.add_password_algorithms(AttributeType::password_algorithm, {&*algorithm, 1});
  writer.add_integrity_sha256(credentials.key());
}

bool names_software(Kind kind) {
  return method_of(kind) == stun::Method::allocate || method_of(kind) == stun::Method::refresh;
}

}  // namespace

Bytes write_request(MutableBytes buffer, const Order& order, const stun::TransactionId& id,
                    const ClientConfig& config, const Credentials& credentials) {
  CHECK(buffer.size() >= largest_request);
  MessageWriter writer(buffer, {method_of(order.kind), stun::Class::request}, id);
  if (names_software(order.kind) && !config.software.empty()) {
    writer.add_text(AttributeType::software, config.software);
  }
  add_what_is_asked(writer, order, config);
  if (order.kind != Kind::probe) {
    CHECK(credentials.known());
    sign(writer, credentials);
  }
  if (config.fingerprint) writer.add_fingerprint();
  CHECK(writer.ok());
  return writer.bytes();
}

Bytes write_send_indication(MutableBytes buffer, const stun::TransactionId& id,
                            const PeerAddress& peer, Bytes payload) {
  MessageWriter writer(buffer, {stun::Method::send, stun::Class::indication}, id);
  writer.add_xor_address(AttributeType::xor_peer_address, peer.endpoint);
  writer.add(AttributeType::data, payload);
  return writer.ok() ? writer.bytes() : Bytes{};
}

}  // namespace tickover::turn::client
