#include "core/turn/server/peer_policy.h"

#include <algorithm>

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

PeerClass classify_v4(std::uint8_t a, std::uint8_t b) {
  if (a == 0 || a >= 224) return PeerClass::never_a_peer;  // this network; multicast, reserved
  const bool internal = a == 10 || a == 127 ||             // private, loopback
                        (a == 100 && (b & 0xc0) == 64) ||  // shared, RFC 6598
                        (a == 169 && b == 254) ||          // link-local and metadata services
                        (a == 172 && (b & 0xf0) == 16) || (a == 192 && b == 168);
  return internal ? PeerClass::internal : PeerClass::ordinary;
}

PeerClass classify_v6(const Sixteen& b) {
  if (b[0] == 0xff) return PeerClass::never_a_peer;  // multicast
  if (zero(b, 0, 15)) return b[15] == 1 ? PeerClass::internal : PeerClass::never_a_peer;
  const bool internal =
      (b[0] & 0xfe) == 0xfc ||                    // unique-local
      (b[0] == 0xfe && (b[1] & 0x80) == 0x80) ||  // link- and site-local
      // The local-use NAT64 prefix 64:ff9b:1::/48 hides internal IPv4 addresses
      // at places that only its operator knows (RFC 8215).
      (b[0] == 0 && b[1] == 0x64 && b[2] == 0xff && b[3] == 0x9b && b[4] == 0 && b[5] == 1);
  return internal ? PeerClass::internal : PeerClass::ordinary;
}

}  // namespace

IpAddress canonical(const IpAddress& ip) {
  if (ip.family() == AddressFamily::ipv4) return ip;
  const Sixteen& b = ip.bytes();
  if (zero(b, 0, 10) && b[10] == 0xff && b[11] == 0xff) return four_at(b, 12);  // mapped
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

PeerClass classify(const IpAddress& ip) {
  const IpAddress target = canonical(ip);
  const Sixteen& b = target.bytes();
  return target.family() == AddressFamily::ipv4 ? classify_v4(b[0], b[1]) : classify_v6(b);
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
    case PeerClass::never_a_peer:
      return false;
    case PeerClass::internal:
      return allow_internal_;
    case PeerClass::ordinary:
      return allow_own_ || !is_own(canonical(ip));
  }
  return false;
}

bool PeerPolicy::allows(const Endpoint& peer) const {
  if (peer.port == 0 || !allows(peer.ip)) return false;
  const IpAddress ip = canonical(peer.ip);
  return std::ranges::none_of(listeners_, [&](const Endpoint& own) {
    return own.port == peer.port && (own.ip == ip || (own.ip.is_unspecified() && is_own(ip)));
  });
}

}  // namespace tickover::turn
