// The published vectors of RFC 5769: constants that are wrong on both of our sides show up here
// and nowhere in self-play (BUGS B01).
#include <gtest/gtest.h>

#include "core/stun/crc32.h"
#include "properties/stun/wire.h"

namespace tickover::stun {
namespace {

using wire::Buffer;
using wire::hex;

const Buffer request =
    hex("00010058 2112a442 b7e7a701bc34d686fa87dfae"
        "80220010 5354554e207465737420636c69656e74 00240004 6e0001ff 80290008 932ff9b151263b36"
        "00060009 6576746a3a68367659202020"
        "00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004 e57a3bcf");
const Buffer ipv4_response =
    hex("0101003c 2112a442 b7e7a701bc34d686fa87dfae"
        "8022000b 7465737420766563746f7220 00200008 0001a147e112a643"
        "00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7 80280004 c07d4c96");
const Buffer ipv6_response =
    hex("01010048 2112a442 b7e7a701bc34d686fa87dfae"
        "8022000b 7465737420766563746f7220 00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
        "00080014 a382954e4be67bf11784c97c8292c275bfe3ed41 80280004 c8fb0b4c");
const Buffer long_term_request =
    hex("00010060 2112a442 78ad3433c6ad72c029da412e"
        "00060012 e3839ee38388e383aae38383e382afe382b90000"
        "0015001c 662f2f3439396b39353464364f4c33346f4c394653547679363473410014000b"
        "6578616d706c652e6f726700 00080014 f67024656dd64a3e02b8e0712e85c9a28ca89666");

const IntegrityKey short_term_key = IntegrityKey::raw(as_bytes("VOkJxbRl1RmTxUk/WvJxBt"));
constexpr std::string_view username =
    "\xe3\x83\x9e\xe3\x83\x88\xe3\x83\xaa\xe3\x83\x83\xe3\x82\xaf\xe3\x82\xb9";
constexpr std::string_view nonce = "f//499k954d6OL34oL9FSTvy64sA";
const IntegrityKey long_term_key = IntegrityKey::long_term(username, "example.org", "TheMatrIX");

// PROTOCOL K4, K10, K12, K27; BUG B01(b), B07(c); BUGS P18
TEST(Rfc5769, sample_request_decodes_and_verifies) {
  const auto view = MessageView::decode(request);
  ASSERT_TRUE(view.has_value()) << view.error().what;
  EXPECT_EQ(view->type(), (MessageType{Method::binding, Class::request}));
  EXPECT_EQ(wire::copy(view->id().bytes), hex("b7e7a701bc34d686fa87dfae"));
  EXPECT_EQ(view->text(AttributeType::software), "STUN test client");
  EXPECT_EQ(view->text(AttributeType::username), "evtj:h6vY");
  EXPECT_TRUE(view->has_fingerprint());
  EXPECT_TRUE(view->verifies(short_term_key));
  EXPECT_FALSE(view->verifies(long_term_key));
}

// PROTOCOL K4, K7, K10, K12, K27; BUG B07(c); BUGS P18
TEST(Rfc5769, sample_ipv4_response_decodes_and_verifies) {
  const auto view = MessageView::decode(ipv4_response);
  ASSERT_TRUE(view.has_value()) << view.error().what;
  EXPECT_EQ(view->type(), (MessageType{Method::binding, Class::success}));
  EXPECT_EQ(view->text(AttributeType::software), "test vector");
  EXPECT_EQ(view->xor_address(AttributeType::xor_mapped_address),
            Endpoint::parse("192.0.2.1:32853").value());
  EXPECT_TRUE(view->has_fingerprint());
  EXPECT_TRUE(view->verifies(short_term_key));
}

// PROTOCOL K4, K7, K10, K12, K27; BUG B07(c); BUGS P18
TEST(Rfc5769, sample_ipv6_response_decodes_and_verifies) {
  const auto view = MessageView::decode(ipv6_response);
  ASSERT_TRUE(view.has_value()) << view.error().what;
  EXPECT_EQ(view->xor_address(AttributeType::xor_mapped_address),
            Endpoint::parse("[2001:db8:1234:5678:11:2233:4455:6677]:32853").value());
  EXPECT_TRUE(view->has_fingerprint());
  EXPECT_TRUE(view->verifies(short_term_key));
}

// PROTOCOL K8, K10, K15, K27; BUGS P18
TEST(Rfc5769, long_term_request_decodes_and_verifies) {
  const auto view = MessageView::decode(long_term_request);
  ASSERT_TRUE(view.has_value()) << view.error().what;
  EXPECT_EQ(view->text(AttributeType::username), username);
  EXPECT_EQ(view->text(AttributeType::nonce), nonce);
  EXPECT_EQ(view->text(AttributeType::realm), "example.org");
  EXPECT_FALSE(view->has_fingerprint());
  EXPECT_TRUE(view->verifies(long_term_key));
  EXPECT_FALSE(view->verifies(short_term_key));
}

// PROTOCOL K4, K10, K27; BUG B01(b); BUGS P18
TEST(Rfc5769, long_term_request_encodes_byte_for_byte) {
  TransactionId id;
  std::copy_n(long_term_request.begin() + 8, id.bytes.size(), id.bytes.begin());
  Buffer buffer(200, 0xcc);
  MessageWriter writer(buffer, {Method::binding, Class::request}, id);
  writer.add_text(AttributeType::username, username);
  writer.add_text(AttributeType::nonce, nonce);
  writer.add_text(AttributeType::realm, "example.org");
  writer.add_integrity(long_term_key);
  ASSERT_TRUE(writer.ok());
  EXPECT_EQ(wire::copy(writer.bytes()), long_term_request);
}

// PROTOCOL K4, K7, K27; BUGS P18
TEST(Rfc5769, ipv6_response_is_encoded_but_for_its_space_padding) {
  TransactionId id;
  std::copy_n(ipv6_response.begin() + 8, id.bytes.size(), id.bytes.begin());
  Buffer buffer(200, 0xcc);
  MessageWriter writer(buffer, {Method::binding, Class::success}, id);
  writer.add_text(AttributeType::software, "test vector");
  writer.add_xor_address(AttributeType::xor_mapped_address,
                         Endpoint::parse("[2001:db8:1234:5678:11:2233:4455:6677]:32853").value());
  Buffer expected(ipv6_response.begin(), ipv6_response.begin() + 60);
  expected[3] = 40;
  expected[35] = 0;  // the vector pads with 0x20
  EXPECT_EQ(wire::copy(writer.bytes()), expected);
}

TEST(Rfc5769, verification_leaves_the_received_bytes_alone) {
  const Buffer before = request;
  EXPECT_TRUE(MessageView::decode(request)->verifies(short_term_key));
  EXPECT_EQ(request, before);
}

// HMAC-SHA1 and MD5 against values that others computed.
// PROTOCOL K10; BUGS P18
TEST(IntegrityKey, digests_as_rfc_2202_says) {
  EXPECT_EQ(wire::copy(IntegrityKey::raw(as_bytes("Jefe"))
                           .digest(as_bytes("what do ya want "), as_bytes("for nothing?"))),
            hex("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"));
  const Buffer long_key(80, 0xaa);
  EXPECT_EQ(wire::copy(IntegrityKey::raw(long_key).digest(
                as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
            hex("aa4ae5e15272d00e95705637ce8a3b55ed402112"));
}

// BUGS P18
TEST(IntegrityKey, derives_the_long_term_key_by_md5) {
  EXPECT_EQ(IntegrityKey::long_term("user", "realm", "pass"),
            IntegrityKey::raw(hex("8493fbc53ba582fb4c044c456bdc40eb")));
  EXPECT_NE(IntegrityKey::long_term("user", "realm", "pass"),
            IntegrityKey::long_term("user", "realm", "Pass"));
}

TEST(IntegrityKey, is_of_the_empty_key_unless_told) {
  EXPECT_EQ(IntegrityKey(), IntegrityKey::raw({}));
  EXPECT_EQ(wire::copy(IntegrityKey().digest({})), hex("fbdb1d1b18aa6c08324b7d64b71fb76370690e1d"));
}

TEST(IntegrityKey, splits_its_text_anywhere) {
  const Bytes text =
      as_bytes("seventy bytes or so, in order to cross the border of a SHA-1 block...");
  for (std::size_t i = 0; i <= text.size(); ++i) {
    EXPECT_EQ(short_term_key.digest(text.first(i), text.subspan(i)), short_term_key.digest(text));
  }
}

// PROTOCOL K12; BUGS P18
TEST(Crc32, has_the_check_value_of_its_catalogue) {
  EXPECT_EQ(crc32(as_bytes("123456789")), 0xCBF43926u);
  EXPECT_EQ(crc32({}), 0u);
}

// PROTOCOL K12
TEST(Crc32, agrees_with_one_bit_at_a_time) {
  Random random(7);
  for (std::size_t size = 0; size < 70; ++size) {
    Buffer bytes(size);
    random.fill(bytes);
    std::uint32_t crc = 0xFFFFFFFF;
    for (const std::uint8_t byte : bytes) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        const bool carry = ((crc ^ (static_cast<unsigned>(byte) >> bit)) & 1) != 0;
        crc = (crc >> 1) ^ (carry ? 0xEDB88320u : 0u);
      }
    }
    EXPECT_EQ(crc32(bytes), ~crc);
  }
}

}  // namespace
}  // namespace tickover::stun
