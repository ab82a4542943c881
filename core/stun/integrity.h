#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/bytes.h"

namespace tickover::stun {

using Sha1Digest = std::array<std::uint8_t, 20>;

/// The key of MESSAGE-INTEGRITY with its two HMAC-SHA1 pad states kept, so that a digest costs no
/// key set-up and no allocation. A regular value; the password itself is not kept (RFC 8656,
/// section 6). This header and its source are OpenSSL's only door.
class IntegrityKey {
 public:
  /// Of the empty key: verifies nothing that a peer would send, but costs the same time.
  IntegrityKey();
  /// Any key bytes; the short-term mechanism's password, or a test vector's.
  static IntegrityKey raw(Bytes key);
  /// MD5(username ":" realm ":" password), RFC 8489, section 9.2.2. The texts are used as given.
  static IntegrityKey long_term(std::string_view username, std::string_view realm,
                                std::string_view password);

  /// HMAC-SHA1 over the concatenation of the two parts.
  Sha1Digest digest(Bytes first, Bytes second = {}) const;

  friend bool operator==(const IntegrityKey&, const IntegrityKey&);

 private:
  struct Unset {};
  explicit IntegrityKey(Unset) {}

  /// The memory of two SHA-1 states, laid out in the source.
  alignas(8) std::array<std::uint8_t, 192> pads_{};
};

/// Compares in time that depends on the length only.
bool equal_in_constant_time(Bytes a, Bytes b);

}  // namespace tickover::stun
