#include <gtest/gtest.h>

#include <set>

#include "sim/network/nat.h"

namespace tickover::sim {
namespace {

using std::chrono::seconds;

Endpoint at(const char* text) {
  return *Endpoint::parse(text);
}
Instant when(std::int64_t s) {
  return Instant::at(seconds(s));
}
constexpr std::int64_t timeout = 60;

/// A NAT on its own: what a device on the bench shows to one who probes it from both sides.
struct Bench {
  NatPlan plan{.name = "nat",
               .key = 7,
               .addresses = {at("198.51.100.1:1").ip},
               .mapping = NatBehaviour::endpoint_independent,
               .filtering = NatBehaviour::endpoint_independent,
               .timeout = seconds(timeout)};
  std::uint64_t seed = 1;
  Nat nat;

  Endpoint out(const Endpoint& inside, const Endpoint& remote, std::int64_t second = 0) {
    const auto outside = nat.outbound(plan, seed, inside, remote, when(second));
    EXPECT_TRUE(outside);
    return outside ? outside->source : Endpoint{};
  }
  Nat::Refusal in(const Endpoint& outside, const Endpoint& remote, std::int64_t second = 0) {
    return nat.inbound(plan, outside, remote, when(second)).refusal;
  }
};

const Endpoint alice = at("10.0.0.2:5000");
const Endpoint bob = at("10.0.0.3:5000");
// The four corners of RFC 5780's server: two addresses, two ports.
const Endpoint a1p1 = at("192.0.2.1:3478");
const Endpoint a1p2 = at("192.0.2.1:3479");
const Endpoint a2p1 = at("192.0.2.2:3478");
const Endpoint a2p2 = at("192.0.2.2:3479");

/// RFC 5780, section 4.3: where does each corner see us?
NatBehaviour probed_mapping(Bench bench) {
  const Endpoint first = bench.out(alice, a1p1);
  const Endpoint second = bench.out(alice, a2p1);
  if (first == second) return NatBehaviour::endpoint_independent;
  const Endpoint third = bench.out(alice, a2p2);
  return second == third ? NatBehaviour::address : NatBehaviour::address_and_port;
}

/// RFC 5780, section 4.4: which corner may answer what was sent to the first?
NatBehaviour probed_filtering(Bench bench) {
  const Endpoint mapped = bench.out(alice, a1p1);
  EXPECT_EQ(bench.in(mapped, a1p1), Nat::Refusal::none);
  if (bench.in(mapped, a2p2) == Nat::Refusal::none) return NatBehaviour::endpoint_independent;
  return bench.in(mapped, a1p2) == Nat::Refusal::none ? NatBehaviour::address
                                                      : NatBehaviour::address_and_port;
}

// PROTOCOL N4; BUGS G8, P22
TEST(Nat, shows_a_prober_each_of_the_nine_behaviours_it_was_given) {
  constexpr NatBehaviour all[] = {NatBehaviour::endpoint_independent, NatBehaviour::address,
                                  NatBehaviour::address_and_port};
  for (const NatBehaviour mapping : all) {
    for (const NatBehaviour filtering : all) {
      for (std::uint64_t seed = 0; seed < 20; ++seed) {
        Bench bench;
        bench.seed = seed;
        bench.plan.mapping = mapping;
        bench.plan.filtering = filtering;
        EXPECT_EQ(probed_mapping(bench), mapping);
        EXPECT_EQ(probed_filtering(bench), filtering);
      }
    }
  }
}

TEST(Nat, translates_to_its_address_and_back) {
  Bench bench;
  const Endpoint mapped = bench.out(alice, a1p1);
  EXPECT_EQ(mapped.ip, bench.plan.addresses.front());
  EXPECT_GE(mapped.port, 1024);
  EXPECT_EQ(bench.nat.inbound(bench.plan, mapped, a1p1, when(1)).inside, alice);
  EXPECT_EQ(bench.out(alice, a1p1, 1), mapped);
}

// BUGS P22
TEST(Nat, refuses_what_no_mapping_is_for) {
  Bench bench;
  EXPECT_EQ(bench.in(at("198.51.100.1:4000"), a1p1), Nat::Refusal::no_mapping);
  const Endpoint mapped = bench.out(alice, a1p1);
  const Endpoint beside{mapped.ip, static_cast<std::uint16_t>(mapped.port ^ 1)};
  EXPECT_EQ(bench.in(beside, a1p1), Nat::Refusal::no_mapping);
}

// PROTOCOL N4; BUGS G8, P13
TEST(Nat, forgets_a_mapping_at_the_very_instant_of_its_timeout) {
  Bench bench;
  const Endpoint mapped = bench.out(alice, a1p1);
  const auto in_after = [&](Duration idle) {
    return bench.nat.inbound(bench.plan, mapped, a1p1, when(0) + idle).refusal;
  };
  EXPECT_EQ(in_after(Duration(seconds(timeout)) - Duration::nanoseconds(1)), Nat::Refusal::none);
  EXPECT_EQ(in_after(seconds(timeout)), Nat::Refusal::no_mapping);
  EXPECT_EQ(bench.nat.live_mappings(when(timeout)), 0u);
  EXPECT_NE(bench.out(alice, a1p1, timeout), mapped);
}

// PROTOCOL N4; BUGS G8
TEST(Nat, keeps_a_mapping_alive_by_what_goes_out) {
  Bench bench;
  const Endpoint mapped = bench.out(alice, a1p1, 0);
  EXPECT_EQ(bench.out(alice, a1p1, timeout - 1), mapped);
  EXPECT_EQ(bench.in(mapped, a1p1, 2 * timeout - 2), Nat::Refusal::none);
  EXPECT_EQ(bench.in(mapped, a1p1, 2 * timeout - 1), Nat::Refusal::no_mapping);
}

// PROTOCOL N4; BUGS G8
TEST(Nat, keeps_a_mapping_alive_by_what_comes_in_only_if_told_so) {
  for (const bool refresh : {false, true}) {
    Bench bench;
    bench.plan.inbound_refresh = refresh;
    const Endpoint mapped = bench.out(alice, a1p1, 0);
    EXPECT_EQ(bench.in(mapped, a1p1, timeout - 1), Nat::Refusal::none);
    EXPECT_EQ(bench.in(mapped, a1p1, timeout + 1) == Nat::Refusal::none, refresh);
  }
}

TEST(Nat, is_not_kept_alive_by_what_it_refuses) {
  Bench bench;
  bench.plan.inbound_refresh = true;
  bench.plan.filtering = NatBehaviour::address_and_port;
  const Endpoint mapped = bench.out(alice, a1p1, 0);
  EXPECT_EQ(bench.in(mapped, a2p2, timeout - 1), Nat::Refusal::filtered);
  EXPECT_EQ(bench.in(mapped, a1p1, timeout), Nat::Refusal::no_mapping);
}

// BUGS G8
TEST(Nat, lets_each_permission_to_answer_end_by_itself) {
  Bench bench;
  bench.plan.filtering = NatBehaviour::address_and_port;
  const Endpoint mapped = bench.out(alice, a1p1, 0);
  bench.out(alice, a2p2, 30);
  EXPECT_EQ(bench.in(mapped, a1p1, timeout - 1), Nat::Refusal::none);
  EXPECT_EQ(bench.in(mapped, a1p1, timeout), Nat::Refusal::filtered);
  EXPECT_EQ(bench.in(mapped, a2p2, timeout), Nat::Refusal::none);
}

// BUGS P11
TEST(Nat, keeps_two_hosts_apart) {
  Bench bench;
  const Endpoint first = bench.out(alice, a1p1);
  const Endpoint second = bench.out(bob, a1p1);
  EXPECT_NE(first, second);
  EXPECT_EQ(bench.nat.inbound(bench.plan, first, a1p1, when(1)).inside, alice);
  EXPECT_EQ(bench.nat.inbound(bench.plan, second, a1p1, when(1)).inside, bob);
}

// 3,000 of 64,512 ports: some 70 pairs draw the same port first, and must still get two.
// BUGS P11
TEST(Nat, never_gives_one_port_to_two_mappings) {
  Bench bench;
  std::set<Endpoint> seen;
  for (std::uint16_t port = 1; port <= 3'000; ++port) {
    EXPECT_TRUE(seen.insert(bench.out({alice.ip, port}, a1p1)).second) << port;
  }
}

TEST(Nat, forgets_everything_when_it_is_reset_and_gives_other_ports) {
  Bench bench;
  std::set<Endpoint> given;
  for (std::int64_t round = 0; round < 8; ++round) {
    // Some rounds also let the mapping expire: no mixture of the two gives a port back.
    const Endpoint mapped = bench.out(alice, a1p1, 100 * round);
    EXPECT_TRUE(given.insert(mapped).second) << round;
    if (round % 3 == 1) continue;
    bench.nat.reset();
    EXPECT_EQ(bench.in(mapped, a1p1, 100 * round), Nat::Refusal::no_mapping);
    EXPECT_EQ(bench.nat.live_mappings(when(100 * round)), 0u);
    EXPECT_TRUE(given.insert(bench.out(alice, a1p1, 100 * round)).second) << round;
  }
}

TEST(Nat, passes_ipv6_untranslated_but_filters_it) {
  Bench bench;
  bench.plan.mapping = NatBehaviour::address_and_port;
  bench.plan.filtering = NatBehaviour::address;
  const Endpoint six = at("[2001:db8::2]:5000");
  const Endpoint remote = at("[2001:db8:1::1]:3478");
  EXPECT_EQ(bench.in(six, remote), Nat::Refusal::no_mapping);
  EXPECT_EQ(bench.out(six, remote), six);
  EXPECT_EQ(bench.out(six, at("[2001:db8:1::2]:3478")), six);
  EXPECT_EQ(bench.in(six, remote), Nat::Refusal::none);
  EXPECT_EQ(bench.in(six, at("[2001:db8:1::1]:9")), Nat::Refusal::none);
  EXPECT_EQ(bench.in(six, at("[2001:db8:1::3]:3478")), Nat::Refusal::filtered);
  EXPECT_EQ(bench.in(six, remote, timeout), Nat::Refusal::no_mapping);
}

TEST(Nat, refuses_ipv4_without_an_ipv4_address) {
  Bench bench;
  bench.plan.addresses = {at("[2001:db8::1]:1").ip};
  EXPECT_FALSE(bench.nat.outbound(bench.plan, 1, alice, a1p1, when(0)));
}

TEST(Nat, gives_other_ports_for_other_seeds_and_the_same_for_the_same) {
  std::set<Endpoint> seen;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Bench bench;
    bench.seed = seed;
    Bench twin = bench;
    const Endpoint mapped = bench.out(alice, a1p1);
    EXPECT_EQ(twin.out(alice, a1p1), mapped);
    EXPECT_EQ(bench.nat, twin.nat);
    seen.insert(mapped);
  }
  EXPECT_GT(seen.size(), 95u);
}

}  // namespace
}  // namespace tickover::sim
