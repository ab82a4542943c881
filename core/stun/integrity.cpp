// The low-level digests are deprecated, but they alone have a state that is a plain value: an EVP
// context cannot be copied without an allocation. The suppression holds for this file.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "core/stun/integrity.h"

#include <openssl/crypto.h>
#include <openssl/md5.h>
#include <openssl/sha.h>

#include <type_traits>

namespace tickover::stun {
namespace {

constexpr std::size_t block_size = SHA_CBLOCK;

/// HMAC (RFC 2104) is H(outer pad, H(inner pad, text)): the states behind the two pads.
struct Pads {
  SHA_CTX inner;
  SHA_CTX outer;
};

SHA_CTX state_behind(std::array<std::uint8_t, block_size> block, std::uint8_t pad) {
  for (std::uint8_t& byte : block) byte ^= pad;
  SHA_CTX state;
  std::memset(&state, 0, sizeof state);  // all bytes count in ==, padding included
  SHA1_Init(&state);
  SHA1_Update(&state, block.data(), block.size());
  OPENSSL_cleanse(block.data(), block.size());
  return state;
}

Pads pads_of(Bytes key) {
  std::array<std::uint8_t, block_size> block{};
  if (key.size() > block_size) {
    SHA1(key.data(), key.size(), block.data());
  } else {
    std::copy(key.begin(), key.end(), block.begin());
  }
  const Pads pads{state_behind(block, 0x36), state_behind(block, 0x5c)};
  OPENSSL_cleanse(block.data(), block.size());
  return pads;
}

}  // namespace

IntegrityKey::IntegrityKey() : IntegrityKey(raw({})) {}

IntegrityKey IntegrityKey::raw(Bytes key) {
  static_assert(std::is_trivially_copyable_v<Pads>);
  static_assert(sizeof(Pads) == sizeof(pads_) && alignof(Pads) <= 8);
  const Pads pads = pads_of(key);
  IntegrityKey result{Unset{}};
  std::memcpy(result.pads_.data(), &pads, sizeof pads);
  return result;
}

IntegrityKey IntegrityKey::long_term(std::string_view username, std::string_view realm,
                                     std::string_view password) {
  std::array<std::uint8_t, MD5_DIGEST_LENGTH> key{};
  MD5_CTX state;
  MD5_Init(&state);
  MD5_Update(&state, username.data(), username.size());
  MD5_Update(&state, ":", 1);
  MD5_Update(&state, realm.data(), realm.size());
  MD5_Update(&state, ":", 1);
  MD5_Update(&state, password.data(), password.size());
  MD5_Final(key.data(), &state);
  const IntegrityKey result = raw(key);
  OPENSSL_cleanse(key.data(), key.size());
  return result;
}

Sha1Digest IntegrityKey::digest(Bytes first, Bytes second) const {
  Pads pads;
  std::memcpy(&pads, pads_.data(), sizeof pads);
  Sha1Digest digest;
  SHA1_Update(&pads.inner, first.data(), first.size());
  SHA1_Update(&pads.inner, second.data(), second.size());
  SHA1_Final(digest.data(), &pads.inner);
  SHA1_Update(&pads.outer, digest.data(), digest.size());
  SHA1_Final(digest.data(), &pads.outer);
  return digest;
}

bool operator==(const IntegrityKey& a, const IntegrityKey& b) {
  return equal_in_constant_time(a.pads_, b.pads_);
}

bool equal_in_constant_time(Bytes a, Bytes b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace tickover::stun
