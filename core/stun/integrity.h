#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/bytes.h"
#include "core/stun/types.h"

namespace tickover::stun {

using Sha1Digest = std::array<std::uint8_t, 20>;
using Sha256Digest = std::array<std::uint8_t, 32>;

/// The key of MESSAGE-INTEGRITY and MESSAGE-INTEGRITY-SHA256, with the HMAC pad states of both
/// digests kept, so that a digest costs no key set-up and no allocation. A regular value; the
/// password itself is not kept (RFC 8656, section 6). This header and its source are OpenSSL's
/// only door.
class IntegrityKey {
 public:
  /// Of the empty key: verifies nothing that a peer would send, but costs the same time.
  IntegrityKey();
  /// Any key bytes; the short-term mechanism's password, or a test vector's.
  static IntegrityKey raw(Bytes key);
  /// MD5 or SHA-256 of username ":" realm ":" password (RFC 8489, sections 9.2.2 and 18.5). Of
  /// username and realm, surrounding quotes and trailing NULs do not count. Otherwise the texts are
  /// used as given: they should have passed the OpaqueString profile (RFC 8265).
  static IntegrityKey long_term(std::string_view username, std::string_view realm,
                                std::string_view password,
                                PasswordAlgorithm algorithm = PasswordAlgorithm::md5);

  /// HMAC-SHA1 over the concatenation of the two parts.
  Sha1Digest digest(Bytes first, Bytes second = {}) const;
  /// HMAC-SHA256 over the concatenation of the two parts.
  Sha256Digest digest_sha256(Bytes first, Bytes second = {}) const;

  friend bool operator==(const IntegrityKey&, const IntegrityKey&);

 private:
  struct Unset {};
  explicit IntegrityKey(Unset) {}

  /// The memory of two SHA-1 states and two SHA-256 states, laid out in the source.
  alignas(8) std::array<std::uint8_t, 416> pads_{};
};

/// USERHASH: SHA-256 of username ":" realm (RFC 8489, section 14.4).
Sha256Digest user_hash(std::string_view username, std::string_view realm);

/// Compares in time that depends on the length only.
bool equal_in_constant_time(Bytes a, Bytes b);

}  // namespace tickover::stun
