#pragma once

#include <compare>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/address.h"
#include "core/flat_index.h"
#include "sim/network/link.h"
#include "sim/network/nat.h"
#include "sim/role.h"
#include "sim/scenario/scenario.h"
#include "sim/world/host_clock.h"

namespace tickover::sim {

struct Expectation;
using HostIndex = std::uint32_t;
using NodeIndex = std::uint32_t;
inline constexpr std::uint32_t no_index = ~std::uint32_t{0};

struct HostPlan {
  HostInfo info;
  std::string group;           // the name in the scenario; info.name unless count > 1
  const Role* role = nullptr;  // of the registry, which outlives the plan
  Settings settings;           // drawn
  DriverKind driver{};
  Duration driver_every;
  HostClock clock;
  Duration start;
  std::optional<std::uint32_t> behind;  // index of the NAT
  std::optional<std::uint32_t> nat64;   // whose addresses for the others it knows
  std::uint64_t key = 0;                // hash of the name
};

/// What owns addresses in a realm: a host, or the outside of a NAT.
struct Node {
  bool is_nat = false;
  std::uint32_t index = 0;             // of host or NAT
  std::optional<std::uint32_t> realm;  // the NAT behind which it is; none: public
  std::string name;                    // as links call it
};

struct DirectionPlan {
  NodeIndex from = 0;
  NodeIndex to = 0;
  std::uint64_t key = 0;  // hash of the names, not of indexes
  Conditions conditions;
  std::vector<HostIndex> eavesdroppers = {};  // who hears what is sent here (Role::overhears)
};

struct FlowPlan {
  HostIndex from = 0;
  HostIndex to = 0;
  Duration every;
  std::uint32_t size = 0;
  Duration start;
  Duration stop;
  std::uint64_t key = 0;
};

/// A fault with its draws made and its names resolved.
struct FaultPlan {
  std::uint64_t key = 0;  // hash of its words, so that another fault does not move its draws
  Instant begin;
  Instant end;          // Instant::never(): to the end
  bool present = true;  // false: this run leaves it out
  Duration every;       // above zero: again and again
  /// What it waits for; then `begin` and `end` count from that instant. Null: the clock.
  std::shared_ptr<const Expectation> after = nullptr;
  const FaultSpec* spec = nullptr;        // of the scenario in the plan
  std::vector<std::uint32_t> directions;  // that it touches
  HostIndex host = no_index;              // reboot, wall-jump, forge (to)
  HostIndex from_host = no_index;         // forge
  std::uint32_t nat = no_index;
  Duration amount;                                           // delay, duplicate, wall-jump
  std::int64_t transaction_low = -1, transaction_high = -1;  // -1: any
  std::int64_t copy_low = -1, copy_high = -1;
  bool stands = false;                  // on packets, whenever they come: it has no beginning
  bool is_named = false;                // it stands, and is one datagram's fate
  LinkConditions degraded;              // degrade: what it says, drawn
  std::vector<Conditions> conditions;   // and what becomes of each direction, if no other does so
  std::optional<std::uint32_t> behind;  // move: the NAT behind which it is then

  bool is_over_at_once() const { return end <= begin; }
  /// Whether `begin` and `end` are when it begins and ends, and the only time.
  bool is_fixed() const { return present && !after && every == Duration{}; }
};

/// A fault that is one datagram's fate, by the datagram's name but for its kind.
struct NamedFault {
  std::uint32_t direction = 0;
  std::int64_t transaction = 0;
  std::int64_t copy = 0;
  std::uint32_t fault = 0;
  auto operator<=>(const NamedFault&) const = default;
};

/// The conditions of a link with others put over them, in which what is drawn once per run is
/// drawn.
Conditions overlaid(const LinkConditions& drawn, Conditions base);

/// A scenario with everything drawn for one seed: what never changes during a run. Shared by all
/// copies of a world.
struct Plan {
  Scenario scenario;
  std::uint64_t seed = 0;
  Duration duration;
  std::vector<HostPlan> hosts;
  std::vector<HostInfo> infos;
  std::map<std::uint32_t, std::vector<HostInfo>> infos_behind;  // by NAT64
  std::vector<NatPlan> nats;
  std::vector<Node> nodes;                // hosts first, then NATs
  std::vector<DirectionPlan> directions;  // 2n and 2n+1 are the two directions of link n
  std::vector<FlowPlan> flows;
  std::vector<FaultPlan> faults;
  std::vector<NamedFault> named_faults;  // sorted, so that thousands of them cost little
  bool has_refusals = false;             // some fault keeps datagrams from leaving their hosts
  Instant heal_at = Instant::never();
  Duration heal_within;
  Instant always_from;

  NodeIndex node_of_host(HostIndex host) const { return host; }
  NodeIndex node_of_nat(std::uint32_t nat) const {
    return static_cast<NodeIndex>(hosts.size()) + nat;
  }
  /// The node that owns `ip` in the realm behind that NAT (none: public).
  std::optional<NodeIndex> owner(std::optional<std::uint32_t> realm, const IpAddress& ip) const;
  /// The direction from one node to another; no_index if no link leads there.
  std::uint32_t direction(NodeIndex from, NodeIndex to) const;
  std::optional<HostIndex> host_named(std::string_view name) const;
  /// Which [[fault]] of the scenario it is, from 0: one that names a group is of several.
  std::size_t number_of(const FaultPlan& fault) const {
    return static_cast<std::size_t>(fault.spec - scenario.faults.data());
  }
  /// Hosts of that name or group; all for "*".
  std::vector<HostIndex> hosts_named(std::string_view name) const;
  /// The two ends of a direction as people say them: "alice", "relay".
  const std::string& from_name(std::uint32_t direction) const {
    return nodes[directions[direction].from].name;
  }
  const std::string& to_name(std::uint32_t direction) const {
    return nodes[directions[direction].to].name;
  }
  /// The longest round trip on any link once the network is healed, for derived bounds.
  Duration longest_round_trip() const;
  /// How much faults can hold one datagram back, or a copy of it.
  Duration longest_hold() const;

  RoleContext context(HostIndex host, std::uint32_t boot, Instant now) const;

 private:
  friend class PlanBuilder;
  struct Address {
    std::uint32_t realm = no_index;  // no_index: public
    IpAddress ip;
    bool operator==(const Address&) const = default;
    friend std::uint64_t stable_hash(const Address& p) { return mix(stable_hash(p.ip), p.realm); }
  };
  struct Ends {
    NodeIndex from = 0;
    NodeIndex to = 0;
    bool operator==(const Ends&) const = default;
    friend std::uint64_t stable_hash(const Ends& e) { return scramble(mix(e.from, e.to)); }
  };
  FlatIndex<Address> by_address_;                                       // to nodes
  FlatIndex<Ends> by_ends_;                                             // to directions
  std::map<std::string, std::vector<HostIndex>, std::less<>> by_name_;  // hosts and groups
};

/// A scenario that cannot be run, and why: it names the thing and, where it came from a file, the
/// place.
struct PlanError {
  Place place;
  std::string what;
};

/// Draws everything and resolves every name. `registry` must outlive the plan.
std::expected<std::shared_ptr<const Plan>, PlanError> make_plan(Scenario scenario,
                                                                std::uint64_t seed,
                                                                const RoleRegistry& registry);

}  // namespace tickover::sim
