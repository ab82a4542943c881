#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/address.h"
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
};

/// The mappings of one NAT. IPv6 passes untranslated, but is filtered alike. Mappings end when
/// they have been idle for the timeout, exactly: at that instant they are gone.
class Nat {
 public:
  /// The endpoint outside from which a datagram from `inside` to `remote` leaves. Nothing if the
  /// NAT has no address of that family, or no port left.
  std::optional<Endpoint> outbound(const NatPlan& plan, std::uint64_t seed, const Endpoint& inside,
                                   const Endpoint& remote, Instant now);

  enum class Refusal : std::uint8_t { none, no_mapping, filtered };
  struct Inbound {
    Refusal refusal = Refusal::none;
    Endpoint inside;
  };
  /// Where a datagram from `remote` that arrived at `outside` goes.
  Inbound inbound(const NatPlan& plan, const Endpoint& outside, const Endpoint& remote,
                  Instant now);

  /// Forgets every mapping (a reboot of the device).
  void reset();
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
    std::vector<Contact> contacts;  // to whom something was sent, for filtering
    bool operator==(const Mapping&) const = default;
  };

  Mapping* find_inside(const Endpoint& inside, const Endpoint& towards);
  Mapping* find_outside(const Endpoint& outside, Instant now);
  bool choose_outside(const NatPlan& plan, std::uint64_t seed, Mapping& mapping, Instant now);
  static void note_contact(Mapping& mapping, const Endpoint& remote, Instant until, Instant now);

  std::vector<Mapping> mappings_;  // sorted by (inside, towards); dead ones keep their generation
  std::uint32_t resets_ = 0;
};

}  // namespace tickover::sim
