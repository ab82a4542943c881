#include "sim/roles/attacks.h"

#include <algorithm>
#include <array>

#include "core/check.h"
#include "core/stun/message_writer.h"

namespace tickover::sim {
namespace {

using stun::AttributeType;
using stun::Class;
using stun::ErrorCode;
using stun::MessageWriter;
using stun::Method;
using stun::TransactionId;

constexpr std::uint8_t udp = 17;  // RFC 8656, section 18.8
constexpr std::string_view false_nonce = "obMatJos2AAAAthis+nonce+was+never+given+by/anybody";

Bytes finished(const MessageWriter& writer) {
  CHECK(writer.ok());
  return writer.bytes();
}

stun::IntegrityKey wrong_key() {
  return stun::IntegrityKey::raw(as_bytes("nobody's key"));
}

/// An RFC 5780 request: with RFC 8489 all three are attributes that must be understood.
Bytes write_discovery(MutableBytes buffer, AttributeType type, Random& random) {
  MessageWriter writer(buffer, {Method::binding, Class::request}, TransactionId::draw(random));
  if (type == AttributeType::change_request) writer.add_u32(type, 6);  // another address and port
  if (type == AttributeType::response_port) writer.add_u32(type, 666u << 16);
  if (type == AttributeType::padding) {
    const std::array<std::uint8_t, 512> much{};
    writer.add(type, much);
  }
  return finished(writer);
}

}  // namespace

Bytes write_noise(MutableBytes buffer, Random& random) {
  const MutableBytes noise = buffer.first(16 + random.below(200));
  random.fill(noise);
  return noise;
}

Bytes write_flood(MutableBytes buffer, std::uint64_t number, Random& random) {
  const std::uint64_t variant = number % 3;
  const Method method = variant == 0 ? Method::binding : Method::allocate;
  MessageWriter writer(buffer, {method, Class::request}, TransactionId::draw(random));
  if (variant != 0) writer.add_leading_byte(AttributeType::requested_transport, udp);
  if (variant == 2) {
    writer.add_text(AttributeType::username, "nobody");
    writer.add_text(AttributeType::realm, "example.org");
    writer.add_text(AttributeType::nonce, false_nonce);
    writer.add_integrity(wrong_key());
  }
  return finished(writer);
}

Bytes write_garbage(MutableBytes buffer, std::uint64_t number, Random& random) {
  switch (number % 9) {
    case 0:
      return write_noise(buffer, random);
    case 1: {  // RFC 3489: where the cookie stands today, its id began
      const MutableBytes classic = buffer.first(stun::header_size);
      random.fill(classic);
      std::ranges::copy(std::array<std::uint8_t, 5>{0x00, 0x01, 0x00, 0x00, 0x12}, classic.begin());
      return classic;
    }
    case 2:
      return write_discovery(buffer, AttributeType::change_request, random);
    case 3:
      return write_discovery(buffer, AttributeType::response_port, random);
    case 4:
      return write_discovery(buffer, AttributeType::padding, random);
    case 5: {
      const Bytes whole = write_flood(buffer, 1, random);
      return whole.first(random.below(whole.size()));
    }
    case 6: {
      MessageWriter writer(buffer, {Method::allocate, Class::request}, TransactionId::draw(random));
      for (int i = 0; i < 200; ++i) writer.add(AttributeType::software, {});
      const Bytes whole = finished(writer);
      // Every other one claims to be as long as a message can be.
      if (random.below(2) == 0) std::ranges::fill(buffer.subspan(2, 2), std::uint8_t{0xFC});
      return whole;
    }
    case 7: {
      MessageWriter writer(buffer, {Method::refresh, Class::success}, TransactionId::draw(random));
      writer.add_lifetime(Duration{});
      return finished(writer);
    }
    default:
      return write_stray_channel_data(
          buffer, *turn::ChannelNumber::parse(turn::ChannelNumber::first), random);
  }
}

Bytes write_forged_answer(MutableBytes buffer, const stun::MessageView& request,
                          std::uint64_t number, const Endpoint& attacker, Random& random) {
  constexpr std::array codes = {ErrorCode::unauthenticated,     ErrorCode::try_alternate,
                                ErrorCode::allocation_mismatch, ErrorCode::stale_nonce,
                                ErrorCode::wrong_credentials,   ErrorCode::insufficient_capacity,
                                ErrorCode::bad_request,         ErrorCode::forbidden};
  constexpr std::uint64_t successes = 2;
  const std::uint64_t variant = number % (codes.size() + successes);
  if (variant < successes) {
    MessageWriter writer(buffer, {request.method(), Class::success}, request.id());
    if (request.method() == Method::allocate) {
      writer.add_xor_address(AttributeType::xor_relayed_address, attacker);
      writer.add_xor_address(AttributeType::xor_mapped_address, attacker);
      writer.add_lifetime(std::chrono::hours(1));
    } else if (request.method() == Method::refresh) {
      writer.add_lifetime(Duration{});
    }
    if (variant == 1) writer.add_integrity(wrong_key());
    return finished(writer);
  }
  const ErrorCode code = codes[variant - successes];
  MessageWriter writer(buffer, {request.method(), Class::error}, request.id());
  writer.add_error(code, {});
  if (code == ErrorCode::unauthenticated) {
    writer.add_text(AttributeType::realm, "a realm of the attacker's");
    writer.add_text(AttributeType::nonce, false_nonce);
  } else if (code == ErrorCode::stale_nonce) {
    writer.add_text(AttributeType::nonce, false_nonce);
  } else if (code == ErrorCode::try_alternate) {
    writer.add_plain_address(AttributeType::alternate_server, attacker);
  }
  if (random.below(2) == 0) writer.add_integrity(wrong_key());
  return finished(writer);
}

Bytes write_indication(MutableBytes buffer, Method method, const Endpoint& peer, Random& random) {
  std::array<std::uint8_t, attack_size / 2> noise{};
  const Bytes data = write_noise(noise, random);
  MessageWriter writer(buffer, {method, Class::indication}, TransactionId::draw(random));
  writer.add_xor_address(AttributeType::xor_peer_address, peer);
  writer.add(AttributeType::data, data);
  return finished(writer);
}

Bytes write_stray_channel_data(MutableBytes buffer, turn::ChannelNumber channel, Random& random) {
  std::array<std::uint8_t, attack_size / 2> noise{};
  const Bytes data = write_noise(noise, random);
  return turn::write_channel_data(buffer, channel, data);
}

}  // namespace tickover::sim
