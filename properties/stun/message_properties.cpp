#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "properties/stun/wire.h"

namespace tickover::stun {
namespace {

using wire::Buffer;

const IntegrityKey key = IntegrityKey::raw(as_bytes("a shared secret"));

struct Field {
  AttributeType type{};
  Buffer value;
  bool operator==(const Field&) const = default;
};

bool is_special(AttributeType type) {
  return type == AttributeType::message_integrity ||
         type == AttributeType::message_integrity_sha256 || type == AttributeType::fingerprint;
}

rc::Gen<Buffer> any_bytes(int longest) {
  return rc::gen::mapcat(rc::gen::inRange(0, longest + 1), [](int size) {
    return rc::gen::container<Buffer>(static_cast<std::size_t>(size),
                                      rc::gen::arbitrary<std::uint8_t>());
  });
}

rc::Gen<AttributeType> ordinary_type() {
  const auto known = rc::gen::element(
      AttributeType::username, AttributeType::lifetime, AttributeType::xor_peer_address,
      AttributeType::channel_number, AttributeType::error_code, AttributeType::data);
  const auto any = rc::gen::map<std::uint16_t>([](std::uint16_t t) { return AttributeType{t}; });
  return rc::gen::suchThat(rc::gen::oneOf(known, any),
                           [](AttributeType type) { return !is_special(type); });
}

std::vector<Field> any_fields() {
  std::vector<Field> fields;
  const int count = *rc::gen::inRange(0, 6);
  for (int i = 0; i < count; ++i) fields.push_back({*ordinary_type(), *any_bytes(40)});
  return fields;
}

MessageType any_type() {
  return MessageType::decoded(*rc::gen::inRange<std::uint16_t>(0, 0x4000));
}

TransactionId any_id() {
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  return TransactionId::draw(random);
}

enum class Ending { bare, integrity, fingerprint, both };

Buffer any_message(Ending ending, const std::vector<Field>& fields) {
  Buffer buffer(1000, 0xcc);
  MessageWriter writer(buffer, any_type(), any_id());
  for (const Field& field : fields) writer.add(field.type, field.value);
  if (ending == Ending::integrity || ending == Ending::both) writer.add_integrity(key);
  if (ending == Ending::fingerprint || ending == Ending::both) writer.add_fingerprint();
  RC_ASSERT(writer.ok());
  return wire::copy(writer.bytes());
}

std::vector<Field> ordinary_fields(const MessageView& view) {
  std::vector<Field> fields;
  view.for_each([&](const Attribute& attribute) {
    if (!is_special(attribute.type))
      fields.push_back({attribute.type, wire::copy(attribute.value)});
  });
  return fields;
}

/// Everything that a view can say, as one comparable value; asks every question on the way.
std::vector<Field> answers(Bytes bytes) {
  const auto view = MessageView::decode(bytes);
  if (!view) {
    RC_ASSERT(view.error().offset <= bytes.size());
    return {{AttributeType{}, wire::copy(as_bytes(view.error().what))}};
  }
  std::vector<Field> said;
  view->for_each([&](const Attribute& attribute) {
    RC_ASSERT(attribute.value.empty() ||
              (attribute.value.data() >= bytes.data() &&
               attribute.value.data() + attribute.value.size() <= bytes.data() + bytes.size()));
    said.push_back({attribute.type, wire::copy(attribute.value)});
    const auto address = view->xor_address(attribute);
    const auto plain = view->plain_address(attribute.type);
    const std::string text = (address ? address->text() : "-") + (plain ? plain->text() : "-");
    said.push_back({attribute.type, wire::copy(as_bytes(text))});
    const auto reading = view->text(attribute.type);
    if (reading) said.push_back({attribute.type, wire::copy(as_bytes(*reading))});
  });
  const auto note = [&](bool bit) { said.push_back({AttributeType{}, Buffer(1, bit ? 1 : 0)}); };
  note(view->lifetime().has_value());
  note(view->error().has_value());
  note(view->channel_number().has_value());
  note(view->leading_byte(AttributeType::requested_transport).has_value());
  note(view->has_integrity());
  note(view->has_fingerprint());
  note(view->verifies(key));
  return said;
}

/// Bytes that get past the header, so that the attribute walk meets the junk.
Buffer plausible_junk() {
  Buffer message = wire::hex("00010000 2112a442 000000000000000000000000");
  const Buffer tail = *any_bytes(120);
  message.insert(message.end(), tail.begin(), tail.end());
  message.resize(message.size() & ~std::size_t{3});
  message[3] = static_cast<std::uint8_t>(message.size() - header_size);
  for (std::size_t at = header_size; at + 4 <= message.size();) {  // lengths that may well fit
    message[at + 2] = 0;
    message[at + 3] &= 0x1f;
    if (*rc::gen::inRange(0, 4) == 0) {
      message[at] = *rc::gen::element<std::uint8_t>(0x00, 0x80);
      message[at + 1] = *rc::gen::element<std::uint8_t>(0x08, 0x1c, 0x28, 0x20);
    }
    at += 4 + ((message[at + 3] + 3u) & ~3u);
  }
  return message;
}

// BUGS P18
RC_GTEST_PROP(MessageWriter, is_understood_by_the_view, ()) {
  const std::vector<Field> fields = any_fields();
  const MessageType type = any_type();
  const TransactionId id = any_id();
  Buffer buffer(1000, 0xcc);
  MessageWriter writer(buffer, type, id);
  for (const Field& field : fields) writer.add(field.type, field.value);
  const bool integrity = *rc::gen::arbitrary<bool>();
  const bool fingerprint = *rc::gen::arbitrary<bool>();
  if (integrity) writer.add_integrity(key);
  if (fingerprint) writer.add_fingerprint();
  const auto view = MessageView::decode(writer.bytes());
  RC_ASSERT(view.has_value());
  RC_ASSERT(view->type() == type);
  RC_ASSERT(view->id() == id);
  RC_ASSERT(ordinary_fields(*view) == fields);
  RC_ASSERT(view->has_integrity() == integrity);
  RC_ASSERT(view->verifies(key) == integrity);
  RC_ASSERT(!view->verifies(IntegrityKey()));
  RC_ASSERT(view->has_fingerprint() == fingerprint);
}

// PROTOCOL K7, K14, K19, K20; BUG B03(a); BUGS P18
RC_GTEST_PROP(MessageWriter, keeps_typed_values,
              (std::uint32_t seconds, std::uint16_t number, std::uint8_t byte,
               std::uint16_t port)) {
  Random random(seconds);
  std::array<std::uint8_t, 16> ip{};
  random.fill(ip);
  const Endpoint six{IpAddress::v6(ip), port};
  const Endpoint four{IpAddress::v4({ip[0], ip[1], ip[2], ip[3]}), port};
  const auto code = static_cast<ErrorCode>(*rc::gen::inRange<std::uint16_t>(300, 700));
  Buffer buffer(300, 0xcc);
  MessageWriter writer(buffer, {}, any_id());
  writer.add_lifetime(std::chrono::seconds(seconds));
  writer.add_channel_number(number);
  writer.add_leading_byte(AttributeType::requested_transport, byte);
  writer.add_xor_address(AttributeType::xor_peer_address, six);
  writer.add_xor_address(AttributeType::xor_mapped_address, four);
  writer.add_plain_address(AttributeType::alternate_server, six);
  writer.add_plain_address(AttributeType::mapped_address, four);
  writer.add_error(code, "why");
  const auto view = MessageView::decode(writer.bytes());
  RC_ASSERT(view.has_value());
  RC_ASSERT(view->lifetime().value() == Duration(std::chrono::seconds(seconds)));
  RC_ASSERT(view->channel_number().value() == number);
  RC_ASSERT(view->leading_byte(AttributeType::requested_transport).value() == byte);
  RC_ASSERT(view->xor_address(AttributeType::xor_peer_address).value() == six);
  RC_ASSERT(view->xor_address(AttributeType::xor_mapped_address).value() == four);
  RC_ASSERT(view->plain_address(AttributeType::alternate_server).value() == six);
  RC_ASSERT(view->plain_address(AttributeType::mapped_address).value() == four);
  RC_ASSERT(view->error()->code == static_cast<int>(code));
  RC_ASSERT(view->error()->reason == "why");
}

// What the buffer held before never leaks into the padding.
// PROTOCOL K4, AB25
RC_GTEST_PROP(MessageWriter, pads_with_zeros, (std::uint8_t dirt)) {
  const Buffer value = *any_bytes(9);
  Buffer buffer(100, dirt);
  MessageWriter writer(buffer, {}, TransactionId{});
  writer.add(AttributeType::software, value);
  const Bytes written = writer.bytes();
  RC_ASSERT(written.size() % 4 == 0);
  for (std::size_t i = header_size + 4 + value.size(); i < written.size(); ++i) {
    RC_ASSERT(written[i] == 0);
  }
}

// PROTOCOL K26; BUGS P19
RC_GTEST_PROP(MessageView, refuses_every_truncation, ()) {
  const Buffer message = any_message(*rc::gen::element(Ending::bare, Ending::both), any_fields());
  for (std::size_t size = 0; size < message.size(); ++size) {
    const Buffer exact(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size));
    RC_ASSERT(!MessageView::decode(exact).has_value());
  }
}

// PROTOCOL K12
RC_GTEST_PROP(MessageView, notices_every_flipped_bit_by_fingerprint, ()) {
  Buffer message = any_message(*rc::gen::element(Ending::fingerprint, Ending::both), any_fields());
  for (std::size_t bit = 0; bit < 8 * message.size(); ++bit) {
    message[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    const auto view = MessageView::decode(message);
    const bool passes = view.has_value() && view->has_fingerprint();
    RC_ASSERT(!passes);
    message[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
  }
}

// PROTOCOL K10; BUGS P15
RC_GTEST_PROP(MessageView, notices_every_flipped_bit_by_integrity, ()) {
  Buffer message = any_message(Ending::integrity, any_fields());
  for (std::size_t bit = 0; bit < 8 * message.size(); ++bit) {
    message[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    const auto view = MessageView::decode(message);
    const bool passes = view.has_value() && view->verifies(key);
    RC_ASSERT(!passes);
    message[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
  }
}

// PROTOCOL K13, W1, AB13
RC_GTEST_PROP(MessageView, sees_nothing_smuggled_behind_integrity, ()) {
  const std::vector<Field> fields = any_fields();
  Buffer message = any_message(Ending::integrity, fields);
  for (const Field& field : any_fields()) wire::smuggle(message, field.type, field.value);
  const auto view = MessageView::decode(message);
  RC_ASSERT(view.has_value());
  RC_ASSERT(ordinary_fields(*view) == fields);
  RC_ASSERT(view->verifies(key));
}

// BUG B11; BUGS P19
RC_GTEST_PROP(MessageView, answers_for_any_bytes_and_remembers_none, ()) {
  const Buffer first = *rc::gen::arbitrary<bool>() ? plausible_junk() : *any_bytes(200);
  const Buffer second = plausible_junk();
  const auto fresh = answers(first);
  answers(second);
  RC_ASSERT(answers(first) == fresh);
}

// PROTOCOL K7, K14, K19, K20; BUG B03
RC_GTEST_PROP(MessageView, ignores_reserved_bits, (std::uint16_t low, std::uint16_t number)) {
  const auto high = static_cast<std::uint8_t>(low >> 8);
  Buffer buffer(200);
  MessageWriter writer(buffer, {}, any_id());
  writer.add_channel_number(number);
  writer.add_leading_byte(AttributeType::requested_transport, 17);
  writer.add_xor_address(AttributeType::xor_peer_address, {IpAddress::v4({192, 0, 2, 1}), number});
  writer.add_error(ErrorCode::stale_nonce, "stale");
  Buffer message = wire::copy(writer.bytes());
  message[26] = high;  // behind the channel number
  message[27] = static_cast<std::uint8_t>(low & 0xff);
  message[33] = message[34] = message[35] = high;  // behind the protocol
  message[40] = high;                              // before the family
  message[52] = message[53] = high;                // before the error class
  message[54] = static_cast<std::uint8_t>((message[54] & 7) | (high & ~7u));
  const auto view = MessageView::decode(message);
  RC_ASSERT(view.has_value());
  RC_ASSERT(view->channel_number().value() == number);
  RC_ASSERT(view->leading_byte(AttributeType::requested_transport).value() == 17);
  RC_ASSERT(view->xor_address(AttributeType::xor_peer_address).value() ==
            (Endpoint{IpAddress::v4({192, 0, 2, 1}), number}));
  RC_ASSERT(view->error()->code == 438);
}

}  // namespace
}  // namespace tickover::stun
