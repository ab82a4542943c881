#include <gtest/gtest.h>
// gtest comes first.
#include <rapidcheck/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "properties/stun/wire.h"
#include "sim/oracles/naive_digest.h"
#include "sim/oracles/wire_decoder.h"

namespace tickover::sim {
namespace {

using Buffer = std::vector<std::uint8_t>;
using stun::wire::hex;

// RFC 5769.
const Buffer short_term_request =
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
constexpr std::string_view username =
    "\xe3\x83\x9e\xe3\x83\x88\xe3\x83\xaa\xe3\x83\x83\xe3\x82\xaf\xe3\x82\xb9";

/// A message of that type with those attributes, given as hexadecimal, and the right length.
Buffer message(std::string_view type, std::string_view attributes) {
  Buffer bytes =
      hex(std::string(type) + "0000 2112a442 0102030405060708090a0b0c" + std::string(attributes));
  bytes[2] = static_cast<std::uint8_t>((bytes.size() - 20) / 256);
  bytes[3] = static_cast<std::uint8_t>((bytes.size() - 20) % 256);
  return bytes;
}

std::string complaint(const Buffer& datagram) {
  const auto found = complaint_about(datagram);
  return found ? std::string(found->text) : "none";
}

/// An attribute of any length as hexadecimal, its value all 'a'.
std::string text_attribute(std::string_view type, std::size_t length) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result(type);
  for (const std::size_t place : {4096u, 256u, 16u, 1u}) result += digits[length / place % 16];
  for (std::size_t i = 0; i < (length + 3) / 4 * 4; ++i) result += i < length ? "61" : "00";
  return result;
}

const std::string mapped = "00200008 0001a147e112a643";
const std::string relayed = "00160008 0001a147e112a643";
const std::string peer = "00120008 0001a147e112a643";
const std::string integrity = "00080014 0000000000000000000000000000000000000000";
const std::string sha256 = "001c0010 00000000000000000000000000000000";
const std::string credentials = "00060001 61000000 00140001 61000000 00150001 61000000";
const std::string lifetime = "000d0004 00000258";
const std::string transport = "00190004 11000000";
const std::string unauthenticated = "00090004 00000401";

TEST(NaiveDigest, gives_the_published_values) {
  const auto bytes = [](std::string_view text) { return Buffer(text.begin(), text.end()); };
  const auto same = [](const auto& digest, std::string_view expected) {
    return Buffer(digest.begin(), digest.end()) == hex(expected);
  };
  EXPECT_TRUE(same(naive_sha1(bytes("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d"));
  EXPECT_TRUE(same(naive_sha1(Buffer(1'000'000, 'a')), "34aa973cd4c4daa4f61eeb2bdbad27316534016f"));
  EXPECT_TRUE(same(naive_md5(bytes("message digest")), "f96b697d7cb7938d525a2f31aaf161d0"));
  EXPECT_TRUE(same(naive_md5({}), "d41d8cd98f00b204e9800998ecf8427e"));
  EXPECT_TRUE(
      same(naive_md5(bytes("1234567890123456789012345678901234567890123456789012345678901234"
                           "5678901234567890")),
           "57edf4a22be3c955ac49da2e2107b67a"));
  EXPECT_TRUE(same(naive_hmac_sha1(bytes("Jefe"), bytes("what do ya want for nothing?")),
                   "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"));
  EXPECT_TRUE(same(naive_hmac_sha1(Buffer(80, 0xaa),
                                   bytes("Test Using Larger Than Block-Size Key - Hash Key First")),
                   "aa4ae5e15272d00e95705637ce8a3b55ed402112"));
  EXPECT_EQ(naive_crc32(bytes("123456789")), 0xcbf43926u);
}

// BUGS P18, P23
TEST(WireDecoder, verifies_the_integrity_of_every_published_vector) {
  constexpr std::string_view password = "VOkJxbRl1RmTxUk/WvJxBt";
  EXPECT_TRUE(integrity_matches(short_term_request, "evtj:h6vY", "", password));
  EXPECT_TRUE(integrity_matches(ipv4_response, "", "", password));
  EXPECT_TRUE(integrity_matches(ipv6_response, "", "", password));
  EXPECT_TRUE(integrity_matches(long_term_request, username, "example.org", "TheMatrIX"));
  EXPECT_FALSE(integrity_matches(long_term_request, username, "example.org", "TheMatriX"));
  EXPECT_FALSE(integrity_matches(message("0001", ""), "", "", password));
}

// BUGS P18, P23
TEST(WireDecoder, reads_the_addresses_of_the_published_vectors) {
  EXPECT_EQ(judge_datagram(ipv4_response).find(0x0020)->address,
            Endpoint::parse("192.0.2.1:32853"));
  EXPECT_EQ(judge_datagram(ipv6_response).find(0x0020)->address,
            Endpoint::parse("[2001:db8:1234:5678:11:2233:4455:6677]:32853"));
}

TEST(WireDecoder, reads_all_of_a_message) {
  const WireFacts facts = judge_datagram(long_term_request);
  EXPECT_TRUE(facts.ok());
  EXPECT_TRUE(facts.is_stun);
  EXPECT_EQ(facts.method, 1u);
  EXPECT_EQ(facts.message_class, 0u);
  EXPECT_EQ(Buffer(facts.transaction.begin(), facts.transaction.end()),
            hex("78ad3433c6ad72c029da412e"));
  ASSERT_EQ(facts.attributes.size(), 4u);
  EXPECT_EQ(facts.find(0x0006)->value, Buffer(username.begin(), username.end()));
  EXPECT_EQ(facts.find(0x0022), nullptr);
}

// The first three vectors are padded with spaces, which a receiver must accept and a sender of ours
// must not write.
// PROTOCOL K4; BUGS P18, P23
TEST(WireDecoder, finds_nothing_wrong_with_the_published_vectors_but_their_padding) {
  EXPECT_EQ(complaint_about(short_term_request), (Complaint{"padding is not zero", 73}));
  EXPECT_EQ(complaint(ipv4_response), "padding is not zero");
  EXPECT_EQ(complaint(ipv6_response), "padding is not zero");
  EXPECT_EQ(complaint(long_term_request), "none");
}

TEST(WireDecoder, has_nothing_to_say_about_what_is_canonical) {
  const std::vector<Buffer> canonical = {
      message("0001", ""),
      message("0001", "00060001 61000000" + integrity),
      message("0011", ""),
      message("0101", mapped),
      message("0003", transport),
      message("0003", transport + "80000004 02000000" + credentials + integrity),
      message("0103", relayed + relayed + mapped + lifetime + integrity + sha256),
      message("0113", unauthenticated + "00140001 61000000 00150001 61000000"),
      message("0113", "00090004 00000414 000a0004 7fff7ffe" + integrity),
      message("0008", peer + peer + credentials + integrity),
      message("0009", "000c0004 4fff0000" + peer),
      message("0016", peer + "00130000"),
      message("0017", peer + "80040008 0000030400000000"),
      hex("4000 0000"),
      hex("4fff 0003 010203"),
  };
  for (std::size_t i = 0; i < canonical.size(); ++i) {
    EXPECT_EQ(complaint(canonical[i]), "none") << "datagram " << i;
  }
}

// BUGS P18, P23
TEST(WireDecoder, complains_about_each_broken_frame) {
  Buffer long_message = message("0001", "");
  long_message.push_back(0);
  const std::vector<std::pair<Buffer, std::string>> broken = {
      {{}, "neither STUN nor ChannelData"},
      {hex("80010000 2112a442 0102030405060708090a0b0c"), "neither STUN nor ChannelData"},
      {hex("00010000 2112a442 0102030405060708090a0b"), "STUN message is shorter than its header"},
      {hex("00010000 2112a443 0102030405060708090a0b0c"), "magic cookie is wrong"},
      {hex("00010002 2112a442 0102030405060708090a0b0c 0000"),
       "message length is not a multiple of four"},
      {long_message, "message length is not that of the datagram"},
      {message("0002", ""), "method is none of STUN or TURN"},
      {message("0081", ""), "method is none of STUN or TURN"},
      {message("0201", ""), "method is none of STUN or TURN"},
      {message("0013", ""), "this method has no indications"},
      {message("0006", peer), "Send and Data are indications only"},
      {message("0117", peer), "Send and Data are indications only"},
      {message("0001", "00060005 61616161"), "attribute reaches beyond the message"},
      {message("0001", "8022ffff 61616161"), "attribute reaches beyond the message"},
      {message("0001", "80220001 61000001"), "padding is not zero"},
      {message("0001", "80220001 61000000 80220001 61000000"), "attribute stands there twice"},
      {message("0001", "80280004 00000000"), "FINGERPRINT is wrong"},
      {hex("400000"), "ChannelData is shorter than its header"},
      {hex("5000 0000"), "channel is not in 0x4000..0x4FFF"},
      {hex("7fff 0000"), "channel is not in 0x4000..0x4FFF"},
      {hex("4000 0001"), "ChannelData length is not that of the datagram"},
      {hex("4000 0001 61000000"), "ChannelData length is not that of the datagram"},
  };
  for (const auto& [datagram, text] : broken) EXPECT_EQ(complaint(datagram), text);
}

// BUGS P18, P23
TEST(WireDecoder, complains_about_each_broken_attribute) {
  const std::vector<std::pair<std::string, std::string>> broken = {
      {"00200000", "address attribute without address"},
      {"00200008 0101a147e112a643", "first byte of an address attribute is not zero"},
      {"00200008 0003a147e112a643", "address family is neither 1 nor 2"},
      {"00200008 0002a147e112a643", "attribute does not have its fixed length"},
      {"00200014 0001a147e112a643a5d3f179bc25f4b5bed2b9d9",
       "attribute does not have its fixed length"},
      {"00080010 00000000000000000000000000000000", "attribute does not have its fixed length"},
      {"000c0002 40000000", "attribute does not have its fixed length"},
      {"000c0004 3fff0000", "channel is not in 0x4000..0x4FFF"},
      {"000c0004 50000000", "channel is not in 0x4000..0x4FFF"},
      {"000c0004 40000001", "reserved bytes are not zero"},
      {"000d0002 02580000", "attribute does not have its fixed length"},
      {"00190004 11000001", "reserved bytes are not zero"},
      {"00190001 11000000", "attribute does not have its fixed length"},
      {"00170004 03000000", "address family is not one that can be requested"},
      {"80000004 01000000", "address family is not one that can be requested"},
      {"00180001 81000000", "reserved bits of EVEN-PORT are not zero"},
      {"00180004 80000000", "attribute does not have its fixed length"},
      {"001a0004 00000000", "attribute does not have its fixed length"},
      {"001e0004 00000000", "attribute does not have its fixed length"},
      {"00220004 00000000", "attribute does not have its fixed length"},
      {"80040004 00000000", "attribute does not have its fixed length"},
      {"80040008 0001030400000000", "reserved bytes are not zero"},
      {"001c000c 000000000000000000000000", "MESSAGE-INTEGRITY-SHA256 has a wrong length"},
      {"001c0024" + std::string(72, '0'), "MESSAGE-INTEGRITY-SHA256 has a wrong length"},
      {"000a0000", "UNKNOWN-ATTRIBUTES is not a list of types"},
      {"000a0003 7fff7f00", "UNKNOWN-ATTRIBUTES is not a list of types"},
      {"001d0002 00010000", "password algorithm is cut short"},
      {"001d0004 00010004", "parameters of a password algorithm overrun"},
      {"001d0008 0001000000020000", "wrong number of password algorithms"},
      {"80020000", "wrong number of password algorithms"},
      {"00090002 00000000", "error code is too short"},
      {"00090004 01000400", "reserved bits of an error are not zero"},
      {"00090004 00010400", "reserved bits of an error are not zero"},
      {"00090004 00000200", "error class is not 3 to 6"},
      {"00090004 00000c01", "error class is not 3 to 6"},
      {"00090004 00000464", "error number is above 99"},
      {"80010004 00000414", "address family is wrong"},
      {"80220002 61000000", "text contains a NUL"},
      {text_attribute("0006", 509), "text is longer than may be sent"},
      {text_attribute("8022", 510), "text is longer than may be sent"},
      {"00030004 00000000", "attribute is none of STUN, TURN or ICE"},
      {"81280004 00000000", "attribute is none of STUN, TURN or ICE"},
  };
  for (const auto& [attribute, text] : broken) {
    EXPECT_EQ(complaint(message("0001", attribute)), text) << attribute.substr(0, 60);
  }
}

// BUGS P18, P23
TEST(WireDecoder, complains_about_what_follows_the_end) {
  EXPECT_EQ(complaint(message("0103", integrity + lifetime)),
            "something follows MESSAGE-INTEGRITY");
  EXPECT_EQ(complaint(message("0103", sha256 + integrity)),
            "something follows MESSAGE-INTEGRITY-SHA256");
  Buffer fingerprinted(60);
  stun::MessageWriter writer(fingerprinted, {}, {});
  writer.add_fingerprint();
  fingerprinted.resize(writer.size());
  EXPECT_EQ(complaint(fingerprinted), "none");
  stun::wire::smuggle(fingerprinted, stun::AttributeType::software, {});
  EXPECT_NE(complaint(fingerprinted), "none");
  // With a fingerprint that is right for the longer message, only the order is wrong.
  const auto crc = naive_crc32(Bytes(fingerprinted).first(20)) ^ 0x5354554eu;
  for (unsigned i = 0; i < 4; ++i) {
    fingerprinted[24 + i] = static_cast<std::uint8_t>(crc >> (24 - 8 * i) & 255);
  }
  EXPECT_EQ(complaint(fingerprinted), "something follows FINGERPRINT");
}

// BUGS P14, P23
TEST(WireDecoder, complains_about_what_a_message_lacks) {
  const std::vector<std::pair<Buffer, std::string>> broken = {
      {message("0113", ""), "error response without ERROR-CODE"},
      {message("0113", unauthenticated + "00150001 61000000"), "challenge without REALM"},
      {message("0114", "00090004 00000426 00140001 61000000"), "challenge without NONCE"},
      {message("0113", "00090004 00000414"), "420 without UNKNOWN-ATTRIBUTES"},
      {message("0101", mapped + unauthenticated), "ERROR-CODE outside an error response"},
      {message("0003", ""), "Allocate without REQUESTED-TRANSPORT"},
      {message("0008", ""), "CreatePermission without XOR-PEER-ADDRESS"},
      {message("0009", peer), "ChannelBind without CHANNEL-NUMBER or XOR-PEER-ADDRESS"},
      {message("0009", "000c0004 40000000" + relayed),
       "ChannelBind without CHANNEL-NUMBER or XOR-PEER-ADDRESS"},
      {message("0004", integrity), "signed request without USERNAME or USERHASH"},
      {message("0004", "00060001 61000000" + integrity), "signed request without REALM or NONCE"},
      {message("0101", ""), "Binding success without XOR-MAPPED-ADDRESS"},
      {message("0103", mapped + lifetime),
       "Allocate success without its two addresses and LIFETIME"},
      {message("0104", ""), "Refresh success without LIFETIME"},
      {message("0104", lifetime + credentials), "success repeats USERNAME, REALM or NONCE"},
      {message("0016", "00130000"), "Send or Data without XOR-PEER-ADDRESS"},
      {message("0016", peer), "Send or Data without DATA"},
  };
  for (const auto& [datagram, text] : broken) EXPECT_EQ(complaint(datagram), text);
}

// Our own writer against the decoder that knows nothing of it.
// PROTOCOL K4, K7, K10, K12, AB25; BUG B07; BUGS P18
RC_GTEST_PROP(WireDecoder, agrees_with_what_the_core_writes,
              (std::string software, std::uint16_t port, bool sealed)) {
  std::erase(software, '\0');
  const std::string user = *rc::gen::nonEmpty(rc::gen::string<std::string>());
  const stun::TransactionId id{*rc::gen::arbitrary<std::array<std::uint8_t, 12>>()};
  const bool ipv4 = *rc::gen::arbitrary<bool>();
  const Endpoint address{ipv4 ? IpAddress::v4(*rc::gen::arbitrary<std::array<std::uint8_t, 4>>())
                              : IpAddress::v6(*rc::gen::arbitrary<std::array<std::uint8_t, 16>>()),
                         port};
  Buffer buffer(2'000, 0xcc);
  stun::MessageWriter writer(buffer, {stun::Method::binding, stun::Class::success}, id);
  writer.add_text(stun::AttributeType::software, software);
  writer.add_xor_address(stun::AttributeType::xor_mapped_address, address);
  writer.add_integrity(stun::IntegrityKey::long_term(user, "realm", "password"));
  if (sealed) writer.add_fingerprint();
  RC_ASSERT(writer.ok());

  const WireFacts facts = judge_datagram(writer.bytes());
  if (facts.complaint) RC_FAIL(std::string(facts.complaint->text));
  RC_ASSERT(facts.method == 1u && facts.message_class == 2u && facts.transaction == id.bytes);
  RC_ASSERT(facts.find(0x0020)->address == address);
  RC_ASSERT(facts.find(0x8022)->value == Buffer(software.begin(), software.end()));
  RC_ASSERT(integrity_matches(writer.bytes(), user, "realm", "password"));
  RC_ASSERT(!integrity_matches(writer.bytes(), user, "realm", "passwort"));
}

// BUGS P19
RC_GTEST_PROP(WireDecoder, judges_any_bytes_without_harm, (Buffer bytes)) {
  if (bytes.size() >= 20 && *rc::gen::arbitrary<bool>()) {
    const Buffer header = message("0001", "");
    std::copy(header.begin(), header.end(), bytes.begin());
    bytes[3] = static_cast<std::uint8_t>(bytes.size() - 20);
  }
  const WireFacts facts = judge_datagram(bytes);
  RC_ASSERT(facts.complaint == complaint_about(bytes));
  integrity_matches(bytes, "", "", "password");
}

}  // namespace
}  // namespace tickover::sim
