// NATs as they are sold: what is configured is what a prober finds (BUGS P22), in the manner of
// RFC 5780, over every combination.
#include <gtest/gtest.h>

#include <set>

#include "sim/network/nat.h"

namespace tickover::sim {
namespace {

using std::chrono::seconds;

Endpoint at(const char* text) {
  return *Endpoint::parse(text);
}

/// The device on the bench, and the four corners of RFC 5780's server.
struct Bench {
  NatPlan plan{.name = "nat",
               .key = 7,
               .addresses = {at("198.51.100.1:1").ip},
               .mapping = NatBehaviour::endpoint_independent,
               .filtering = NatBehaviour::endpoint_independent,
               .timeout = seconds(60)};
  std::uint64_t seed = 1;
  Nat nat;

  std::optional<Endpoint> try_out(const Endpoint& inside, const Endpoint& remote,
                                  std::int64_t second = 0) {
    const auto outside = nat.outbound(plan, seed, inside, remote, Instant::at(seconds(second)));
    return outside ? std::optional(outside->source) : std::nullopt;
  }
  Endpoint out(const Endpoint& inside, const Endpoint& remote, std::int64_t second = 0) {
    return try_out(inside, remote, second).value_or(Endpoint{});
  }
  bool in(const Endpoint& outside, const Endpoint& remote, std::int64_t second = 0) {
    return nat.inbound(plan, outside, remote, Instant::at(seconds(second))).refusal ==
           Nat::Refusal::none;
  }
};

const Endpoint alice = at("10.0.0.2:5001");
const Endpoint bob = at("10.0.0.3:5001");
const Endpoint a1p1 = at("192.0.2.1:3478");
const Endpoint a1p2 = at("192.0.2.1:3479");
const Endpoint a2p1 = at("192.0.2.2:3478");
const Endpoint a2p2 = at("192.0.2.2:3479");

NatBehaviour probed_mapping(Bench bench) {
  const Endpoint first = bench.out(alice, a1p1);
  if (first == bench.out(alice, a2p1)) return NatBehaviour::endpoint_independent;
  return bench.out(alice, a2p1) == bench.out(alice, a2p2) ? NatBehaviour::address
                                                          : NatBehaviour::address_and_port;
}

NatBehaviour probed_filtering(Bench bench) {
  const Endpoint mapped = bench.out(alice, a1p1);
  if (bench.in(mapped, a2p2)) return NatBehaviour::endpoint_independent;
  return bench.in(mapped, a1p2) ? NatBehaviour::address : NatBehaviour::address_and_port;
}

/// After how many seconds of silence the mapping is another one; by bisection, as a prober must.
std::int64_t probed_timeout(const Bench& bench, bool with_answer) {
  std::int64_t alive = 0;
  std::int64_t dead = 1'000;
  while (dead - alive > 1) {
    const std::int64_t middle = (alive + dead) / 2;
    Bench fresh = bench;
    const Endpoint mapped = fresh.out(alice, a1p1);
    if (with_answer) {
      fresh.in(mapped, a1p1);
      fresh.out(alice, a1p1);
    }
    (fresh.in(mapped, a1p1, middle) ? alive : dead) = middle;
  }
  return dead;
}

// PROTOCOL N4; BUGS G8, P22
TEST(NatDevice, shows_a_prober_what_it_was_given_in_every_combination) {
  constexpr NatBehaviour all[] = {NatBehaviour::endpoint_independent, NatBehaviour::address,
                                  NatBehaviour::address_and_port};
  constexpr PortChoice choices[] = {PortChoice::random, PortChoice::preserve, PortChoice::overload};
  for (const NatBehaviour mapping : all) {
    for (const NatBehaviour filtering : all) {
      for (const PortChoice ports : choices) {
        for (int bits = 0; bits < 16; ++bits) {
          Bench bench;
          bench.seed = static_cast<std::uint64_t>(bits) + 3;
          bench.plan.mapping = mapping;
          bench.plan.filtering = filtering;
          bench.plan.ports =
              mapping == NatBehaviour::endpoint_independent ? ports : PortChoice::random;
          bench.plan.keeps_parity = (bits & 1) != 0;
          bench.plan.port_block = (bits & 2) != 0 ? 64 : 0;
          bench.plan.addresses = {at("198.51.100.1:1").ip, at("198.51.100.2:1").ip};
          if ((bits & 4) != 0) bench.plan.unreplied_timeout = seconds(20);
          if ((bits & 8) != 0) bench.plan.timeout = seconds(90);
          EXPECT_EQ(probed_mapping(bench), mapping);
          EXPECT_EQ(probed_filtering(bench), filtering);
          EXPECT_EQ(probed_timeout(bench, true), (bits & 8) != 0 ? 90 : 60);
          EXPECT_EQ(probed_timeout(bench, false), (bits & 4) != 0 ? 20 : (bits & 8) != 0 ? 90 : 60);
        }
      }
    }
  }
}

TEST(NatDevice, keeps_the_inside_port_if_it_is_free) {
  Bench bench;
  bench.plan.ports = PortChoice::preserve;
  EXPECT_EQ(bench.out(alice, a1p1).port, alice.port);
  const Endpoint other = bench.out(bob, a1p1);
  EXPECT_NE(other.port, bob.port);
  EXPECT_TRUE(bench.in(bench.out(alice, a1p1), a1p1));
}

TEST(NatDevice, takes_a_port_away_if_it_overloads) {
  Bench bench;
  bench.plan.ports = PortChoice::overload;
  const Endpoint mapped = bench.out(alice, a1p1);
  EXPECT_EQ(bench.out(bob, a1p1), mapped);
  EXPECT_EQ(bench.nat.inbound(bench.plan, mapped, a1p1, Instant{}).inside, bob);
  EXPECT_EQ(bench.nat.live_mappings(Instant{}), 1u);
}

TEST(NatDevice, keeps_odd_ports_odd_and_even_ports_even) {
  Bench bench;
  bench.plan.keeps_parity = true;
  for (std::uint16_t port = 4'000; port < 4'100; ++port) {
    EXPECT_EQ(bench.out({alice.ip, port}, a1p1).port % 2, port % 2);
  }
}

TEST(NatDevice, gives_an_inside_address_one_outside_address_only_if_it_is_paired) {
  for (const bool paired : {true, false}) {
    Bench bench;
    bench.plan.is_paired = paired;
    bench.plan.addresses.clear();
    for (std::uint8_t i = 1; i <= 4; ++i) {
      bench.plan.addresses.push_back(IpAddress::v4({198, 51, 100, i}));
    }
    std::set<IpAddress> seen;
    for (std::uint16_t port = 4'000; port < 4'040; ++port) {
      seen.insert(bench.out({alice.ip, port}, a1p1).ip);
    }
    EXPECT_EQ(seen.size(), paired ? 1u : 4u);
  }
}

// RFC 6888, REQ-2 and REQ-4: a subscriber has a block of ports, and no more.
TEST(NatDevice, gives_each_inside_address_a_block_of_ports_and_no_more) {
  Bench bench;
  bench.plan.first_port = 2'000;
  bench.plan.last_port = 2'031;
  bench.plan.port_block = 16;
  std::set<std::uint16_t> blocks_of_alice;
  for (std::uint16_t port = 1; port <= 16; ++port) {
    blocks_of_alice.insert(static_cast<std::uint16_t>(bench.out({alice.ip, port}, a1p1).port / 16));
  }
  EXPECT_EQ(blocks_of_alice.size(), 1u);
  EXPECT_FALSE(bench.try_out({alice.ip, 17}, a1p1));
  const Endpoint other = bench.out(bob, a1p1);
  EXPECT_FALSE(blocks_of_alice.contains(static_cast<std::uint16_t>(other.port / 16)));
  // Both blocks are somebody's; when a subscriber has gone silent, the block is free again.
  EXPECT_FALSE(bench.try_out(at("10.0.0.4:1"), a1p1, 30));
  EXPECT_TRUE(bench.try_out(at("10.0.0.4:1"), a1p1, 61));
}

TEST(NatDevice, forgets_whom_it_lets_in_before_it_forgets_the_mapping) {
  Bench bench;
  bench.plan.filtering = NatBehaviour::address_and_port;
  bench.plan.filter_timeout = seconds(10);
  const Endpoint mapped = bench.out(alice, a1p1);
  EXPECT_TRUE(bench.in(mapped, a1p1, 9));
  EXPECT_FALSE(bench.in(mapped, a1p1, 10));
  EXPECT_EQ(bench.out(alice, a1p1, 11), mapped);
  EXPECT_TRUE(bench.in(mapped, a1p1, 12));
}

TEST(NatDevice, lets_a_mapping_die_under_traffic_if_nothing_refreshes_it) {
  Bench bench;
  bench.plan.outbound_refresh = false;
  const Endpoint mapped = bench.out(alice, a1p1);
  for (std::int64_t second = 1; second < 60; ++second) {
    EXPECT_EQ(bench.out(alice, a1p1, second), mapped);
  }
  EXPECT_NE(bench.out(alice, a1p1, 60), mapped);
}

// BUGS G8
TEST(NatDevice, flaps_to_another_port_and_back) {
  Bench bench;
  const Endpoint mapped = bench.out(alice, a1p1);
  bench.nat.flap(Instant{});
  EXPECT_FALSE(bench.in(mapped, a1p1, 1));
  const Endpoint other = bench.out(alice, a1p1, 1);
  EXPECT_NE(other, mapped);
  bench.nat.flap_back(bench.plan, Instant::at(seconds(200)));
  EXPECT_EQ(bench.out(alice, a1p1, 201), mapped);
  EXPECT_TRUE(bench.in(mapped, a1p1, 202));
  EXPECT_FALSE(bench.in(other, a1p1, 202));
}

TEST(NatDevice, moves_to_another_address_and_knows_nobody_there) {
  Bench bench;
  const Endpoint mapped = bench.out(alice, a1p1);
  const IpAddress fresh = IpAddress::v4({203, 0, 113, 9});
  bench.nat.move({fresh});
  EXPECT_FALSE(bench.in(mapped, a1p1));
  EXPECT_EQ(bench.out(alice, a1p1).ip, fresh);
  bench.nat.move({});
  EXPECT_EQ(bench.out(alice, a1p1).ip, mapped.ip);
}

TEST(NatDevice, can_be_a_firewall_that_leaves_addresses_alone) {
  Bench bench;
  bench.plan.translates = false;
  bench.plan.filtering = NatBehaviour::address;
  EXPECT_FALSE(bench.in(alice, a1p1));
  EXPECT_EQ(bench.out(alice, a1p1), alice);
  EXPECT_TRUE(bench.in(alice, a1p2));
  EXPECT_FALSE(bench.in(alice, a2p1));
  EXPECT_FALSE(bench.in(alice, a1p1, 60));
}

TEST(NatDevice, knows_whose_mapping_an_error_is_about_and_keeps_nothing_alive_by_it) {
  Bench bench;
  const Endpoint mapped = bench.out(alice, a1p1);
  EXPECT_EQ(bench.nat.inside_of(mapped, Instant::at(seconds(59))), alice);
  EXPECT_FALSE(bench.nat.inside_of(mapped, Instant::at(seconds(60))));
}

}  // namespace
}  // namespace tickover::sim
