#include "properties/turn_server/bench.h"
// RapidCheck wants gtest before it.
#include <rapidcheck/gtest.h>

namespace tickover::turn::bench {
namespace {

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

/// An address as one big integer, written down a second time, from its text and not its words.
Uint128 number(const IpAddress& address) {
  Uint128 result = 0;
  for (std::size_t i = 0; i < address.size(); ++i) result = result << 8 | address.bytes()[i];
  return result;
}
IpAddress address_of(AddressFamily family, Uint128 value) {
  std::array<std::uint8_t, 16> bytes{};
  const std::size_t size = family == AddressFamily::ipv4 ? 4 : 16;
  for (std::size_t i = size; i-- > 0; value >>= 8) bytes[i] = static_cast<std::uint8_t>(value);
  if (family == AddressFamily::ipv6) return IpAddress::v6(bytes);
  return IpAddress::v4({bytes[0], bytes[1], bytes[2], bytes[3]});
}

/// The special-purpose ranges as a person writes them down: first and last address.
struct Interval {
  const char* first;
  const char* last;
  PeerClass peer_class;
};
constexpr Interval intervals[] = {
    {"0.0.0.0", "0.255.255.255", PeerClass::never_a_peer},
    {"10.0.0.0", "10.255.255.255", PeerClass::internal},
    {"100.64.0.0", "100.127.255.255", PeerClass::internal},
    {"127.0.0.0", "127.255.255.255", PeerClass::internal},
    {"169.254.0.0", "169.254.255.255", PeerClass::internal},
    {"172.16.0.0", "172.31.255.255", PeerClass::internal},
    {"192.0.0.0", "192.0.0.255", PeerClass::internal},
    {"192.88.99.0", "192.88.99.255", PeerClass::never_a_peer},
    {"192.168.0.0", "192.168.255.255", PeerClass::internal},
    {"198.18.0.0", "198.19.255.255", PeerClass::internal},
    {"224.0.0.0", "255.255.255.255", PeerClass::never_a_peer},
    {"::", "::", PeerClass::never_a_peer},
    {"::1", "::1", PeerClass::internal},
    {"64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", PeerClass::internal},
    {"100::", "100::ffff:ffff:ffff:ffff", PeerClass::internal},
    {"2001::", "2001::ffff:ffff:ffff:ffff:ffff:ffff", PeerClass::never_a_peer},
    {"2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", PeerClass::internal},
    {"2001:10::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", PeerClass::never_a_peer},
    {"2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", PeerClass::never_a_peer},
    {"5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", PeerClass::internal},
    {"fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", PeerClass::internal},
    {"fe80::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", PeerClass::internal},
    {"ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", PeerClass::never_a_peer},
};

PeerClass expected_class(const IpAddress& address) {
  for (const Interval& interval : intervals) {
    const IpAddress first = ip(interval.first);
    if (first.family() != address.family()) continue;
    const Uint128 value = number(address);
    if (number(first) <= value && value <= number(ip(interval.last))) return interval.peer_class;
  }
  return PeerClass::ordinary;
}

/// Whether the address is judged as it stands, and not by another one inside.
bool stands_for_itself(const IpAddress& address) {
  return canonical(address) == address &&
         (address.family() == AddressFamily::ipv4 || (address.low() >> 32 & 0xfdff'ffff) != 0x5efe);
}

/// Near the end of some interval, or anywhere.
IpAddress any_address() {
  if (*rc::gen::inRange(0, 4) == 0) {
    const auto family = *rc::gen::element(AddressFamily::ipv4, AddressFamily::ipv6);
    const Uint128 high = *rc::gen::arbitrary<std::uint64_t>();
    return address_of(family, high << 64 | *rc::gen::arbitrary<std::uint64_t>());
  }
  const Interval& near =
      *rc::gen::elementOf(std::vector(std::begin(intervals), std::end(intervals)));
  const IpAddress edge = ip(*rc::gen::element(near.first, near.last));
  const auto off = *rc::gen::inRange(-3, 4);
  return address_of(edge.family(), number(edge) + static_cast<Uint128>(off));
}

// PROTOCOL AB5; BUGS P17
RC_GTEST_PROP(TurnPeerRanges, agree_with_the_comparison_of_big_integers, ()) {
  const IpAddress address = any_address();
  RC_PRE(stands_for_itself(address) || is_tunnelled(address));
  if (is_tunnelled(address)) {
    RC_ASSERT(classify(address) == PeerClass::never_a_peer);
  } else {
    RC_ASSERT(classify(address) == expected_class(address));
  }
}

// PROTOCOL AB6; BUGS P17
RC_GTEST_PROP(TurnPeerRanges, see_an_ipv4_address_in_every_wrapping, ()) {
  const IpAddress inner = address_of(AddressFamily::ipv4, number(any_address()));
  const Uint128 value = number(inner);
  const Uint128 nat64 = static_cast<Uint128>(0x0064'ff9bu) << 96;
  for (const Uint128 prefix : {Uint128{0xffff} << 32, Uint128{0xffff} << 48, nat64}) {
    const IpAddress outer = address_of(AddressFamily::ipv6, prefix | value);
    RC_ASSERT(canonical(outer) == inner);
    RC_ASSERT(classify(outer) == classify(inner));
  }
  if (value > 1) {  // else it is :: or ::1
    RC_ASSERT(classify(address_of(AddressFamily::ipv6, value)) == classify(inner));
  }
}

// PROTOCOL AB6
RC_GTEST_PROP(TurnPeerRanges, never_hold_an_automatic_tunnel, ()) {
  const Uint128 value = number(any_address());
  const Uint128 rest = static_cast<Uint128>(-1);
  const IpAddress six_to_four =
      address_of(AddressFamily::ipv6, Uint128{0x2002} << 112 | (value & rest >> 16));
  const IpAddress teredo =
      address_of(AddressFamily::ipv6, Uint128{0x2001} << 112 | (value & rest >> 32));
  const IpAddress isatap = address_of(
      AddressFamily::ipv6, (value >> 64 << 64 | 0x5efe'0000'0000) | (value & rest >> 96));
  for (const IpAddress& tunnel : {six_to_four, teredo, isatap}) {
    RC_ASSERT(is_tunnelled(tunnel));
    RC_ASSERT(classify(tunnel) == PeerClass::never_a_peer);
  }
}

Fill family(std::uint8_t wire) {
  return both(over_udp, [=](MessageWriter& m) {
    m.add_leading_byte(AttributeType::requested_address_family, wire);
  });
}

// PROTOCOL AB5, AB6
TEST(TurnServerPeers, are_refused_with_403_by_permission_and_channel) {
  Bench bench;
  const Client v4(bench, alice_at);
  const Client v6(bench, bob_at, bobs);
  const Endpoint v4_relayed = v4.allocate();
  const Endpoint v6_relayed = v6.ask(Method::allocate, family(2)).relayed();
  for (const char* text :
       {"127.0.0.1", "0.0.0.0", "169.254.169.254", "10.1.2.3", "172.31.0.1", "192.168.1.1",
        "100.64.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1"}) {
    EXPECT_EQ(v4.permit({ip(text), 80}), 403) << text;
    EXPECT_EQ(v4.bind(0x4000, {ip(text), 80}), 403) << text;
    EXPECT_TRUE(v4.send({ip(text), 80}, "x").empty()) << text;
  }
  for (const char* text : {"::", "::1", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
                           "::127.0.0.1", "64:ff9b::7f00:1", "2002:cb00:7105::1",
                           "2001:0:1:2:3:4:5:6", "2606:4700::5efe:cb00:7105", "2001:db8::1"}) {
    EXPECT_EQ(v6.permit({ip(text), 80}), 403) << text;
    EXPECT_EQ(v6.bind(0x4000, {ip(text), 80}), 403) << text;
    EXPECT_TRUE(v6.send({ip(text), 80}, "x").empty()) << text;
  }
  // Not even their own relayed addresses, nor each other's.
  EXPECT_EQ(v4.permit(v4_relayed), 403);
  EXPECT_EQ(v6.permit(v6_relayed), 403);
  EXPECT_EQ(v4.bind(0x4000, v4_relayed), 403);
}

// PROTOCOL AB5
TEST(TurnServerPeers, are_judged_again_when_data_is_sent) {
  Bench bench;
  const Client alice(bench, alice_at);
  alice.allocate();
  EXPECT_EQ(alice.permit(stranger), 0);
  EXPECT_EQ(alice.bind(0x4000, peer), 0);
  EXPECT_EQ(alice.send(stranger, "x").size(), 1u);
  EXPECT_EQ(alice.send(0x4000, "x").size(), 1u);
  bench.input(AddressesChanged{{peer.ip, stranger.ip}});  // now these are ours
  EXPECT_TRUE(alice.send(stranger, "x").empty());
  EXPECT_TRUE(alice.send(0x4000, "x").empty());
  EXPECT_EQ(bench.server.counters().forbidden_peer, 2u);
}

// PROTOCOL AB7
TEST(TurnServerPeers, have_a_port_and_may_be_the_client_itself) {
  Bench bench;
  const Client alice(bench, alice_at);
  const Endpoint relayed = alice.allocate();
  EXPECT_EQ(alice.bind(0x4000, {peer.ip, 0}), 400);
  EXPECT_EQ(alice.permit({peer.ip, 0}), 0);  // the port of a permission means nothing
  EXPECT_TRUE(alice.send({peer.ip, 0}, "x").empty());
  EXPECT_TRUE(bench.datagram({peer.ip, 0}, relayed, as_bytes("x")).empty());
  EXPECT_TRUE(
      bench.datagram({alice_at.ip, 0}, relay_v4, alice.request(Method::refresh, nothing)).empty());
  EXPECT_EQ(alice.permit(alice_at), 0);
  EXPECT_EQ(alice.send(alice_at, "x").size(), 1u);
}

// PROTOCOL AB6
TEST(TurnServerPeers, have_no_clients_behind_an_automatic_tunnel) {
  Bench bench;
  for (const char* text : {"[2002:cb00:7105::1]:4000", "[2001:0:1:2:3:4:5:6]:4000"}) {
    Client alice(bench, at(text));
    alice.server = relay_v6;
    alice.renew_nonce();
    EXPECT_EQ(alice.ask(Method::allocate, family(2)).code(), 403) << text;
  }
  EXPECT_EQ(bench.server.allocation_count(), 0u);
}

// PROTOCOL AB8
TEST(TurnServerPeers, that_are_relays_of_relays_wear_the_hop_limit_down) {
  ServerConfig open = config();
  open.allow_own_addresses = true;
  Bench bench(open);
  const Client alice(bench, alice_at);
  const Client bob(bench, bob_at, bobs);
  const Endpoint one = alice.allocate();
  const Endpoint two = bob.allocate();
  EXPECT_EQ(alice.bind(0x4000, two), 0);
  EXPECT_EQ(bob.bind(0x4000, one), 0);
  const Buffer data{0x40, 0x00, 0x00, 0x01, 'x'};
  bench.sent.clear();
  bench.input(Datagram{.local = relay_v4, .remote = alice_at, .payload = data, .hop_limit = 3});
  ASSERT_EQ(bench.sent.size(), 1u);
  EXPECT_EQ(bench.sent[0].send.remote, two);
  const Sent first = bench.sent[0];
  bench.input(Datagram{
      .local = two, .remote = one, .payload = first.bytes, .hop_limit = first.send.hop_limit});
  ASSERT_EQ(bench.sent.size(), 2u);
  EXPECT_EQ(bench.sent[1].send.remote, bob_at);
  EXPECT_EQ(bench.sent[1].send.hop_limit, 1);
  bench.input(Datagram{
      .local = relay_v4, .remote = bob_at, .payload = bench.sent[1].bytes, .hop_limit = 1});
  EXPECT_EQ(bench.sent.size(), 2u);
  EXPECT_EQ(alice.bind(0x4001, relay_v4), 403);  // TURN within TURN at one relay
}

}  // namespace
}  // namespace tickover::turn::bench
