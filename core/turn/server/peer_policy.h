#pragma once

#include <vector>

#include "core/address.h"
#include "core/turn/server/config.h"

namespace tickover::turn {

/// The address that packets for `ip` end up at: an IPv4 address that is embedded in an IPv6 one
/// (mapped, compatible, translated, NAT64 64:ff9b::/96, 6to4, Teredo) is taken out (PROTOCOL AB6).
IpAddress canonical(const IpAddress& ip);

/// Whether packets for `ip` leave through an automatic tunnel (6to4, Teredo, ISATAP), through which
/// they can come back to us for ever: neither clients nor peers may have such an address
/// (RFC 8656, section 21.4).
bool is_tunnelled(const IpAddress& ip);

enum class PeerClass {
  ordinary,
  internal,     // loopback, link-local, private, shared, unique-local, benchmarks
  never_a_peer  // unspecified, this network, multicast, broadcast, reserved, tunnelled
};
/// Depends on the canonical address only, but for tunnels (PROTOCOL AB5; BUGS P17). The ranges are
/// those of the IANA registries of special-purpose addresses; documentation addresses are ordinary
/// here, because the laboratory lives in them.
PeerClass classify(const IpAddress& ip);

/// Which peers a server relays to.
class PeerPolicy {
 public:
  PeerPolicy() = default;
  explicit PeerPolicy(const ServerConfig& config);

  /// Whether a permission for this address may be had.
  bool allows(const IpAddress& ip) const;
  /// Whether data may go there: an allowed address, a port, and no listener of ours.
  bool allows(const Endpoint& peer) const;

  /// Replaces what is known about the host's own addresses beside the configured ones.
  void set_host_addresses(const std::vector<IpAddress>& addresses);

  bool operator==(const PeerPolicy&) const = default;

 private:
  bool is_own(const IpAddress& canonical_ip) const;

  bool allow_internal_ = false;
  bool allow_own_ = false;
  std::vector<Endpoint> listeners_;    // canonical
  std::vector<IpAddress> configured_;  // canonical
  std::vector<IpAddress> host_;        // canonical
};

}  // namespace tickover::turn
