#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/random.h"

namespace tickover {

enum class AddressFamily : std::uint8_t { ipv4 = 1, ipv6 = 2 };

/// An IPv4 or IPv6 address. Its text is canonical: dotted quad, or RFC 5952.
class IpAddress {
 public:
  /// 0.0.0.0
  constexpr IpAddress() = default;
  static constexpr IpAddress v4(std::array<std::uint8_t, 4> bytes) {
    IpAddress address;
    for (std::size_t i = 0; i < 4; ++i) address.bytes_[i] = bytes[i];
    return address;
  }
  static constexpr IpAddress v6(std::array<std::uint8_t, 16> bytes) {
    IpAddress address;
    address.family_ = AddressFamily::ipv6;
    address.bytes_ = bytes;
    return address;
  }
  /// Accepts what inet_pton accepts; nothing for anything else.
  static std::optional<IpAddress> parse(std::string_view text);
  static constexpr IpAddress unspecified(AddressFamily family) {
    return family == AddressFamily::ipv4 ? IpAddress() : v6({});
  }

  constexpr AddressFamily family() const { return family_; }
  constexpr std::size_t size() const { return family_ == AddressFamily::ipv4 ? 4 : 16; }
  /// 4 or 16 significant bytes, in network order; the rest is zero.
  constexpr const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  constexpr bool is_unspecified() const { return *this == unspecified(family_); }
  std::string text() const;
  /// The address `offset` further on, wrapping at the end of the space.
  IpAddress plus(std::uint32_t offset) const;

  /// By two words, which cost less than sixteen bytes.
  constexpr bool operator==(const IpAddress& other) const {
    return family_ == other.family_ && high() == other.high() && low() == other.low();
  }
  /// By family, then as numbers.
  constexpr std::strong_ordering operator<=>(const IpAddress& other) const {
    if (family_ != other.family_) return family_ <=> other.family_;
    if (high() != other.high()) return high() <=> other.high();
    return low() <=> other.low();
  }
  constexpr std::uint64_t high() const { return word(0); }
  constexpr std::uint64_t low() const { return word(8); }

 private:
  constexpr std::uint64_t word(std::size_t at) const {
    std::uint64_t result = 0;
    for (std::size_t i = at; i < at + 8; ++i) result = (result << 8) | bytes_[i];
    return result;
  }

  AddressFamily family_ = AddressFamily::ipv4;
  std::array<std::uint8_t, 16> bytes_{};
};

/// A transport address: IP address and UDP port. Text is `192.0.2.1:3478` or `[2001:db8::1]:3478`.
struct Endpoint {
  IpAddress ip;
  std::uint16_t port = 0;

  static std::optional<Endpoint> parse(std::string_view text);
  constexpr AddressFamily family() const { return ip.family(); }
  std::string text() const;
  constexpr auto operator<=>(const Endpoint&) const = default;
};

/// A hash that is the same on every machine and compiler. For lookup only; never iterate by it.
constexpr std::uint64_t stable_hash(const IpAddress& ip) {
  return mix(mix(ip.high(), ip.low()), static_cast<std::uint64_t>(ip.family()));
}
constexpr std::uint64_t stable_hash(const Endpoint& endpoint) {
  return mix(stable_hash(endpoint.ip), endpoint.port);
}

}  // namespace tickover
