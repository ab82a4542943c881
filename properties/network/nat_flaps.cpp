// What a NAT remembers of mappings that are idle, answered, or away for the length of a flap.
#include <gtest/gtest.h>

#include "sim/network/nat.h"

namespace tickover::sim {
namespace {

using std::chrono::seconds;

Endpoint at(const char* text) {
  return *Endpoint::parse(text);
}
Instant when(std::int64_t second) {
  return Instant::at(seconds(second));
}

struct Bench {
  NatPlan plan{.name = "nat",
               .key = 7,
               .addresses = {at("198.51.100.1:1").ip},
               .mapping = NatBehaviour::endpoint_independent,
               .filtering = NatBehaviour::address_and_port,
               .timeout = seconds(60)};
  Nat nat;

  Endpoint out(const Endpoint& inside, const Endpoint& remote, std::int64_t second = 0) {
    const auto sent = nat.outbound(plan, 1, inside, remote, when(second));
    return sent ? sent->source : Endpoint{};
  }
  std::optional<Endpoint> in(const Endpoint& outside, const Endpoint& remote,
                             std::int64_t second = 0) {
    const Nat::Inbound inbound = nat.inbound(plan, outside, remote, when(second));
    if (inbound.refusal != Nat::Refusal::none) return {};
    return inbound.inside;
  }
};

const Endpoint alice = at("10.0.0.2:5001");
const Endpoint bob = at("10.0.0.3:5001");
const Endpoint server = at("192.0.2.1:3478");
const Endpoint other = at("192.0.2.2:3478");

TEST(NatTimer, is_the_long_one_from_the_first_reply_on_without_another_packet_out) {
  for (const bool refresh : {false, true}) {
    Bench bench;
    bench.plan.unreplied_timeout = seconds(10);
    bench.plan.inbound_refresh = refresh;
    const Endpoint mapped = bench.out(alice, server, 0);
    EXPECT_TRUE(bench.in(mapped, server, 5));
    // Idle since what went out, or since what came in.
    const std::int64_t end = refresh ? 65 : 60;
    EXPECT_TRUE(Bench(bench).in(mapped, server, end - 1));
    EXPECT_FALSE(Bench(bench).in(mapped, server, end));
    EXPECT_EQ(bench.out(alice, server, end - 1), mapped);
  }
}

TEST(NatTimer, of_a_reply_gives_nobody_else_leave_to_answer) {
  Bench bench;
  bench.plan.unreplied_timeout = seconds(10);
  const Endpoint mapped = bench.out(alice, server, 0);
  bench.out(alice, other, 8);
  EXPECT_TRUE(bench.in(mapped, other, 12));
  EXPECT_FALSE(bench.in(mapped, server, 13));
}

// BUGS G8
TEST(NatFlap, brings_no_dead_mapping_back_to_a_port_that_is_anothers) {
  Bench bench;
  bench.plan.first_port = bench.plan.last_port = 2'000;
  const Endpoint mapped = bench.out(alice, server, 0);
  ASSERT_EQ(bench.out(bob, server, 100), mapped);
  bench.nat.flap(when(105));
  bench.nat.flap_back(bench.plan, when(110));
  EXPECT_EQ(bench.nat.live_mappings(when(111)), 1u);
  EXPECT_EQ(bench.in(mapped, server, 111), bob);
}

// BUGS G8
TEST(NatFlap, gives_other_ports_also_where_ports_are_preserved) {
  for (const PortChoice ports : {PortChoice::preserve, PortChoice::overload}) {
    Bench bench;
    bench.plan.ports = ports;
    const Endpoint mapped = bench.out(alice, server, 0);
    bench.nat.flap(when(1));
    EXPECT_NE(bench.out(alice, server, 2), mapped);
    bench.nat.flap_back(bench.plan, when(3));
    EXPECT_EQ(bench.out(alice, server, 4), mapped);
  }
}

TEST(NatFlap, brings_timers_back_as_if_everything_had_been_used_just_now) {
  Bench bench;
  bench.plan.filter_timeout = seconds(20);
  const Endpoint mapped = bench.out(alice, server, 0);
  bench.out(alice, other, 30);
  bench.nat.flap(when(31));
  bench.nat.flap_back(bench.plan, when(100));
  // Who could not answer any more before the flap cannot after it, nor anybody for longer.
  EXPECT_FALSE(bench.in(mapped, server, 101));
  EXPECT_TRUE(bench.in(mapped, other, 119));
  EXPECT_FALSE(bench.in(mapped, other, 120));
  EXPECT_EQ(bench.out(alice, other, 159), mapped);
}

}  // namespace
}  // namespace tickover::sim
