#include <gtest/gtest.h>

#include "properties/stun/wire.h"

// Messages that nobody sends by accident. Any bytes at all: properties/fuzz/decoder.cpp.
namespace tickover::stun {
namespace {

using wire::Buffer;
using wire::hex;

/// A Binding request of so many attributes of no length, and one LIFETIME at the end.
Buffer crowded(std::size_t attributes) {
  Buffer buffer(header_size + 4 * attributes + 8);
  MessageWriter writer(buffer, {Method::binding, Class::request}, TransactionId{});
  for (std::size_t i = 0; i < attributes; ++i) {
    writer.add(static_cast<AttributeType>(0x9000 + i % 0x1000), {});
  }
  writer.add_lifetime(std::chrono::seconds(700));
  return wire::copy(writer.bytes());
}

// PROTOCOL AB24
TEST(MessageView, finds_its_way_through_as_many_attributes_as_fit) {
  constexpr std::size_t most = (0xFFFC - 8) / 4;
  const Buffer message = crowded(most);
  const auto view = MessageView::decode(message);
  ASSERT_TRUE(view);
  std::size_t seen = 0;
  view->for_each([&](const Attribute&) { ++seen; });
  EXPECT_EQ(seen, most + 1);
  EXPECT_EQ(view->lifetime(), Duration(std::chrono::seconds(700)));
  EXPECT_EQ(view->names_unknown(AttributeType::lifetime), false);
}

// PROTOCOL AB24
TEST(MessageView, does_not_care_where_in_memory_it_lies) {
  const Buffer message = crowded(3);
  for (std::size_t shift = 0; shift < 8; ++shift) {
    Buffer shifted(shift, 0xee);
    shifted.insert(shifted.end(), message.begin(), message.end());
    const auto view = MessageView::decode(Bytes(shifted).subspan(shift));
    ASSERT_TRUE(view) << shift;
    EXPECT_EQ(view->lifetime(), Duration(std::chrono::seconds(700))) << shift;
  }
}

// PROTOCOL AB24; BUGS B05
TEST(MessageView, is_not_fooled_by_lengths_near_the_end_of_their_field) {
  for (unsigned length = 0xFF00; length <= 0xFFFF; ++length) {
    Buffer message = hex("00010008 2112a442 000000000000000000000000 00060000 61626364");
    message[22] = static_cast<std::uint8_t>(length >> 8);
    message[23] = static_cast<std::uint8_t>(length & 0xff);
    const auto view = MessageView::decode(message);
    ASSERT_FALSE(view) << length;
    EXPECT_EQ(view.error().offset, header_size);
  }
}

// PROTOCOL AB24
TEST(MessageView, takes_a_message_within_data_for_data) {
  const Buffer inner = crowded(5);
  Buffer buffer(400);
  MessageWriter writer(buffer, {Method::send, Class::indication}, TransactionId{});
  writer.add(AttributeType::data, inner);
  const auto view = MessageView::decode(writer.bytes());
  ASSERT_TRUE(view);
  EXPECT_FALSE(view->has(AttributeType::lifetime));
  EXPECT_EQ(wire::copy(view->find(AttributeType::data).value()), inner);
}

// PROTOCOL M2
TEST(LooksLikeStun, leaves_small_first_bytes_without_the_cookie_to_others) {
  Buffer message = hex("00010000 2112a442 000000000000000000000000");
  EXPECT_TRUE(looks_like_stun(message));
  for (std::size_t at = 4; at < 8; ++at) {
    Buffer other = message;
    other[at] ^= 0x10;
    EXPECT_FALSE(looks_like_stun(other)) << at;
    EXPECT_FALSE(MessageView::decode(other)) << at;
  }
  EXPECT_FALSE(looks_like_stun(Bytes(message).first(7)));
}

}  // namespace
}  // namespace tickover::stun
