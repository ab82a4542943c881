#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tickover::stun {

/// What a server can do, as the first 13 characters of its nonce say it, so that nobody on the path
/// can take it away unseen (RFC 8489, section 9.2 and 18.1).
struct SecurityFeatures {
  bool password_algorithms = false;  // bit 0
  bool username_anonymity = false;   // bit 1

  bool operator==(const SecurityFeatures&) const = default;
};

inline constexpr std::string_view nonce_cookie_start = "obMatJos2";
inline constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The nonce cookie: the fixed start, and 24 feature bits in base64. Bit 0 is the most significant
/// one (PROTOCOL W6).
constexpr std::array<char, 13> nonce_cookie(SecurityFeatures features) {
  const std::uint32_t bits =
      (features.password_algorithms ? 1u << 23 : 0) | (features.username_anonymity ? 1u << 22 : 0);
  std::array<char, 13> cookie{};
  for (std::size_t i = 0; i < 9; ++i) cookie[i] = nonce_cookie_start[i];
  for (std::size_t i = 0; i < 4; ++i) cookie[9 + i] = base64_digits[bits >> (18 - 6 * i) & 63];
  return cookie;
}

/// What the nonce says; nothing if it has no cookie, as those of older servers. Bits without a
/// meaning yet are passed over.
constexpr std::optional<SecurityFeatures> security_features(std::string_view nonce) {
  if (!nonce.starts_with(nonce_cookie_start) || nonce.size() < 13) return {};
  std::uint32_t bits = 0;
  for (const char c : nonce.substr(9, 4)) {
    const std::size_t digit = base64_digits.find(c);
    if (digit == std::string_view::npos) return {};
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
  }
  return SecurityFeatures{(bits >> 23 & 1) != 0, (bits >> 22 & 1) != 0};
}

}  // namespace tickover::stun
