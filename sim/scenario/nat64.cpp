#include "sim/scenario/nat64.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace tickover::sim {
namespace {

constexpr std::size_t zero_byte = 8;  // bits 64 to 71 carry nothing
constexpr std::array<std::uint8_t, 6> lengths = {32, 40, 48, 56, 64, 96};

/// Where the bytes of the IPv4 address stand, behind a prefix of so many bits.
constexpr std::array<std::size_t, 4> places(std::uint8_t bits) {
  std::array<std::size_t, 4> result{};
  std::size_t at = bits / 8;
  for (std::size_t& place : result) {
    if (at == zero_byte) ++at;
    place = at++;
  }
  return result;
}

}  // namespace

std::optional<Nat64Prefix> Nat64Prefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {};
  const auto ip = IpAddress::parse(text.substr(0, slash));
  const std::string_view digits = text.substr(slash + 1);
  std::uint8_t bits = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), bits);
  if (!ip || ip->family() != AddressFamily::ipv6 || error != std::errc() || end != digits.end() ||
      std::ranges::find(lengths, bits) == lengths.end()) {
    return {};
  }
  const auto tail = ip->bytes().begin() + bits / 8;
  if (ip->bytes()[zero_byte] != 0) return {};
  if (std::any_of(tail, ip->bytes().end(), [](std::uint8_t byte) { return byte != 0; })) return {};
  return Nat64Prefix(*ip, bits);
}

IpAddress Nat64Prefix::show(const IpAddress& v4) const {
  auto bytes = ip_.bytes();
  const auto at = places(bits_);
  for (std::size_t i = 0; i < at.size(); ++i) bytes[at[i]] = v4.bytes()[i];
  return IpAddress::v6(bytes);
}

std::optional<IpAddress> Nat64Prefix::shown(const IpAddress& ip) const {
  if (ip.family() != AddressFamily::ipv6) return {};
  const auto end = ip.bytes().begin() + bits_ / 8;
  if (!std::equal(ip.bytes().begin(), end, ip_.bytes().begin())) return {};
  std::array<std::uint8_t, 4> bytes{};
  const auto at = places(bits_);
  for (std::size_t i = 0; i < at.size(); ++i) bytes[i] = ip.bytes()[at[i]];
  return IpAddress::v4(bytes);
}

std::string Nat64Prefix::text() const {
  return ip_.text() + "/" + std::to_string(bits_);
}

}  // namespace tickover::sim
