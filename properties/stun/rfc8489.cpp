#include <gtest/gtest.h>

#include "core/stun/nonce_cookie.h"
#include "properties/stun/wire.h"

// What RFC 8489 added to STUN: SHA-256, hashed names, password algorithms, nonce cookies.
namespace tickover::stun {
namespace {

using wire::Buffer;
using wire::hex;
using wire::with_attribute;

// The username of the sample, six katakana letters.
constexpr std::string_view matrix =
    "\xe3\x83\x9e\xe3\x83\x88\xe3\x83\xaa\xe3\x83\x83\xe3\x82\xaf\xe3\x82\xb9";

// Appendix B.1 as erratum 6268 has it; as printed, its header length and its digest are wrong.
const Buffer sample = hex(
    "00010090 2112a442 78ad3433c6ad72c029da412e"
    "001e0020 4a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704"
    "00150029 6f62 4d61744a6f73324141414366 2f2f3439396b39353464364f4c33346f4c394653547679363473"
    "41000000 0014000b 6578616d706c652e6f726700 001d0004 00020000"
    "001c0020 b5c7bf005b6c52a21c51c5e892f81924136296cb927c43149309278cc6518e65");

const IntegrityKey sample_key =
    IntegrityKey::long_term(matrix, "example.org", "TheMatrIX", PasswordAlgorithm::sha256);

// PROTOCOL W7, K9, K10, K11, A11
TEST(Rfc8489, sample_request_decodes_and_verifies) {
  const auto view = MessageView::decode(sample);
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->has_integrity_sha256());
  EXPECT_FALSE(view->has_integrity());
  EXPECT_TRUE(view->verifies_sha256(sample_key));
  EXPECT_FALSE(view->verifies(sample_key));
  EXPECT_FALSE(view->verifies_sha256(IntegrityKey::long_term(matrix, "example.org", "TheMatrIX")));
  EXPECT_EQ(wire::copy(view->userhash().value()), wire::copy(user_hash(matrix, "example.org")));
  EXPECT_EQ(view->password_algorithm()->first_supported(), PasswordAlgorithm::sha256);
}

// PROTOCOL W7, K4
TEST(Rfc8489, sample_request_is_encoded_byte_for_byte) {
  TransactionId id;
  std::copy_n(sample.begin() + 8, 12, id.bytes.begin());
  Buffer buffer(300);
  MessageWriter writer(buffer, {Method::binding, Class::request}, id);
  writer.add(AttributeType::userhash, user_hash(matrix, "example.org"));
  writer.add_text(AttributeType::nonce, "obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA");
  writer.add_text(AttributeType::realm, "example.org");
  const PasswordAlgorithm algorithm = PasswordAlgorithm::sha256;
  writer.add_password_algorithms(AttributeType::password_algorithm, {&algorithm, 1});
  writer.add_integrity_sha256(sample_key);
  ASSERT_TRUE(writer.ok());
  EXPECT_EQ(wire::copy(writer.bytes()), sample);
}

// RFC 4231, test cases 2 and 6.
TEST(IntegrityKey, digests_as_rfc_4231_says) {
  EXPECT_EQ(wire::copy(IntegrityKey::raw(as_bytes("Jefe"))
                           .digest_sha256(as_bytes("what do ya want "), as_bytes("for nothing?"))),
            hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
  EXPECT_EQ(wire::copy(IntegrityKey::raw(Buffer(131, 0xaa))
                           .digest_sha256(
                               as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
            hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
}

// PROTOCOL A11
TEST(IntegrityKey, takes_neither_quotes_nor_trailing_nuls_for_part_of_a_name) {
  using namespace std::string_view_literals;
  const auto key = IntegrityKey::long_term("user", "realm", "pass");
  EXPECT_EQ(IntegrityKey::long_term("user\0\0"sv, "\"realm\"", "pass"), key);
  EXPECT_EQ(IntegrityKey::long_term("\"user\"", "realm\0"sv, "pass"), key);
  EXPECT_NE(IntegrityKey::long_term("user", "realm", "\"pass\""), key);
  EXPECT_NE(IntegrityKey::long_term("\"user", "realm", "pass"), key);
  EXPECT_NE(IntegrityKey::long_term("us\0er"sv, "realm", "pass"), key);
  EXPECT_EQ(user_hash("user\0"sv, "\"realm\""), user_hash("user", "realm"));
}

// PROTOCOL K10, K13
TEST(MessageView, verifies_both_digests_of_a_message_that_has_two) {
  Buffer buffer(300);
  MessageWriter writer(buffer, {Method::refresh, Class::request}, TransactionId{});
  writer.add_lifetime(std::chrono::seconds(700));
  writer.add_integrity(sample_key);
  writer.add_integrity_sha256(sample_key);
  writer.add_fingerprint();
  ASSERT_TRUE(writer.ok());
  const auto view = MessageView::decode(writer.bytes());
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->verifies(sample_key));
  EXPECT_TRUE(view->verifies_sha256(sample_key));
  for (std::size_t at = 24; at < writer.size() - 8; ++at) {
    Buffer bent = wire::copy(writer.bytes().first(writer.size() - 8));
    bent[3] = static_cast<std::uint8_t>(bent.size() - header_size);
    bent[at] ^= 1;
    const auto seen = MessageView::decode(bent);
    EXPECT_FALSE(seen && seen->verifies_sha256(sample_key)) << at;
  }
}

// PROTOCOL K13
TEST(MessageView, shows_one_sha256_integrity_and_nothing_behind_it) {
  Buffer buffer(300);
  MessageWriter writer(buffer, {Method::refresh, Class::request}, TransactionId{});
  writer.add_integrity(sample_key);
  writer.add_integrity_sha256(sample_key);
  Buffer message = wire::copy(writer.bytes());
  wire::smuggle(message, AttributeType::message_integrity_sha256, Buffer(32, 1));
  wire::smuggle(message, AttributeType::lifetime, Buffer(4, 0));
  wire::smuggle(message, AttributeType::message_integrity, Buffer(20, 1));
  const auto view = MessageView::decode(message);
  ASSERT_TRUE(view);
  EXPECT_EQ(wire::visible_types(*view), (std::vector{AttributeType::message_integrity,
                                                     AttributeType::message_integrity_sha256}));
  EXPECT_TRUE(view->verifies(sample_key));
  EXPECT_TRUE(view->verifies_sha256(sample_key));
}

/// A message that ends with the first `size` bytes of its digest, or with zeros behind them. What
/// the digest covers says the length with the padding behind the digest, or without.
Buffer truncated(std::size_t size, bool counts_padding = true) {
  Buffer message = with_attribute(AttributeType::message_integrity_sha256, Buffer(size, 0));
  Buffer covered(message.begin(), message.begin() + header_size);
  if (!counts_padding) covered[3] = static_cast<std::uint8_t>(4 + size);
  const Sha256Digest digest = sample_key.digest_sha256(covered);
  std::copy_n(digest.begin(), std::min(size, digest.size()), message.begin() + header_size + 4);
  return message;
}

// PROTOCOL K11
TEST(MessageView, accepts_a_truncated_digest_only_where_it_may_be) {
  for (const std::size_t size : {0u, 12u, 14u, 16u, 17u, 20u, 24u, 28u, 30u, 31u, 32u, 36u}) {
    for (const bool counts_padding : {true, false}) {
      const Buffer message = truncated(size, counts_padding);
      const auto view = MessageView::decode(message);
      ASSERT_TRUE(view);
      EXPECT_EQ(view->verifies_sha256(sample_key), size == 32) << size;
      EXPECT_EQ(view->verifies_sha256(sample_key, 16), size % 4 == 0 && size >= 16 && size <= 32)
          << size;
      EXPECT_EQ(view->verifies_sha256(sample_key, 20), size % 4 == 0 && size >= 20 && size <= 32)
          << size;
      EXPECT_EQ(view->verifies_sha256(sample_key, 0), view->verifies_sha256(sample_key, 16));
    }
  }
}

TEST(MessageWriter, seals_in_one_order_only) {
  const auto sealed = [](auto first, auto second) {
    Buffer buffer(300);
    MessageWriter writer(buffer, {Method::refresh, Class::request}, TransactionId{});
    first(writer);
    second(writer);
    return writer.ok();
  };
  const auto sha1 = [](MessageWriter& w) { w.add_integrity(sample_key); };
  const auto sha256 = [](MessageWriter& w) { w.add_integrity_sha256(sample_key); };
  const auto print = [](MessageWriter& w) { w.add_fingerprint(); };
  const auto more = [](MessageWriter& w) { w.add_even_port(true); };
  EXPECT_TRUE(sealed(sha1, sha256));
  EXPECT_TRUE(sealed(sha256, print));
  EXPECT_FALSE(sealed(sha256, sha1));
  EXPECT_FALSE(sealed(sha256, sha256));
  EXPECT_FALSE(sealed(print, sha256));
  EXPECT_FALSE(sealed(sha256, more));
}

std::optional<PasswordAlgorithm> first_of(std::string_view list) {
  const Buffer message = with_attribute(AttributeType::password_algorithms, hex(list));
  const auto algorithms = MessageView::decode(message)->password_algorithms();
  return algorithms ? algorithms->first_supported() : std::nullopt;
}
bool is_list(std::string_view list) {
  const Buffer message = with_attribute(AttributeType::password_algorithms, hex(list));
  return MessageView::decode(message)->password_algorithms().has_value();
}

// PROTOCOL K16
TEST(MessageView, reads_password_algorithms_with_parameters_of_any_length) {
  EXPECT_EQ(first_of("00020000 00010000"), PasswordAlgorithm::sha256);
  EXPECT_EQ(first_of("00010000 00020000"), PasswordAlgorithm::md5);
  EXPECT_EQ(first_of("00070001 ff000000 00020000"), PasswordAlgorithm::sha256);
  EXPECT_EQ(first_of("00070003 ffffff00 00010000"), PasswordAlgorithm::md5);
  EXPECT_EQ(first_of("00070000"), std::nullopt);
  // Those that we know have no parameters; with some they are something else.
  EXPECT_EQ(first_of("00020001 00000000 00010000"), PasswordAlgorithm::md5);
  EXPECT_TRUE(is_list("00070001 ff"));
  EXPECT_FALSE(is_list(""));
  EXPECT_FALSE(is_list("0002"));
  EXPECT_FALSE(is_list("00020000 0001"));
  EXPECT_FALSE(is_list("00020005 01020304"));
  EXPECT_FALSE(is_list("0002ffff 01020304"));
}

// PROTOCOL K16
TEST(MessageView, demands_one_password_algorithm_in_the_singular) {
  const auto chosen = [](std::string_view value) {
    const Buffer message = with_attribute(AttributeType::password_algorithm, hex(value));
    const auto algorithm = MessageView::decode(message)->password_algorithm();
    return algorithm && algorithm->contains(PasswordAlgorithm::sha256);
  };
  EXPECT_TRUE(chosen("00020000"));
  EXPECT_FALSE(chosen("00010000"));
  EXPECT_FALSE(chosen("00020000 00020000"));
  EXPECT_FALSE(chosen(""));
}

// PROTOCOL K21, K22
TEST(MessageView, reads_the_top_bit_of_even_port) {
  const auto even_port = [](std::string_view value) {
    const Buffer message = with_attribute(AttributeType::even_port, hex(value));
    return MessageView::decode(message)->even_port();
  };
  EXPECT_EQ(even_port("80").value(), true);
  EXPECT_EQ(even_port("ff").value(), true);
  EXPECT_EQ(even_port("7f").value(), false);
  EXPECT_EQ(even_port("").error(), Lack::malformed);
  EXPECT_EQ(even_port("80000000").error(), Lack::malformed);
  const Buffer none = with_attribute(AttributeType::dont_fragment, {});
  EXPECT_EQ(MessageView::decode(none)->even_port().error(), Lack::absent);
  EXPECT_EQ(none.size(), header_size + 4);
  Buffer buffer(40);
  MessageWriter writer(buffer, {Method::allocate, Class::request}, TransactionId{});
  writer.add_even_port(true);
  EXPECT_EQ(wire::copy(writer.bytes().subspan(header_size)), hex("00180001 80000000"));
}

// PROTOCOL K23
TEST(MessageView, reads_why_there_is_no_address_of_a_family) {
  Buffer buffer(60);
  MessageWriter writer(buffer, {Method::allocate, Class::success}, TransactionId{});
  writer.add_address_error(AddressFamily::ipv6, ErrorCode::address_family_not_supported);
  EXPECT_EQ(wire::copy(writer.bytes().subspan(header_size)), hex("80010004 02000428"));
  const auto read = [](std::string_view value) {
    const Buffer message = with_attribute(AttributeType::address_error_code, hex(value));
    return MessageView::decode(message)->address_error(
        {AttributeType::address_error_code, Bytes(message).subspan(header_size + 4)});
  };
  EXPECT_EQ(read("02000428").value().family, AddressFamily::ipv6);
  EXPECT_EQ(read("02000428").value().error.code, 440);
  EXPECT_EQ(read("01ffff08 6e6f").error(), Lack::malformed);  // class 7
  EXPECT_EQ(read("01fffc05").value().error.code, 405);
  EXPECT_FALSE(read("03000428"));
  EXPECT_FALSE(read("0200"));
}

// PROTOCOL K24, 1.20/4
TEST(MessageView, reads_icmp_as_seven_bits_of_type_and_nine_of_code) {
  Buffer buffer(60);
  MessageWriter writer(buffer, {Method::data, Class::indication}, TransactionId{});
  writer.add_icmp(3, 4, 1280);
  EXPECT_EQ(wire::copy(writer.bytes().subspan(header_size)), hex("80040008 0000 0604 00000500"));
  EXPECT_EQ(MessageView::decode(writer.bytes())->icmp().value(), (IcmpInfo{3, 4, 1280}));
  const auto read = [](std::string_view value) {
    const Buffer message = with_attribute(AttributeType::icmp, hex(value));
    return MessageView::decode(message)->icmp();
  };
  EXPECT_EQ(read("ffff 17ff 01020304").value(), (IcmpInfo{11, 0x1ff, 0x01020304}));
  EXPECT_EQ(read("0000 1700").error(), Lack::malformed);
  writer.add_icmp(128, 0, 0);
  EXPECT_FALSE(writer.ok());
}

// PROTOCOL K17
TEST(MessageView, finds_a_type_among_the_unknown_ones) {
  const AttributeType types[] = {AttributeType::dont_fragment, AttributeType::even_port,
                                 AttributeType::padding};
  for (const std::size_t count : {1u, 3u}) {
    Buffer buffer(60);
    MessageWriter writer(buffer, {Method::allocate, Class::error}, TransactionId{});
    writer.add_unknown_attributes(std::span(types).first(count));
    const auto view = MessageView::decode(writer.bytes());
    EXPECT_TRUE(view->names_unknown(AttributeType::dont_fragment));
    EXPECT_EQ(view->names_unknown(AttributeType::padding), count == 3);
    EXPECT_FALSE(view->names_unknown(AttributeType::username));
    EXPECT_FALSE(view->names_unknown(AttributeType{0})) << "padding is not part of the list";
    EXPECT_EQ(view->find(AttributeType::unknown_attributes)->size(), 2 * count);
  }
}

TEST(MessageView, reads_a_reservation_token_of_eight_bytes) {
  const Buffer good = with_attribute(AttributeType::reservation_token, hex("0102030405060708"));
  EXPECT_EQ(MessageView::decode(good)->reservation_token().value(),
            (ReservationToken{1, 2, 3, 4, 5, 6, 7, 8}));
  const Buffer bad = with_attribute(AttributeType::reservation_token, hex("01020304"));
  EXPECT_EQ(MessageView::decode(bad)->reservation_token().error(), Lack::malformed);
}

// PROTOCOL W6, A9, A10
TEST(NonceCookie, counts_its_bits_from_the_most_significant_one) {
  const auto cookie = [](SecurityFeatures features) {
    const auto characters = nonce_cookie(features);
    return std::string(characters.begin(), characters.end());
  };
  EXPECT_EQ(cookie({}), "obMatJos2AAAA");
  EXPECT_EQ(cookie({.password_algorithms = true}), "obMatJos2gAAA");
  EXPECT_EQ(cookie({.username_anonymity = true}), "obMatJos2QAAA");
  EXPECT_EQ(cookie({true, true}), "obMatJos2wAAA");
  for (const SecurityFeatures features :
       {SecurityFeatures{false, false}, {false, true}, {true, false}, {true, true}}) {
    EXPECT_EQ(security_features(cookie(features) + "and the rest"), features);
  }
}

// PROTOCOL W6
TEST(NonceCookie, is_not_seen_where_there_is_none) {
  EXPECT_EQ(security_features("obMatJos2AAAD"), SecurityFeatures{}) << "bits of the wrong end";
  EXPECT_EQ(security_features("obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA"), SecurityFeatures{});
  EXPECT_EQ(security_features("obMatJos2//// and more"), (SecurityFeatures{true, true}));
  EXPECT_EQ(security_features("obMatJos2gAA"), std::nullopt);
  EXPECT_EQ(security_features("obMatJos2gA-A"), std::nullopt);
  EXPECT_EQ(security_features("obMatJos1gAAA"), std::nullopt);
  EXPECT_EQ(security_features("0123456789abcdef"), std::nullopt);
  EXPECT_EQ(security_features(""), std::nullopt);
}

}  // namespace
}  // namespace tickover::stun
