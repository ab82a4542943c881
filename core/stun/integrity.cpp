// The low-level digests are deprecated, but they alone have a state that is a plain value: an EVP
// context cannot be copied without an allocation. The suppression holds for this file.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "core/stun/integrity.h"

#include <openssl/crypto.h>
#include <openssl/md5.h>
#include <openssl/sha.h>

#include <cstddef>
#include <initializer_list>
#include <type_traits>

#include "core/random.h"

namespace tickover::stun {
namespace {

/// What the two digests are called here.
struct Sha1 {
  using State = SHA_CTX;
  using Digest = Sha1Digest;
  static constexpr auto& init = SHA1_Init;
  static constexpr auto& update = SHA1_Update;
  static constexpr auto& final = SHA1_Final;
};
struct Sha256 {
  using State = SHA256_CTX;
  using Digest = Sha256Digest;
  static constexpr auto& init = SHA256_Init;
  static constexpr auto& update = SHA256_Update;
  static constexpr auto& final = SHA256_Final;
};

static_assert(SHA_CBLOCK == SHA256_CBLOCK);
using Block = std::array<std::uint8_t, SHA_CBLOCK>;

template <class Hash>
typename Hash::Digest hash(std::initializer_list<Bytes> parts) {
  typename Hash::State state;
  Hash::init(&state);
  for (const Bytes part : parts) Hash::update(&state, part.data(), part.size());
  typename Hash::Digest digest;
  Hash::final(digest.data(), &state);
  OPENSSL_cleanse(&state, sizeof state);
  return digest;
}

/// HMAC (RFC 2104) is H(outer pad, H(inner pad, text)): the states behind the two pads.
template <class Hash>
struct Pads {
  typename Hash::State inner;
  typename Hash::State outer;
};
struct AllPads {
  Pads<Sha1> sha1;
  Pads<Sha256> sha256;
};

template <class Hash>
typename Hash::State state_behind(Block block, std::uint8_t pad) {
  for (std::uint8_t& byte : block) byte ^= pad;
  typename Hash::State state;
  std::memset(&state, 0, sizeof state);  // all bytes count in ==, padding included
  Hash::init(&state);
  Hash::update(&state, block.data(), block.size());
  OPENSSL_cleanse(block.data(), block.size());
  return state;
}

template <class Hash>
Pads<Hash> pads_of(Bytes key) {
  Block block{};
  if (key.size() > block.size()) {
    const auto digest = hash<Hash>({key});
    std::copy(digest.begin(), digest.end(), block.begin());
  } else {
    std::copy(key.begin(), key.end(), block.begin());
  }
  const Pads<Hash> pads{state_behind<Hash>(block, 0x36), state_behind<Hash>(block, 0x5c)};
  OPENSSL_cleanse(block.data(), block.size());
  return pads;
}

template <class Hash>
typename Hash::Digest hmac(Pads<Hash>& pads, Bytes first, Bytes second) {
  typename Hash::Digest digest;
  Hash::update(&pads.inner, first.data(), first.size());
  Hash::update(&pads.inner, second.data(), second.size());
  Hash::final(digest.data(), &pads.inner);
  Hash::update(&pads.outer, digest.data(), digest.size());
  Hash::final(digest.data(), &pads.outer);
  return digest;
}

/// RFC 8489, section 9.2.2: neither quotes nor trailing NULs are part of the name.
Bytes bare(std::string_view text) {
  text = text.substr(0, text.find_last_not_of('\0') + 1);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  return as_bytes(text);
}

using Md5Digest = std::array<std::uint8_t, MD5_DIGEST_LENGTH>;

Md5Digest md5(std::initializer_list<Bytes> parts) {
  MD5_CTX state;
  MD5_Init(&state);
  for (const Bytes part : parts) MD5_Update(&state, part.data(), part.size());
  Md5Digest digest;
  MD5_Final(digest.data(), &state);
  OPENSSL_cleanse(&state, sizeof state);
  return digest;
}

}  // namespace

IntegrityKey::IntegrityKey() : IntegrityKey(raw({})) {}

IntegrityKey IntegrityKey::raw(Bytes key) {
  static_assert(std::is_trivially_copyable_v<AllPads>);
  static_assert(sizeof(AllPads) == sizeof(pads_) && alignof(AllPads) <= 8);
  const AllPads pads{pads_of<Sha1>(key), pads_of<Sha256>(key)};
  IntegrityKey result{Unset{}};
  std::memcpy(result.pads_.data(), &pads, sizeof pads);
  return result;
}

IntegrityKey IntegrityKey::long_term(std::string_view username, std::string_view realm,
                                     std::string_view password, PasswordAlgorithm algorithm) {
  const Bytes colon = as_bytes(":");
  const auto parts = {bare(username), colon, bare(realm), colon, as_bytes(password)};
  if (algorithm == PasswordAlgorithm::sha256) return raw(hash<Sha256>(parts));
  return raw(md5(parts));
}

Sha1Digest IntegrityKey::digest(Bytes first, Bytes second) const {
  Pads<Sha1> pads;
  std::memcpy(&pads, pads_.data() + offsetof(AllPads, sha1), sizeof pads);
  return hmac(pads, first, second);
}

Sha256Digest IntegrityKey::digest_sha256(Bytes first, Bytes second) const {
  Pads<Sha256> pads;
  std::memcpy(&pads, pads_.data() + offsetof(AllPads, sha256), sizeof pads);
  return hmac(pads, first, second);
}

Sha256Digest user_hash(std::string_view username, std::string_view realm) {
  return hash<Sha256>({bare(username), as_bytes(":"), bare(realm)});
}

bool operator==(const IntegrityKey& a, const IntegrityKey& b) {
  return equal_in_constant_time(a.pads_, b.pads_);
}

bool equal_in_constant_time(Bytes a, Bytes b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace tickover::stun

// Randomness that nobody can predict. It stands here because OpenSSL has one door.
namespace tickover {
namespace {

enum class Use : std::uint8_t { word, split };

/// SHA-256 over a secret and two values, all of fixed length, so that none can be extended.
stun::Sha256Digest keyed_digest(const std::array<std::uint64_t, 4>& key, Use use,
                                std::uint64_t value) {
  std::array<std::uint8_t, 41> text{};
  ByteWriter out(text);
  for (const std::uint64_t word : key) out.u64(word);
  out.u8(static_cast<std::uint8_t>(use));
  out.u64(value);
  const stun::Sha256Digest digest = stun::hash<stun::Sha256>({Bytes(text)});
  OPENSSL_cleanse(text.data(), text.size());
  return digest;
}

}  // namespace

Random Random::secure(const SecretKey& key) {
  Random random;
  ByteReader in(key);
  for (std::uint64_t& word : random.key_) word = in.u64();
  random.is_secure_ = true;
  return random;
}

std::uint64_t Random::secure_word() const {
  return ByteReader(keyed_digest(key_, Use::word, drawn_)).u64();
}

Random Random::secure_split(std::uint64_t purpose) const {
  return secure(keyed_digest(key_, Use::split, purpose));
}

}  // namespace tickover
