// A NAT64: IPv6 inside, IPv4 outside.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <chrono>
#include <string>

#include "sim/network/nat.h"

namespace tickover::sim {
namespace {

using std::chrono::seconds;

Endpoint at(const char* text) {
  return *Endpoint::parse(text);
}

Nat64Prefix prefix(const std::string& text) {
  return *Nat64Prefix::parse(text);
}

// The table of RFC 6052, section 2.4.
TEST(Nat64Prefix, puts_an_ipv4_address_where_rfc_6052_shows_it) {
  const IpAddress v4 = *IpAddress::parse("192.0.2.33");
  const std::array<std::pair<const char*, const char*>, 7> table = {{
      {"2001:db8::/32", "2001:db8:c000:221::"},
      {"2001:db8:100::/40", "2001:db8:1c0:2:21::"},
      {"2001:db8:122::/48", "2001:db8:122:c000:2:2100::"},
      {"2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"},
      {"2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"},
      {"2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"},
      {"64:ff9b::/96", "64:ff9b::192.0.2.33"},
  }};
  for (const auto& [bits, shown] : table) {
    EXPECT_EQ(prefix(bits).show(v4), *IpAddress::parse(shown)) << bits;
    EXPECT_EQ(prefix(bits).text(), bits);
  }
}

RC_GTEST_PROP(Nat64Prefix, finds_the_address_that_it_showed,
              (std::array<std::uint8_t, 4> bytes, std::uint32_t other)) {
  const auto text = *rc::gen::element<std::string>("2001:db8::/32", "2001:db8:100::/40",
                                                   "2001:db8:122::/48", "2001:db8:122:300::/56",
                                                   "2001:db8:122:344::/64", "64:ff9b::/96");
  const IpAddress v4 = IpAddress::v4(bytes);
  RC_ASSERT(prefix(text).shown(prefix(text).show(v4)) == v4);
  RC_ASSERT(!prefix(text).shown(v4));
  RC_ASSERT(!prefix(text).shown(IpAddress::parse("2001:db9::")->plus(other)));
}

TEST(Nat64Prefix, is_not_read_from_what_rfc_6052_does_not_allow) {
  for (const char* text :
       {"", "/", "64:ff9b::", "64:ff9b::/", "64:ff9b::/95", "64:ff9b::/128", "64:ff9b::/0",
        "64:ff9b::/96 ", "64:ff9b::/+96", "64:ff9b::/352", "64:ff9b::1/96", "2001:db8::1/32",
        "2001:db8:0:0:100::/96", "192.0.2.0/96", "::ffff:192.0.2.0"}) {
    EXPECT_FALSE(Nat64Prefix::parse(text)) << text;
  }
}

struct Bench {
  NatPlan plan{.name = "nat",
               .key = 7,
               .addresses = {at("198.51.100.1:1").ip},
               .timeout = seconds(60),
               .nat64 = Nat64Prefix::parse("64:ff9b::/96")};
  Nat nat;

  std::optional<Nat::Outbound> out(const Endpoint& to, std::int64_t second = 0) {
    return nat.outbound(plan, 1, alice, to, Instant::at(seconds(second)));
  }
  Nat::Inbound in(const Endpoint& outside, const Endpoint& from, std::int64_t second = 0) {
    return nat.inbound(plan, outside, from, Instant::at(seconds(second)));
  }

  Endpoint alice = at("[2001:db8::2]:5000");
  Endpoint relay = at("192.0.2.1:3478");
  Endpoint relay_inside = at("[64:ff9b::192.0.2.1]:3478");
};

TEST(Nat64, turns_ipv6_into_ipv4_and_back) {
  Bench bench;
  const auto out = bench.out(bench.relay_inside);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->source.ip, at("198.51.100.1:1").ip);
  EXPECT_EQ(out->remote, bench.relay);
  const Nat::Inbound in = bench.in(out->source, bench.relay);
  EXPECT_EQ(in.refusal, Nat::Refusal::none);
  EXPECT_EQ(in.inside, bench.alice);
  EXPECT_EQ(in.remote, bench.relay_inside);
}

TEST(Nat64, has_the_behaviour_of_any_nat) {
  for (const auto behaviour : {NatBehaviour::endpoint_independent, NatBehaviour::address,
                               NatBehaviour::address_and_port}) {
    Bench bench;
    bench.plan.mapping = behaviour;
    bench.plan.filtering = behaviour;
    const auto first = bench.out(bench.relay_inside)->source;
    const auto port = bench.out(at("[64:ff9b::192.0.2.1]:9"))->source;
    const auto other = bench.out(at("[64:ff9b::192.0.2.2]:9"))->source;
    EXPECT_EQ(first == port, behaviour != NatBehaviour::address_and_port);
    EXPECT_EQ(first == other, behaviour == NatBehaviour::endpoint_independent);
    const auto stranger = bench.in(other, at("192.0.2.9:9")).refusal;
    EXPECT_EQ(stranger == Nat::Refusal::none, behaviour == NatBehaviour::endpoint_independent);
    EXPECT_EQ(bench.in(first, bench.relay, 60).refusal, Nat::Refusal::no_mapping);
  }
}

TEST(Nat64, leaves_ipv6_alone_that_goes_to_ipv6_from_the_same_socket) {
  Bench bench;
  const Endpoint six = at("[2001:db8:1::1]:3478");
  const auto four = bench.out(bench.relay_inside);
  const auto out = bench.out(six);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->source, bench.alice);
  EXPECT_EQ(out->remote, six);
  EXPECT_EQ(bench.in(bench.alice, six).remote, six);
  EXPECT_EQ(bench.out(bench.relay_inside)->source, four->source);
  EXPECT_EQ(bench.in(four->source, bench.relay).inside, bench.alice);
  EXPECT_EQ(bench.nat.live_mappings(Instant()), 2u);
}

// RFC 7915, section 4.2
TEST(Nat64, tells_of_errors_in_icmpv6) {
  Bench bench;
  const Endpoint outside = bench.out(bench.relay_inside)->source;
  const auto expect = [&](std::uint8_t code, std::uint32_t data, const IcmpError& expected) {
    const auto told =
        Nat::seen_from(bench.plan, bench.alice, {outside, bench.relay, 3, code, data});
    EXPECT_EQ(told.local, bench.alice);
    EXPECT_EQ(told.remote, bench.relay_inside);
    EXPECT_EQ(told.type, expected.type);
    EXPECT_EQ(told.code, expected.code);
    EXPECT_EQ(told.data, expected.data);
  };
  expect(3, 0, {.type = 1, .code = 4});
  expect(0, 0, {.type = 1, .code = 0});
  expect(4, 1280, {.type = 2, .code = 0, .data = 1300});
}

TEST(Nat64, does_nothing_to_such_addresses_where_it_is_none) {
  Bench bench;
  bench.plan.nat64.reset();
  const auto out = bench.out(bench.relay_inside);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->source, bench.alice);
  EXPECT_EQ(out->remote, bench.relay_inside);
}

}  // namespace
}  // namespace tickover::sim
