#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sim/scenario/scenario.h"
#include "sim/search/choices.h"
#include "sim/search/invent_links.h"

namespace tickover::sim {

/// What a swarm leaves in or out of a world.
enum class InventedKind : std::uint8_t {
  loss,
  duplication,
  reordering,
  jitter,
  weather,
  bottleneck,
  two_families,
  nested_nat,
  herd,
  attacker,
  odd_settings,
  partition,  // the first fault
  block,
  drop,
  delay,
  duplicate,
  degrade,
  reboot,
  nat_reset,
  wall_jump,
  nat_flap,
  refuse,
  sleep,
  move,
  nat_move,
  corrupt,
  truncate,
  forge,
  count_,
};
inline constexpr std::size_t invented_kinds = static_cast<std::size_t>(InventedKind::count_);

/// A client of a world that is being invented.
struct InventedClient {
  std::string name;    // of the host, or of the group
  std::string member;  // what faults on one host call it
  std::string relay;
  std::string door;  // where its link ends: itself, or the NAT around it
  std::uint8_t number = 0;
  bool has_nat = false;
  bool has_nat64 = false;
  bool has_ipv6 = false;
};

/// A world that is being invented, and where the decisions come from.
struct Invention {
  using Kind = InventedKind;

  Choices& choices;
  Scenario scenario = {};
  std::array<bool, invented_kinds> present = {};
  std::vector<InventedClient> clients = {};
  Duration heal_at = {};

  bool has(Kind kind) const { return present[static_cast<std::size_t>(kind)]; }
  bool coin() { return choices.below(2) == 1; }
  /// One of the values; the first is the simplest.
  template <class T, std::size_t n>
  T one_of(const std::array<T, n>& values) {
    return values[choices.below(n)];
  }
  Duration length(Duration low, Duration high) { return invent_length(choices, low, high); }
  Range<Ratio> per_mille(std::uint64_t most) {
    return Ratio(static_cast<std::uint32_t>(choices.below(most + 1)), 1'000);
  }
  const InventedClient& some_client() { return clients[choices.below(clients.size())]; }
  /// Any host by its name, one of a group.
  std::string some_host() {
    const HostSpec& host = scenario.hosts[choices.below(scenario.hosts.size())];
    return host.count > 1 ? host.name + "-1" : host.name;
  }
};

/// One fault of a kind that is present, if there is anything for it to befall.
void add_invented_fault(Invention& world);

/// Claims, budgets, counts and fairness of the clients, once all else is there.
void add_invented_claims(Invention& world);

}  // namespace tickover::sim
