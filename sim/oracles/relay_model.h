#pragma once

#include <array>
#include <optional>
#include <vector>

#include "core/address.h"
#include "core/time.h"
#include "sim/oracles/glance.h"

namespace tickover::sim {

/// Lifetimes that a relay is configured with (RFC 8656, sections 9 and 12).
struct RelayLifetimes {
  Duration permission = std::chrono::seconds(300);
  Duration channel = std::chrono::seconds(600);
  /// How many Allocates and Refreshes it remembers, so that a copy does nothing a second time.
  std::uint64_t requests = 16'384;
};

/// A reference model of one relay's tables, learnt from its datagrams alone (PROTOCOL 1.5 to
/// 1.10). Where a repeated request may or may not have extended something (a relay may answer it
/// from memory), the model keeps both ends: alive before `surely`, gone from `at_most` on.
class RelayModel {
 public:
  struct Span {
    Instant surely;
    Instant at_most;
    bool is_alive(Instant now) const { return now < surely; }
    bool is_dead(Instant now) const { return now >= at_most; }
    void extend(Instant until, bool repeated) {
      if (!repeated) surely = until;
      at_most = repeated ? std::max(at_most, until) : until;
    }
  };
  struct Permission {
    IpAddress ip;
    Span span;
  };
  struct Channel {
    std::uint16_t number = 0;
    Endpoint peer;
    Span span;
  };
  using Id = std::array<std::uint8_t, 12>;
  /// Who created an allocation, by USERNAME or, if hidden, by USERHASH; empty if unnamed.
  struct Owner {
    std::vector<std::uint8_t> name;
    std::vector<std::uint8_t> realm;
    bool is_hidden = false;
  };
  struct Allocation {
    Endpoint client;
    Endpoint server;
    Endpoint relayed;
    std::optional<Endpoint> second;  // of the other family
    Id created_by{};
    Owner owner;
    std::uint32_t granted = 0;  // seconds, by the Allocate success
    Span span;
    bool unclear = false;  // it may have lost one of two relayed addresses, or both
    std::vector<Permission> permissions;
    std::vector<Channel> channels;
    /// Requests that succeeded, the latest so many: all that a relay may still remember while its
    /// client asks about every second.
    std::vector<Id> recent;
    static constexpr std::size_t most_recent = 256;
    std::size_t next_recent = 0;

    bool has(const Endpoint& relayed_address) const {
      return relayed == relayed_address || second == relayed_address;
    }
    /// The relayed address that reaches peers of that family; null if there is none.
    const Endpoint* towards(AddressFamily family) const;
    const Permission* permission(const IpAddress& ip) const;
    const Channel* channel(std::uint16_t number) const;
    const Channel* channel(const Endpoint& peer) const;
    Permission* permission(const IpAddress& ip);
    Channel* channel(std::uint16_t number);
    Channel* channel(const Endpoint& peer);
    std::vector<std::uint64_t> recent_at;  // for each, how many were `remembered` before it
    /// How many were remembered before that request, if it has succeeded before; otherwise it is
    /// noted with `remembered`.
    std::optional<std::uint64_t> repeats(Bytes id, std::uint64_t remembered);
  };

  void clear() { *this = {}; }
  /// The relay has these addresses alone from now on: what was granted at others may be over.
  void move_to(const std::vector<IpAddress>& addresses);
  /// By client and server; with some that ended within the last minutes.
  const std::vector<Allocation>& allocations() const { return allocations_; }
  const Allocation* find(const Endpoint& client, const Endpoint& server) const;
  const Allocation* find_relayed(const Endpoint& relayed) const;
  Allocation* find(const Endpoint& client, const Endpoint& server);
  Allocation* find_relayed(const Endpoint& relayed);

  /// The relay answered `request` of `client` with `success`. Says what is wrong with that, if
  /// anything; empty otherwise.
  std::string_view succeeded(const StunGlance& request, const StunGlance& success,
                             const Endpoint& client, const Endpoint& server, Instant now,
                             const RelayLifetimes& lifetimes);
  /// The same for an error.
  std::string_view failed(const StunGlance& request, const StunGlance& error,
                          const Endpoint& client, const Endpoint& server, Instant now);

 private:
  std::string_view allocated(const StunGlance& request, const StunGlance& success,
                             const Endpoint& client, const Endpoint& server, Instant now);
  /// What an Allocate success says of an allocation that this very request made before.
  static std::string_view said_again(const Allocation& allocation, const StunGlance& success,
                                     Instant now);
  /// Whether somebody else's living allocation has that relayed address.
  bool is_taken(const Endpoint& relayed, const Allocation* but, Instant now) const;
  std::string_view bound(Allocation& allocation, const StunGlance& request, Instant now,
                         bool repeated, const RelayLifetimes& lifetimes);

  struct ByRelayed {
    Endpoint relayed;
    std::uint32_t index;
    auto operator<=>(const ByRelayed&) const = default;
  };
  std::size_t place(const Endpoint& client, const Endpoint& server) const;
  void index_relayed();

  std::vector<Allocation> allocations_;  // sorted by (client, server)
  std::vector<ByRelayed> by_relayed_;    // sorted; the latest owner of each relayed address
  std::uint64_t remembered_ = 0;         // answers that a relay may have to give again, so far
};

}  // namespace tickover::sim
