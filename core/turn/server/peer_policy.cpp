#include "core/turn/server/peer_policy.h"

#include <algorithm>
#include <span>

namespace tickover::turn {
namespace {

using Sixteen = std::array<std::uint8_t, 16>;

IpAddress four_at(const Sixteen& b, std::size_t at, std::uint8_t flip = 0) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(b[at + i] ^ flip); };
  return IpAddress::v4({byte(0), byte(1), byte(2), byte(3)});
}

bool zero(const Sixteen& b, std::size_t from, std::size_t to) {
  return std::all_of(b.begin() + static_cast<std::ptrdiff_t>(from),
                     b.begin() + static_cast<std::ptrdiff_t>(to), [](auto x) { return x == 0; });
}

/// All of 127/8 leads here, however few of them the host names.
bool is_loopback(const IpAddress& ip) {
  if (ip.family() == AddressFamily::ipv4) return ip.bytes()[0] == 127;
  return zero(ip.bytes(), 0, 15) && ip.bytes()[15] == 1;
}

/// All addresses of a family whose first `bits` are those of `first`.
struct Range {
  std::uint64_t high;
  std::uint64_t low;
  unsigned bits;
  PeerClass peer_class;

  constexpr bool contains(const IpAddress& ip) const {
    return ((ip.high() ^ high) & mask(bits)) == 0 &&
           ((ip.low() ^ low) & mask(bits > 64 ? bits - 64 : 0)) == 0;
  }

 private:
  /// Its first `count` bits are ones; all of them from 64 on.
  static constexpr std::uint64_t mask(unsigned count) {
    return count == 0 ? 0 : count >= 64 ? ~0ull : ~0ull << (64 - count);
  }
};

constexpr Range v4(std::uint64_t a, std::uint64_t b, std::uint64_t c, unsigned bits, PeerClass of) {
  return {a << 56 | b << 48 | c << 40, 0, bits, of};
}
constexpr Range v6(std::uint64_t high, unsigned bits, PeerClass of, std::uint64_t low = 0) {
  return {high, low, bits, of};
}

using enum PeerClass;

constexpr Range v4_ranges[] = {
    v4(0, 0, 0, 8, never_a_peer),       // this network, RFC 791
    v4(10, 0, 0, 8, internal),          // private, RFC 1918
    v4(100, 64, 0, 10, internal),       // shared, RFC 6598
    v4(127, 0, 0, 8, internal),         // loopback
    v4(169, 254, 0, 16, internal),      // link-local and metadata services
    v4(172, 16, 0, 12, internal),       // private
    v4(192, 0, 0, 24, internal),        // protocol assignments, RFC 6890
    v4(192, 88, 99, 24, never_a_peer),  // 6to4 relays, RFC 7526
    v4(192, 168, 0, 16, internal),      // private
    v4(198, 18, 0, 15, internal),       // benchmarks, RFC 2544
    v4(224, 0, 0, 3, never_a_peer),     // multicast, reserved, broadcast
};

constexpr Range v6_ranges[] = {
    v6(0, 128, never_a_peer),                     // unspecified
    v6(0, 128, internal, 1),                      // loopback
    v6(0x0064'ff9b'0001'0000, 48, internal),      // local NAT64 hides what it leads to, RFC 8215
    v6(0x0100'0000'0000'0000, 64, internal),      // discard, RFC 6666
    v6(0x2001'0002'0000'0000, 48, internal),      // benchmarks, RFC 5180
    v6(0x2001'0010'0000'0000, 28, never_a_peer),  // ORCHID: names, no addresses, RFC 4843
    v6(0x2001'0020'0000'0000, 28, never_a_peer),  // ORCHIDv2, RFC 7343
    v6(0x5f00'0000'0000'0000, 16, internal),      // segment routing, RFC 9602
    v6(0xfc00'0000'0000'0000, 7, internal),       // unique-local
    v6(0xfe80'0000'0000'0000, 9, internal),       // link- and site-local
    v6(0xff00'0000'0000'0000, 8, never_a_peer),   // multicast
};

}  // namespace

IpAddress canonical(const IpAddress& ip) {
  if (ip.family() == AddressFamily::ipv4) return ip;
  const Sixteen& b = ip.bytes();
  if (zero(b, 0, 10) && b[10] == 0xff && b[11] == 0xff) return four_at(b, 12);  // mapped
  if (zero(b, 0, 8) && b[8] == 0xff && b[9] == 0xff && zero(b, 10, 12)) {
    return four_at(b, 12);  // translated, RFC 2765
  }
  if (zero(b, 0, 12)) {  // compatible, but for :: and ::1
    return zero(b, 12, 15) && b[15] <= 1 ? ip : four_at(b, 12);
  }
  if (b[0] == 0 && b[1] == 0x64 && b[2] == 0xff && b[3] == 0x9b && zero(b, 4, 12)) {
    return four_at(b, 12);  // NAT64, RFC 6052
  }
  if (b[0] == 0x20 && b[1] == 0x02) return four_at(b, 2);  // 6to4, RFC 3056
  if (b[0] == 0x20 && b[1] == 0x01 && b[2] == 0 && b[3] == 0) {
    return four_at(b, 12, 0xff);  // Teredo stores the client's address inverted, RFC 4380
  }
  return ip;
}

bool is_tunnelled(const IpAddress& ip) {
  if (ip.family() == AddressFamily::ipv4) return false;
  const std::uint64_t prefix = ip.high() >> 32;
  // ISATAP marks the interface, with or without the bit for "universal" (RFC 5214, section 6.1).
  const std::uint64_t interface = ip.low() >> 32 & ~0x0200'0000ull;
  return prefix >> 16 == 0x2002 || prefix == 0x2001'0000 || interface == 0x0000'5efe;
}

PeerClass classify(const IpAddress& ip) {
  if (is_tunnelled(ip)) return never_a_peer;
  const IpAddress target = canonical(ip);
  const bool is_v4 = target.family() == AddressFamily::ipv4;
  for (const Range& range : is_v4 ? std::span<const Range>(v4_ranges) : v6_ranges) {
    if (range.contains(target)) return range.peer_class;
  }
  return ordinary;
}

PeerPolicy::PeerPolicy(const ServerConfig& config)
    : allow_internal_(config.allow_private_peers), allow_own_(config.allow_own_addresses) {
  for (const Endpoint& endpoint : config.listen) {
    listeners_.push_back({canonical(endpoint.ip), endpoint.port});
    if (!endpoint.ip.is_unspecified()) configured_.push_back(canonical(endpoint.ip));
  }
  for (const IpAddress& ip : config.relay_addresses) configured_.push_back(canonical(ip));
}

void PeerPolicy::set_host_addresses(const std::vector<IpAddress>& addresses) {
  host_.clear();
  for (const IpAddress& ip : addresses) host_.push_back(canonical(ip));
}

bool PeerPolicy::is_own(const IpAddress& canonical_ip) const {
  return std::ranges::count(configured_, canonical_ip) + std::ranges::count(host_, canonical_ip) >
         0;
}

bool PeerPolicy::allows(const IpAddress& ip) const {
  switch (classify(ip)) {
    case never_a_peer:
      return false;
    case internal:
      return allow_internal_;
    case ordinary:
      return allow_own_ || !is_own(canonical(ip));
  }
  return false;
}

bool PeerPolicy::allows(const Endpoint& peer) const {
  if (peer.port == 0 || !allows(peer.ip)) return false;
  const IpAddress ip = canonical(peer.ip);
  return std::ranges::none_of(listeners_, [&](const Endpoint& own) {
    const bool is_here = own.ip.is_unspecified() && (is_own(ip) || is_loopback(ip));
    return own.port == peer.port && (own.ip == ip || is_here);
  });
}

}  // namespace tickover::turn
