#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/stun/message_writer.h"
#include "sim/oracles/naive_digest.h"
#include "sim/oracles/wire_decoder.h"

namespace tickover::sim {
namespace {

using Buffer = std::vector<std::uint8_t>;

template <class Digest>
Buffer copy(const Digest& digest) {
  return {digest.begin(), digest.end()};
}

// BUGS P18
RC_GTEST_PROP(NaiveDigest, agrees_with_the_library, (const Buffer& key, const Buffer& message)) {
  const auto theirs = stun::IntegrityKey::raw(key);
  RC_ASSERT(copy(naive_hmac_sha1(key, message)) == copy(theirs.digest(message)));
  RC_ASSERT(copy(naive_hmac_sha256(key, message)) == copy(theirs.digest_sha256(message)));
}

// BUGS P18
RC_GTEST_PROP(WireDecoder, agrees_with_the_writer_on_both_digests,
              (std::uint32_t value, bool sha256_key, bool both, bool fingerprint)) {
  const auto algorithm =
      sha256_key ? stun::PasswordAlgorithm::sha256 : stun::PasswordAlgorithm::md5;
  const auto key = stun::IntegrityKey::long_term("alice", "example.org", "secret", algorithm);
  Buffer buffer(200);
  stun::MessageWriter writer(buffer, {stun::Method::refresh, stun::Class::success}, {});
  writer.add_u32(stun::AttributeType::lifetime, value);
  if (both) writer.add_integrity(key);
  writer.add_integrity_sha256(key);
  if (fingerprint) writer.add_fingerprint();
  const auto made_by = sha256_key ? WireKey::sha256 : WireKey::md5;
  const auto other = sha256_key ? WireKey::md5 : WireKey::sha256;
  RC_ASSERT(!complaint_about(writer.bytes()));
  RC_ASSERT(integrity_sha256_matches(writer.bytes(), "alice", "example.org", "secret", made_by));
  RC_ASSERT(!integrity_sha256_matches(writer.bytes(), "alice", "example.org", "secret", other));
  RC_ASSERT(!integrity_sha256_matches(writer.bytes(), "alice", "example.org", "Secret", made_by));
  RC_ASSERT(integrity_matches(writer.bytes(), "alice", "example.org", "secret") ==
            (both && !sha256_key));
}

/// What the second decoder says of a 401 with this nonce, with or without PASSWORD-ALGORITHMS.
std::string_view complaint_about_challenge(std::string_view nonce, bool lists_algorithms) {
  static Buffer buffer(300);
  stun::MessageWriter writer(buffer, {stun::Method::allocate, stun::Class::error}, {});
  writer.add_error(stun::ErrorCode::unauthenticated, "");
  writer.add_text(stun::AttributeType::realm, "example.org");
  writer.add_text(stun::AttributeType::nonce, nonce);
  const stun::PasswordAlgorithm algorithms[] = {stun::PasswordAlgorithm::sha256};
  if (lists_algorithms) {
    writer.add_password_algorithms(stun::AttributeType::password_algorithms, algorithms);
  }
  const auto complaint = complaint_about(writer.bytes());
  return complaint ? complaint->text : "";
}

// PROTOCOL A10, W6
TEST(WireDecoder, wants_the_nonce_cookie_and_the_list_of_algorithms_to_agree) {
  constexpr std::string_view disagree = "PASSWORD-ALGORITHMS and the nonce cookie disagree";
  EXPECT_EQ(complaint_about_challenge("obMatJos2gAAAxyz", true), "");
  EXPECT_EQ(complaint_about_challenge("obMatJos2wAAAxyz", true), "");
  EXPECT_EQ(complaint_about_challenge("obMatJos2AAAAxyz", false), "");
  EXPECT_EQ(complaint_about_challenge("f//499k954d6OL34", false), "");
  EXPECT_EQ(complaint_about_challenge("obMatJos2gAAAxyz", false), disagree);
  EXPECT_EQ(complaint_about_challenge("obMatJos2AAADxyz", true), disagree);
  EXPECT_EQ(complaint_about_challenge("obMatJos2QAAAxyz", true), disagree);
}

}  // namespace
}  // namespace tickover::sim
