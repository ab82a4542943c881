#include <gtest/gtest.h>

#include <chrono>

#include "properties/stun/wire.h"

namespace tickover::stun {
namespace {

using namespace std::chrono_literals;
using wire::Buffer;
using wire::hex;
using wire::with_attribute;

const IntegrityKey key = IntegrityKey::long_term("user", "realm", "pass");

/// A signed Refresh with LIFETIME 700.
Buffer signed_refresh() {
  Buffer buffer(200);
  MessageWriter writer(buffer, {Method::refresh, Class::request}, TransactionId{});
  writer.add_lifetime(700s);
  writer.add_integrity(key);
  return wire::copy(writer.bytes());
}

std::string_view complaint(Bytes bytes) {
  const auto view = MessageView::decode(bytes);
  return view ? std::string_view() : view.error().what;
}

// PROTOCOL K2
TEST(MessageType, keeps_every_method_and_class) {
  for (std::uint16_t method = 0; method < 4096; ++method) {
    for (const Class c : {Class::request, Class::indication, Class::success, Class::error}) {
      const MessageType type{static_cast<Method>(method), c};
      ASSERT_LT(type.encoded(), 0x4000);
      ASSERT_EQ(MessageType::decoded(type.encoded()), type);
    }
  }
}

// PROTOCOL K2
TEST(MessageType, has_the_published_bits) {
  EXPECT_EQ((MessageType{Method::binding, Class::success}).encoded(), 0x0101);
  EXPECT_EQ((MessageType{Method::allocate, Class::error}).encoded(), 0x0113);
  EXPECT_EQ((MessageType{Method::send, Class::indication}).encoded(), 0x0016);
  EXPECT_EQ((MessageType{Method{0xfff}, Class::request}).encoded(), 0x3eef);
}

// PROTOCOL K1, K26; BUG B05; BUGS G15
TEST(MessageView, refuses_a_wrong_header) {
  const Buffer good = hex("00010000 2112a442 000000000000000000000000");
  EXPECT_EQ(complaint(good), "");
  const auto with = [&](std::size_t at, std::uint8_t value) {
    Buffer bad = good;
    bad[at] = value;
    return bad;
  };
  for (const int top : {0x40, 0x80, 0xc0}) {
    EXPECT_EQ(complaint(with(0, static_cast<std::uint8_t>(top))),
              "the first two bits are not zero");
  }
  EXPECT_EQ(complaint(with(3, 2)), "the length is not a multiple of 4");
  EXPECT_EQ(complaint(with(3, 4)), "the length disagrees with the size of the datagram");
  EXPECT_EQ(complaint(with(7, 0x43)), "no magic cookie");
  EXPECT_EQ(complaint(Bytes(good).first(19)), "shorter than a STUN header");
  Buffer longer = good;
  longer.resize(24);
  EXPECT_EQ(complaint(longer), "the length disagrees with the size of the datagram");
  for (unsigned length = 0xFFEC; length <= 0xFFFF; ++length) {
    Buffer wrapping = with(2, 0xFF);
    wrapping[3] = static_cast<std::uint8_t>(length & 0xFF);
    EXPECT_NE(complaint(wrapping), "") << length;
  }
}

// BUGS P19
TEST(MessageView, says_where_an_attribute_overruns) {
  const auto view = MessageView::decode(
      hex("0001000c 2112a442 000000000000000000000000 80220001 61000000 80220001"));
  ASSERT_FALSE(view.has_value());
  EXPECT_EQ(view.error().offset, 28u);
}

// PROTOCOL K5, W23
TEST(MessageView, counts_the_first_of_duplicates) {
  Buffer buffer(100);
  MessageWriter writer(buffer, {Method::refresh, Class::request}, TransactionId{});
  writer.add_lifetime(700s);
  writer.add_lifetime(800s);
  EXPECT_EQ(MessageView::decode(writer.bytes())->lifetime(), Duration(700s));
}

// PROTOCOL K12
TEST(MessageView, demands_fingerprint_to_be_last_and_right) {
  Buffer buffer(100);
  MessageWriter writer(buffer, {Method::binding, Class::request}, TransactionId{});
  writer.add_fingerprint();
  Buffer message = wire::copy(writer.bytes());
  EXPECT_TRUE(MessageView::decode(message)->has_fingerprint());
  Buffer twice = message;
  wire::smuggle(twice, AttributeType::fingerprint, hex("00000000"));
  EXPECT_EQ(complaint(twice), "FINGERPRINT is not last");
  Buffer followed = message;
  wire::smuggle(followed, AttributeType::software, as_bytes("x"));
  EXPECT_EQ(complaint(followed), "FINGERPRINT is not last");
  message.back() ^= 1;
  EXPECT_EQ(complaint(message), "FINGERPRINT is wrong");
  EXPECT_EQ(complaint(with_attribute(AttributeType::fingerprint, hex("0000000000"))),
            "FINGERPRINT has not 4 bytes");
}

// PROTOCOL K13, W1, AB13
TEST(MessageView, hides_what_follows_message_integrity) {
  Buffer message = signed_refresh();
  wire::smuggle(message, AttributeType::lifetime, hex("00000000"));
  wire::smuggle(message, AttributeType::xor_peer_address, hex("0001000001020304"));
  wire::smuggle(message, AttributeType{0x7fff}, {});
  wire::smuggle(message, AttributeType::message_integrity_sha256, Buffer(32));
  wire::smuggle(message, AttributeType::message_integrity, Buffer(20));
  const auto view = MessageView::decode(message);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(wire::visible_types(*view),
            (std::vector{AttributeType::lifetime, AttributeType::message_integrity,
                         AttributeType::message_integrity_sha256}));
  EXPECT_EQ(view->lifetime(), Duration(700s));
  EXPECT_FALSE(view->has(AttributeType::xor_peer_address));
  EXPECT_TRUE(view->verifies(key));
}

// PROTOCOL K13, W1, AB13
TEST(MessageView, does_not_let_a_smuggled_lifetime_count) {
  Buffer buffer(100);
  MessageWriter writer(buffer, {Method::refresh, Class::request}, TransactionId{});
  writer.add_integrity(key);
  Buffer message = wire::copy(writer.bytes());
  wire::smuggle(message, AttributeType::lifetime, hex("00000000"));
  EXPECT_EQ(MessageView::decode(message)->lifetime(), std::unexpected(Lack::absent));
}

// PROTOCOL K13
TEST(MessageView, hides_what_follows_the_sha256_integrity_alone) {
  Buffer message = with_attribute(AttributeType::message_integrity_sha256, Buffer(32));
  wire::smuggle(message, AttributeType::message_integrity, Buffer(20));
  wire::smuggle(message, AttributeType::lifetime, hex("00000000"));
  const auto view = MessageView::decode(message);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(wire::visible_types(*view), std::vector{AttributeType::message_integrity_sha256});
  EXPECT_FALSE(view->has_integrity());
}

// BUGS P15
TEST(MessageView, verifies_no_integrity_of_another_size) {
  for (const std::size_t size : {0u, 4u, 16u, 19u, 21u, 24u, 32u}) {
    Buffer message = hex("00010000 2112a442 000000000000000000000000");
    wire::smuggle(message, AttributeType::message_integrity, Buffer(size));
    const auto view = MessageView::decode(message);
    ASSERT_TRUE(view.has_value());
    EXPECT_TRUE(view->has_integrity());
    EXPECT_FALSE(view->verifies(key));
  }
  EXPECT_FALSE(
      MessageView::decode(hex("00010000 2112a442 000000000000000000000000"))->verifies(key));
}

// The digest holds over a header that ends at it, whatever follows.
// PROTOCOL K10; BUG B07(a), B07(c)
TEST(MessageView, verifies_with_and_without_a_fingerprint_behind) {
  Buffer buffer(200);
  MessageWriter writer(buffer, {Method::refresh, Class::success}, TransactionId{});
  writer.add_lifetime(600s);
  writer.add_integrity(key);
  EXPECT_TRUE(MessageView::decode(writer.bytes())->verifies(key));
  writer.add_fingerprint();
  const auto view = MessageView::decode(writer.bytes());
  EXPECT_TRUE(view->verifies(key));
  EXPECT_TRUE(view->has_fingerprint());
}

// PROTOCOL K14; BUG B01(a)
TEST(MessageView, reads_error_codes) {
  const auto error = [](std::string_view value) {
    const Buffer message = with_attribute(AttributeType::error_code, hex(value));
    const auto info = MessageView::decode(message)->error();
    return info ? info->code : 0;
  };
  EXPECT_EQ(error("00000426"), 438);
  EXPECT_EQ(error("00000663"), 699);
  EXPECT_EQ(error("fffffc01"), 401);  // reserved bits do not count
  for (const auto* bad : {"00000001", "00000200", "00000700", "00000464", "000004"}) {
    EXPECT_EQ(error(bad), 0) << bad;
  }
}

// PROTOCOL W22
TEST(MessageView, drops_nuls_that_old_peers_count_into_a_length) {
  const Buffer error = with_attribute(AttributeType::error_code, hex("00000401 6e6f0000"));
  EXPECT_EQ(MessageView::decode(error)->error()->reason, "no");
  const Buffer software = with_attribute(AttributeType::software, hex("6f6c6400"));
  EXPECT_EQ(MessageView::decode(software)->text(AttributeType::software), "old");
  const Buffer nonce = with_attribute(AttributeType::nonce, hex("6f6c6400"));
  EXPECT_EQ(MessageView::decode(nonce)->text(AttributeType::nonce)->size(), 4u);
}

// PROTOCOL K8
TEST(MessageView, reads_text_of_up_to_763_bytes) {
  for (const std::size_t size : {0u, 508u, 509u, 763u}) {
    const Buffer message = with_attribute(AttributeType::username, Buffer(size, 0xff));
    EXPECT_EQ(MessageView::decode(message)->text(AttributeType::username)->size(), size);
  }
  const Buffer message = with_attribute(AttributeType::username, Buffer(764, 'x'));
  EXPECT_EQ(MessageView::decode(message)->text(AttributeType::username),
            std::unexpected(Lack::malformed));
}

// BUGS P19
TEST(MessageView, tells_absent_from_malformed) {
  const Buffer message = with_attribute(AttributeType::lifetime, hex("0000"));
  const auto view = MessageView::decode(message);
  EXPECT_EQ(view->lifetime(), std::unexpected(Lack::malformed));
  EXPECT_EQ(view->channel_number(), std::unexpected(Lack::absent));
  EXPECT_EQ(view->xor_address(AttributeType::lifetime), std::unexpected(Lack::malformed));
  for (const auto* bad :
       {"00010000", "000100000102030405", "0002000001020304", "0003000001020304"}) {
    const Buffer odd = with_attribute(AttributeType::xor_mapped_address, hex(bad));
    EXPECT_EQ(MessageView::decode(odd)->xor_address(AttributeType::xor_mapped_address),
              std::unexpected(Lack::malformed));
  }
}

TEST(MessageWriter, saturates_a_lifetime) {
  const auto written = [](Duration lifetime) {
    Buffer buffer(100);
    MessageWriter writer(buffer, {}, TransactionId{});
    writer.add_lifetime(lifetime);
    return MessageView::decode(writer.bytes())->lifetime();
  };
  EXPECT_EQ(written(-5s), Duration(0s));
  EXPECT_EQ(written(1999ms), Duration(1s));
  EXPECT_EQ(written(Duration::max()), Duration(std::chrono::seconds(0xFFFFFFFF)));
}

// PROTOCOL K17
TEST(MessageWriter, lists_unknown_attributes_without_doubling) {
  Buffer buffer(100, 0xcc);
  MessageWriter writer(buffer, {}, TransactionId{});
  writer.add_unknown_attributes(
      std::vector{AttributeType{0x7001}, AttributeType{0x7002}, AttributeType{0x7003}});
  EXPECT_EQ(wire::copy(writer.bytes().subspan(header_size)), hex("000a0006 700170027003 0000"));
}

// PROTOCOL K12; BUG B07(b)
TEST(MessageWriter, refuses_what_may_not_follow) {
  Buffer buffer(200);
  MessageWriter writer(buffer, {}, TransactionId{});
  writer.add_integrity(key);
  const std::size_t size = writer.size();
  writer.add_lifetime(1s);
  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(writer.size(), size);
  MessageWriter printed(buffer, {}, TransactionId{});
  printed.add_fingerprint();
  EXPECT_TRUE(printed.ok());
  printed.add_integrity(key);
  EXPECT_FALSE(printed.ok());
}

// BUG B05
TEST(MessageWriter, fills_a_message_to_the_last_length_and_no_further) {
  Buffer buffer(70'000);
  MessageWriter writer(buffer, {Method::data, Class::indication}, TransactionId{});
  writer.add(AttributeType::data, Buffer(65'516));
  writer.add(AttributeType::reservation_token, Buffer(8));
  ASSERT_TRUE(writer.ok());
  EXPECT_EQ(writer.size(), 20u + 65'532u);
  const auto view = MessageView::decode(writer.bytes());
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->find(AttributeType::data)->size(), 65'516u);
  writer.add(AttributeType::dont_fragment, {});
  EXPECT_FALSE(writer.ok());
  MessageWriter over(buffer, {}, TransactionId{});
  over.add(AttributeType::data, Buffer(65'536));
  EXPECT_FALSE(over.ok());
  EXPECT_EQ(over.size(), header_size);
}

// BUGS P19
TEST(MessageWriter, never_writes_past_its_buffer) {
  for (std::size_t room = 0; room < 60; ++room) {
    Buffer memory(100, 0xcc);
    MessageWriter writer(MutableBytes(memory).first(room), {}, TransactionId{});
    writer.add_text(AttributeType::software, "lab");
    writer.add_integrity(key);
    writer.add_fingerprint();
    EXPECT_EQ(writer.ok(), room >= 60) << room;
    EXPECT_LE(writer.size(), room);
    EXPECT_EQ(Buffer(memory.begin() + static_cast<std::ptrdiff_t>(room), memory.end()),
              Buffer(100 - room, 0xcc));
  }
}

// PROTOCOL M1
TEST(LooksLikeStun, asks_the_first_byte_and_the_cookie) {
  Buffer header = hex("00010000 2112a442");
  for (unsigned first = 0; first < 256; ++first) {
    header[0] = static_cast<std::uint8_t>(first);
    EXPECT_EQ(looks_like_stun(header), first <= 3);
  }
  header[0] = 0;
  EXPECT_FALSE(looks_like_stun(Bytes(header).first(7)));
  header[4] ^= 1;
  EXPECT_FALSE(looks_like_stun(header));
}

}  // namespace
}  // namespace tickover::stun
