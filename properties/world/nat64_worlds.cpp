// Hosts of IPv6 alone behind a NAT64: whom they find, and what comes back to them.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "properties/world/small_world.h"

namespace tickover::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

IpAddress ip(const char* text) {
  return *IpAddress::parse(text);
}

/// alice has IPv6, bob has IPv4, at 192.0.2.1.
Scenario behind_nat64() {
  Scenario s = small_talk();
  s.icmp = true;
  s.hosts[0].addresses = {ip("2001:db8::2")};
  s.hosts[0].nat =
      NatSpec{.addresses = {ip("198.51.100.1")}, .nat64 = Nat64Prefix::parse("64:ff9b::/96")};
  s.hosts[1].addresses = {ip("192.0.2.1")};
  return s;
}

std::vector<IpAddress> known_to(const Scenario& s, HostIndex host, const char* whom) {
  return planned(s)->context(host, 0, Instant{}).host(whom)->addresses;
}

std::vector<IcmpError> told(const Scenario& s) {
  World world = world_of(s);
  std::vector<IcmpError> result;
  while (world.next_time() <= Instant::at(world.plan().duration)) {
    const Step& step = world.step();
    if (step.kind == StepKind::icmp && step.touched) result.push_back(step.icmp);
  }
  return result;
}

// BUGS G8
TEST(Nat64World, lets_ipv6_talk_to_ipv4) {
  const Record r = record(behind_nat64());
  EXPECT_EQ(std::ranges::count_if(
                r.events, [](const std::string& e) { return e.starts_with("alice answered"); }),
            19);
  for (const Record::Arrival& a : r.arrivals) {
    const bool at_bob = a.host == "bob";
    EXPECT_EQ(a.source.ip, ip(at_bob ? "198.51.100.1" : "64:ff9b::192.0.2.1"));
    EXPECT_EQ(a.destination.ip, ip(at_bob ? "192.0.2.1" : "2001:db8::2"));
  }
}

TEST(Nat64World, tells_the_addresses_of_those_who_have_no_ipv6) {
  Scenario s = behind_nat64();
  s.hosts.push_back(echo("carol"));
  s.hosts[2].addresses = {ip("192.0.2.3"), ip("2001:db8:3::1")};
  EXPECT_EQ(known_to(s, 0, "bob"), (std::vector{ip("192.0.2.1"), ip("64:ff9b::192.0.2.1")}));
  EXPECT_EQ(known_to(s, 0, "carol"), s.hosts[2].addresses);
  EXPECT_EQ(known_to(s, 2, "bob"), std::vector{ip("192.0.2.1")});
}

TEST(Nat64World, tells_them_also_to_who_moves_behind_it) {
  Scenario s = behind_nat64();
  s.nats = {*s.hosts[0].nat, NatSpec{.name = "inner", .behind = "carrier"}};
  s.nats[0].name = "carrier";
  s.hosts[0].nat.reset();
  s.hosts[0].addresses = {ip("198.51.100.7")};
  s.links.push_back(link("carrier", "bob"));
  EXPECT_EQ(known_to(s, 0, "bob"), std::vector{ip("192.0.2.1")});
  s.faults = {fault(seconds(1), seconds(1), Move{"alice", {ip("2001:db8::2")}, "inner", {}})};
  EXPECT_EQ(known_to(s, 0, "bob"), (std::vector{ip("192.0.2.1"), ip("64:ff9b::192.0.2.1")}));
}

TEST(Nat64World, turns_icmp_errors_into_those_of_ipv6) {
  Scenario s = behind_nat64();
  s.hosts[1].role = "peer";
  const std::vector<IcmpError> closed = told(s);
  ASSERT_GT(closed.size(), 10u);
  EXPECT_EQ(closed[0].local.ip, ip("2001:db8::2"));
  EXPECT_EQ(closed[0].remote, (Endpoint{ip("64:ff9b::192.0.2.1"), 9}));
  EXPECT_EQ(closed[0].type, 1);
  EXPECT_EQ(closed[0].code, 4);
}

TEST(Nat64World, has_an_ipv4_address_outside) {
  Scenario s = behind_nat64();
  s.hosts[0].nat->addresses = {ip("2001:db8::1")};
  EXPECT_EQ(plan_error(s), "NAT \"alice\" is a NAT64 without an IPv4 address outside");
}

}  // namespace
}  // namespace tickover::sim
