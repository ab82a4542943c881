#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/address.h"
#include "core/machine.h"
#include "core/time.h"
#include "sim/scenario/scenario.h"

namespace tickover::sim {

/// What a NAT does, drawn and resolved. Terms and requirements are those of RFC 4787.
struct NatPlan {
  std::string name;
  std::uint64_t key = 0;  // hash of the name
  std::vector<IpAddress> addresses;
  std::optional<std::uint32_t> behind;  // index of the next NAT outwards
  NatBehaviour mapping{};
  NatBehaviour filtering{};
  Duration timeout;
  bool hairpinning = true;
  bool inbound_refresh = false;
  // See NatSpec.
  std::optional<Duration> filter_timeout = {};
  std::optional<Duration> unreplied_timeout = {};
  bool outbound_refresh = true;
  bool hairpins_inside = false;
  bool is_paired = true;
  bool keeps_parity = false;
  PortChoice ports = PortChoice::random;
  std::uint16_t first_port = 1'024;
  std::uint16_t last_port = 65'535;
  std::uint32_t port_block = 0;
  bool translates = true;
  std::optional<Nat64Prefix> nat64 = {};

  /// Whether addresses of that family are the same inside and outside.
  bool passes(AddressFamily family) const { return !translates || family == AddressFamily::ipv6; }
};

/// The mappings of one NAT. IPv6 passes untranslated, but is filtered alike; a firewall treats IPv4
/// so, too. Where the NAT is a NAT64, what IPv6 hosts send to an address that stands for an IPv4
/// address leaves as IPv4 (RFC 6146), by the same rules as in a NAT of IPv4. Mappings end when they
/// have been idle for the timeout, exactly: at that instant they are gone.
class Nat {
 public:
  struct Outbound {
    Endpoint source;  // outside
    Endpoint remote;  // outside: of another family than inside, if this is a NAT64
  };
  /// How a datagram from `inside` to `remote` leaves. Nothing if the NAT has no address of that
  /// family, or no port left.
  std::optional<Outbound> outbound(const NatPlan& plan, std::uint64_t seed, const Endpoint& inside,
                                   const Endpoint& to, Instant now);

  enum class Refusal : std::uint8_t { none, no_mapping, filtered };
  struct Inbound {
    Refusal refusal = Refusal::none;
    Endpoint inside;
    Endpoint remote;  // as those inside see it
  };
  /// Where a datagram from `remote` that arrived at `outside` goes.
  Inbound inbound(const NatPlan& plan, const Endpoint& outside, const Endpoint& remote,
                  Instant now);
  /// Whose mapping that is, for the errors that come back to it; this keeps nothing alive.
  std::optional<Endpoint> inside_of(const Endpoint& outside, Instant now) const;
  /// What the host at `inside` takes a remote endpoint for.
  static Endpoint seen_from(const NatPlan& plan, const Endpoint& inside, const Endpoint& remote);
  /// What it is told of an error about its mapping: of another kind behind a NAT64 (RFC 7915,
  /// section 4.2).
  static IcmpError seen_from(const NatPlan& plan, const Endpoint& inside, const IcmpError& error);

  /// Forgets every mapping (a reboot of the device).
  void reset();
  /// The same, and from now on it has these addresses outside; none: those of its plan.
  void move(std::vector<IpAddress> addresses);
  /// Every mapping gets another port the next time it is used, until `flap_back` brings those that
  /// lived at the flap back as if they had been used just now.
  void flap(Instant now);
  void flap_back(const NatPlan& plan, Instant now);
  /// Whether it is where `move` brought it with that address.
  bool has_moved_to(const IpAddress& address) const {
    return moved_to_.size() == 1 && moved_to_.front() == address;
  }
  std::size_t live_mappings(Instant now) const;

  bool operator==(const Nat&) const = default;

 private:
  struct Contact {
    Endpoint remote;
    Instant until;
    bool operator==(const Contact&) const = default;
  };
  struct Mapping {
    Endpoint inside;
    Endpoint towards;  // the part of the remote endpoint that the mapping depends on
    Endpoint outside;
    Instant until;
    std::uint32_t generation = 0;
    bool replied = false;           // something came in through it
    std::vector<Contact> contacts;  // to whom something was sent, for filtering
    bool operator==(const Mapping&) const = default;
  };
  struct Ports {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };

  Mapping* find_inside(const Endpoint& inside, const Endpoint& towards);
  Mapping* find_outside(const Endpoint& outside, Instant now);
  bool choose_outside(const NatPlan& plan, std::uint64_t seed, Mapping& mapping, Instant now);
  /// The first reply: from now on the mapping has its whole timeout.
  static void note_reply(const NatPlan& plan, Mapping& mapping, Instant now);
  /// How long that mapping lives when nobody uses it.
  static Duration timeout_of(const NatPlan& plan, const Mapping& mapping) {
    return mapping.replied ? plan.timeout : plan.unreplied_timeout.value_or(plan.timeout);
  }
  /// Which ports of an outside address are some live mapping's, or will be when a flap is over.
  std::vector<bool> taken_ports(const IpAddress& outside, Instant now) const;
  std::optional<IpAddress> choose_address(const NatPlan& plan, std::uint64_t key,
                                          std::uint64_t inside_key) const;
  /// Those of the inside address's block; no ports if every block is another's.
  Ports block_of(const NatPlan& plan, const IpAddress& inside, const IpAddress& outside,
                 std::uint64_t key, Instant now) const;
  bool was_flapped_from(const Endpoint& outside) const;
  static void note_contact(const NatPlan& plan, Mapping& mapping, const Endpoint& remote,
                           Instant now);

  std::vector<Mapping> mappings_;  // sorted by (inside, towards); dead ones keep their generation
  std::uint32_t resets_ = 0;
  std::vector<IpAddress> moved_to_;
  std::vector<Mapping> flapped_;  // the mappings that come back
};

}  // namespace tickover::sim
