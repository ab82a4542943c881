#include "properties/turn_server/bench.h"

namespace tickover::turn::bench {
namespace {

const Endpoint v6_peer = at("[2001:db8::5]:9");

/// A bench on which alice has an IPv4 and bob an IPv6 relay, each with one permitted peer.
struct Permitted : Bench {
  explicit Permitted(ServerConfig with = config())
      : Bench(std::move(with)),
        alice(*this, alice_at),
        bob(*this, bob_at, bobs),
        v4(alice.allocate()),
        v6(bob.ask(Method::allocate, both(over_udp,
                                          [](MessageWriter& m) {
                                            m.add_leading_byte(
                                                AttributeType::requested_address_family, 2);
                                          }))
               .relayed()) {
    EXPECT_EQ(alice.permit(peer), 0);
    EXPECT_EQ(bob.permit(v6_peer), 0);
  }
  Client alice;
  Client bob;
  Endpoint v4;
  Endpoint v6;

  std::vector<Sent> error(const Endpoint& local, const Endpoint& remote, std::uint8_t type,
                          std::uint8_t code, std::uint32_t data = 0) {
    sent.clear();
    input(IcmpError{local, remote, type, code, data});
    return sent;
  }
  std::vector<Sent> error(std::uint8_t type, std::uint8_t code, std::uint32_t data = 0) {
    return error(v4, peer, type, code, data);
  }
};

Buffer icmp_of(const Sent& sent) {
  return copy(sent.view().find(AttributeType{0x8004}).value());
}

// PROTOCOL D6, K24, 1.20/4
TEST(TurnServerIcmp, tells_the_client_which_peer_it_is_about_and_carries_no_data) {
  Permitted bench;
  const auto told = bench.error(3, 3);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].send.local, relay_v4);
  EXPECT_EQ(told[0].send.remote, alice_at);
  const MessageView view = told[0].view();
  EXPECT_EQ(view.method(), Method::data);
  EXPECT_EQ(view.message_class(), Class::indication);
  EXPECT_EQ(view.xor_address(AttributeType::xor_peer_address).value(), peer);
  EXPECT_FALSE(view.has(AttributeType::data));
  EXPECT_EQ(icmp_of(told[0]), (Buffer{0, 0, 3 << 1, 3, 0, 0, 0, 0}));
  EXPECT_EQ(bench.server.counters().icmp_to_client, 1u);
}

// PROTOCOL D6, K24
TEST(TurnServerIcmp, tells_the_next_hop_mtu_where_there_is_one_and_nothing_else_of_the_rest) {
  Permitted bench;
  EXPECT_EQ(icmp_of(bench.error(3, 4, 1280).at(0)), (Buffer{0, 0, 6, 4, 0, 0, 5, 0}));
  EXPECT_EQ(icmp_of(bench.error(3, 1, 1280).at(0)), (Buffer{0, 0, 6, 1, 0, 0, 0, 0}));
  EXPECT_EQ(icmp_of(bench.error(11, 0, 7).at(0)), (Buffer{0, 0, 22, 0, 0, 0, 0, 0}));
  const auto v6 = [&](std::uint8_t type, std::uint32_t data) {
    const auto told = bench.error(bench.v6, v6_peer, type, 4, data);
    EXPECT_EQ(told.at(0).send.remote, bob_at);
    EXPECT_EQ(told.at(0).view().xor_address(AttributeType::xor_peer_address).value(), v6_peer);
    return icmp_of(told.at(0));
  };
  EXPECT_EQ(v6(1, 9), (Buffer{0, 0, 2, 4, 0, 0, 0, 0}));
  EXPECT_EQ(v6(2, 1400), (Buffer{0, 0, 4, 4, 0, 0, 5, 0x78}));
  EXPECT_EQ(v6(3, 9), (Buffer{0, 0, 6, 4, 0, 0, 0, 0}));
}

// PROTOCOL D6
TEST(TurnServerIcmp, passes_on_only_what_says_that_a_datagram_did_not_arrive) {
  Permitted bench;
  std::set<int> v4;
  std::set<int> v6;
  for (int type = 0; type < 256; ++type) {
    bench.advance(1s);
    const auto wire = static_cast<std::uint8_t>(type);
    if (!bench.error(wire, 0).empty()) v4.insert(type);
    bench.advance(1s);
    EXPECT_EQ(bench.alice.permit(peer), 0);
    EXPECT_EQ(bench.bob.permit(v6_peer), 0);
    if (!bench.error(bench.v6, v6_peer, wire, 0).empty()) v6.insert(type);
  }
  EXPECT_EQ(v4, (std::set{3, 11}));
  EXPECT_EQ(v6, (std::set{1, 2, 3}));
}

// PROTOCOL D6, AB27
TEST(TurnServerIcmp, asks_for_the_permission_of_the_inner_destination) {
  Permitted bench;
  EXPECT_EQ(bench.error(bench.v4, other_port, 3, 3).size(), 1u);
  EXPECT_TRUE(bench.error(bench.v4, stranger, 3, 3).empty());
  EXPECT_TRUE(bench.error(bench.v4, {peer.ip, 0}, 3, 3).empty());
  EXPECT_TRUE(bench.error(bench.v4, v6_peer, 3, 3).empty());
  bench.advance(300s);
  EXPECT_TRUE(bench.error(bench.v4, peer, 3, 3).empty());
  EXPECT_EQ(bench.server.counters().icmp_ignored, 4u);
}

// PROTOCOL D6, D8
TEST(TurnServerIcmp, changes_nothing_and_means_nothing_about_clients_and_listeners) {
  Permitted bench;
  const auto before = bench.server.allocations();
  EXPECT_TRUE(bench.error(relay_v4, alice_at, 3, 3).empty());
  EXPECT_TRUE(bench.error(relay_v4, peer, 3, 3).empty());
  EXPECT_TRUE(bench.error(at("192.0.2.1:49000"), peer, 3, 3).empty());
  EXPECT_EQ(bench.error(3, 3).size(), 1u);
  EXPECT_EQ(bench.server.allocations(), before);
  EXPECT_EQ(bench.server.counters().icmp_ignored, 3u);
}

// PROTOCOL AB22
TEST(TurnServerIcmp, floods_nobody) {
  Permitted bench;
  std::size_t told = 0;
  for (int i = 0; i < 1000; ++i) told += bench.error(3, 3).size();
  EXPECT_EQ(told, config().max_icmp_per_second);
  EXPECT_EQ(bench.server.counters().over_icmp_rate, 1000 - told);
  EXPECT_EQ(bench.error(bench.v6, v6_peer, 1, 0).size(), 1u);  // another allocation, another rate
  bench.advance(1s);
  EXPECT_EQ(bench.error(3, 3).size(), 1u);
}

// PROTOCOL D6, AB5
TEST(TurnServerIcmp, says_nothing_about_peers_that_are_forbidden_by_now) {
  Permitted bench;
  bench.input(AddressesChanged{{peer.ip}});
  EXPECT_TRUE(bench.error(3, 3).empty());
}

}  // namespace
}  // namespace tickover::turn::bench
