#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "sim/oracles/glance.h"

namespace tickover::sim {

/// A STUN message written byte by byte, for oracles that are shown what no machine would send.
class RawStun {
 public:
  RawStun(unsigned type, std::uint8_t id) : bytes_(20) {
    put(0, type);
    put(4, 0x2112);
    put(6, 0xA442);
    bytes_[19] = id;
  }
  RawStun& add(unsigned type, Bytes value) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + 4 + (value.size() + 3) / 4 * 4);
    put(at, type);
    put(at + 2, static_cast<unsigned>(value.size()));
    std::copy(value.begin(), value.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(at) + 4);
    put(2, static_cast<unsigned>(bytes_.size() - 20));
    return *this;
  }
  RawStun& text(unsigned type, std::string_view value) { return add(type, as_bytes(value)); }
  RawStun& number(unsigned type, std::uint32_t value) {
    const std::vector<std::uint8_t> bytes = {
        static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
        static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
    return add(type, bytes);
  }
  RawStun& lifetime(std::uint32_t seconds) { return number(stun_attribute::lifetime, seconds); }
  RawStun& error(unsigned code) {
    return number(stun_attribute::error_code, code / 100 << 8 | code % 100);
  }
  /// An address of some host, told by its last byte: an IPv4 one, or an IPv6 one.
  RawStun& relayed(std::uint8_t host, bool is_ipv6 = false) {
    std::vector<std::uint8_t> value(is_ipv6 ? 20 : 8);
    value[1] = is_ipv6 ? 2 : 1;
    // An IPv6 address goes with the transaction id (RFC 8489, section 14.2).
    value.back() = is_ipv6 ? static_cast<std::uint8_t>(host ^ bytes_[19]) : host;
    return add(stun_attribute::xor_relayed_address, value);
  }
  /// A digest that nobody made.
  RawStun& integrity() {
    return add(stun_attribute::message_integrity, std::vector<std::uint8_t>(20));
  }

  const std::vector<std::uint8_t>& bytes() const { return bytes_; }
  StunGlance glance() const { return glance_stun(bytes_).value(); }

 private:
  void put(std::size_t at, unsigned value) {
    bytes_[at] = static_cast<std::uint8_t>(value >> 8);
    bytes_[at + 1] = static_cast<std::uint8_t>(value);
  }
  std::vector<std::uint8_t> bytes_;
};

}  // namespace tickover::sim
