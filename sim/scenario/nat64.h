#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/address.h"

namespace tickover::sim {

/// The IPv6 prefix under which a NAT64 shows IPv4 addresses, as in `64:ff9b::/96` (RFC 6052,
/// section 2.2). Private IPv4 addresses may stand under any prefix here (RFC 6052, section 3.1,
/// forbids it of the well-known one), for simulated networks are made of such.
class Nat64Prefix {
 public:
  /// 32, 40, 48, 56, 64 or 96 bits; nothing for another length, or if bits after it or bits 64 to
  /// 71 are set.
  static std::optional<Nat64Prefix> parse(std::string_view text);

  /// The IPv6 address that stands for an IPv4 address.
  IpAddress show(const IpAddress& v4) const;
  /// The IPv4 address for which that one stands; nothing if it does not begin with the prefix.
  std::optional<IpAddress> shown(const IpAddress& ip) const;
  std::string text() const;

  bool operator==(const Nat64Prefix&) const = default;

 private:
  Nat64Prefix(IpAddress ip, std::uint8_t bits) : ip_(ip), bits_(bits) {}

  IpAddress ip_;
  std::uint8_t bits_ = 0;
};

}  // namespace tickover::sim
