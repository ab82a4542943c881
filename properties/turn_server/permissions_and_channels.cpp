#include "properties/turn_server/bench.h"

namespace tickover::turn::bench {
namespace {

const Duration tick = Duration::nanoseconds(1);

/// A bench on which alice has an allocation.
struct Allocated : Bench {
  explicit Allocated(ServerConfig with = config())
      : Bench(std::move(with)), alice(*this, alice_at), relayed(alice.allocate()) {}

  Client alice;
  Endpoint relayed;

  AllocationProbe probe() const { return server.allocations().at(0); }
  std::vector<Sent> from_peer(const Endpoint& from, std::string_view text) {
    return datagram(from, relayed, as_bytes(text));
  }
};

// PROTOCOL PM1, PM4, D2, AB27; BUG D15(a), D15(b)
TEST(TurnServerPermission, lets_every_port_of_its_address_through_and_no_other_address) {
  Allocated bench;
  EXPECT_EQ(bench.alice.permit(peer), 0);
  EXPECT_EQ(bench.from_peer(peer, "x").size(), 1u);
  EXPECT_EQ(bench.from_peer(other_port, "x").size(), 1u);
  EXPECT_TRUE(bench.from_peer(stranger, "x").empty());
  EXPECT_EQ(bench.alice.send(other_port, "x").size(), 1u);
  EXPECT_TRUE(bench.alice.send(stranger, "x").empty());
  EXPECT_EQ(bench.server.counters().without_permission, 2u);
}

// PROTOCOL K5; BUG D15(c)
TEST(TurnServerPermission, is_installed_for_each_peer_of_a_request) {
  Allocated bench;
  const auto create = [&](std::vector<Endpoint> peers) {
    return bench.alice.ask(Method::create_permission, to_peers(std::move(peers))).code();
  };
  EXPECT_EQ(create({peer, stranger, other_port, at("203.0.113.7:1")}), 0);
  EXPECT_EQ(bench.probe().permissions.size(), 3u);
  EXPECT_EQ(bench.from_peer(stranger, "x").size(), 1u);
  EXPECT_EQ(bench.count(Kind::permission_installed), 3u);
}

// PROTOCOL W16, PM3, AB9, 1.19/400, 1.19/403, 1.19/443, 1.19/508
TEST(TurnServerPermission, is_all_or_nothing_over_the_peers_of_a_request) {
  ServerConfig small = config();
  small.max_permissions = 2;
  Allocated bench(small);
  const auto create = [&](std::vector<Endpoint> peers) {
    return bench.alice.ask(Method::create_permission, to_peers(std::move(peers))).code();
  };
  EXPECT_EQ(create({}), 400);
  EXPECT_EQ(create({peer, at("127.0.0.1:1")}), 403);
  EXPECT_EQ(create({peer, at("[2001:db8::5]:1")}), 443);
  EXPECT_EQ(create({peer, stranger, at("203.0.113.7:1")}), 508);
  const Fill broken = [](MessageWriter& m) {
    m.add_xor_address(AttributeType::xor_peer_address, peer);
    m.add_text(AttributeType::xor_peer_address, "no address");
  };
  EXPECT_EQ(bench.alice.ask(Method::create_permission, broken).code(), 400);
  EXPECT_TRUE(bench.probe().permissions.empty());
  EXPECT_EQ(create({peer, stranger}), 0);
  EXPECT_EQ(create({stranger, peer}), 0);  // a refresh needs no room
}

// PROTOCOL PM1, PM7, D2; BUGS P13
TEST(TurnServerPermission, ends_at_the_very_instant_of_its_expiry) {
  Allocated bench;
  EXPECT_EQ(bench.alice.permit(peer), 0);
  EXPECT_EQ(bench.server.poll_timeout(), (Timeout{bench.now + 300s, "permission expiry"}));
  bench.advance(Duration(300s) - tick);
  EXPECT_EQ(bench.from_peer(peer, "x").size(), 1u);
  EXPECT_EQ(bench.alice.send(peer, "x").size(), 1u);
  bench.now += tick;  // no timeout is handled in between
  EXPECT_TRUE(bench.from_peer(peer, "x").empty());
  EXPECT_TRUE(bench.alice.send(peer, "x").empty());
  EXPECT_EQ(bench.count(Kind::permission_expired), 1u);
}

// PROTOCOL PM2; BUGS P13
TEST(TurnServerPermission, is_refreshed_by_requests_and_never_by_traffic) {
  Allocated bench;
  EXPECT_EQ(bench.alice.permit(peer), 0);
  bench.advance(200s);
  EXPECT_EQ(bench.alice.permit(other_port), 0);
  EXPECT_EQ(bench.count(Kind::permission_refreshed), 1u);
  bench.advance(299s);
  EXPECT_EQ(bench.from_peer(peer, "x").size(), 1u);
  EXPECT_EQ(bench.alice.send(peer, "x").size(), 1u);
  bench.advance(1s);
  EXPECT_TRUE(bench.from_peer(peer, "x").empty());
}

// PROTOCOL PM1; BUGS P24
TEST(TurnServerPermission, belongs_to_one_allocation) {
  Allocated bench;
  const Client bob(bench, bob_at, bobs);
  const Endpoint bobs_relay = bob.allocate();
  EXPECT_EQ(bench.alice.permit(peer), 0);
  EXPECT_TRUE(bench.datagram(peer, bobs_relay, as_bytes("x")).empty());
}

// PROTOCOL H2; BUG D15(d)
TEST(TurnServerChannel, installs_a_permission_too) {
  Allocated bench;
  EXPECT_EQ(bench.alice.bind(0x4000, peer), 0);
  EXPECT_EQ(bench.from_peer(other_port, "x").at(0).view().method(), Method::data);
  EXPECT_EQ(bench.probe().permissions.at(0).expiry, bench.now + 300s);
  EXPECT_EQ(bench.probe().channels.at(0).expiry, bench.now + 600s);
}

// PROTOCOL W10, H1, 1.19/400, 1.19/403, 1.19/443
TEST(TurnServerChannel, needs_a_number_in_range_and_a_whole_peer) {
  Allocated bench;
  for (const unsigned raw : {0x0000u, 0x3fffu, 0x5000u, 0x7fffu, 0xffffu}) {
    const auto number = static_cast<std::uint16_t>(raw);
    EXPECT_EQ(bench.alice.bind(number, peer), 400) << number;
  }
  EXPECT_EQ(bench.alice.bind(0x4000, at("203.0.113.5:0")), 400);
  EXPECT_EQ(bench.alice.ask(Method::channel_bind, to_peers({peer})).code(), 400);
  EXPECT_EQ(bench.alice.bind(0x4000, at("[2001:db8::5]:1")), 443);
  EXPECT_EQ(bench.alice.bind(0x4000, at("10.0.0.1:1")), 403);
  EXPECT_TRUE(bench.probe().channels.empty());
  EXPECT_TRUE(bench.probe().permissions.empty());
  EXPECT_EQ(bench.alice.bind(0x4000, peer), 0);
  EXPECT_EQ(bench.alice.bind(0x4fff, stranger), 0);
}

// PROTOCOL H1, H2, H3
TEST(TurnServerChannel, binds_number_and_peer_once_each) {
  Allocated bench;
  EXPECT_EQ(bench.alice.bind(0x4000, peer), 0);
  EXPECT_EQ(bench.alice.bind(0x4000, stranger), 400);
  EXPECT_EQ(bench.alice.bind(0x4001, peer), 400);
  EXPECT_EQ(bench.alice.bind(0x4001, other_port), 0);
  bench.advance(100s);
  EXPECT_EQ(bench.alice.bind(0x4000, peer), 0);
  EXPECT_EQ(bench.count(Kind::channel_refreshed), 1u);
  EXPECT_EQ(bench.probe().channels.at(0).expiry, bench.now + 600s);
}

// PROTOCOL H1, AB9, 1.19/508; BUGS P16
TEST(TurnServerChannel, is_bound_up_to_the_limits) {
  ServerConfig small = config();
  small.max_channels = 1;
  Allocated bench(small);
  EXPECT_EQ(bench.alice.bind(0x4000, peer), 0);
  EXPECT_EQ(bench.alice.bind(0x4001, other_port), 508);
  EXPECT_EQ(bench.alice.bind(0x4000, peer), 0);

  ServerConfig tight = config();
  tight.max_permissions = 1;
  Allocated other(tight);
  EXPECT_EQ(other.alice.permit(peer), 0);
  EXPECT_EQ(other.alice.bind(0x4000, stranger), 508);
  EXPECT_EQ(other.alice.bind(0x4000, peer), 0);
}

// PROTOCOL H3, 1.20/8; BUGS P13
TEST(TurnServerChannel, frees_number_and_peer_at_the_very_instant_of_its_expiry) {
  Allocated bench;
  EXPECT_EQ(bench.alice.ask(Method::refresh, lasting(3600)).code(), 0);
  EXPECT_EQ(bench.alice.bind(0x4000, peer), 0);
  bench.advance(Duration(600s) - tick);
  EXPECT_EQ(bench.alice.bind(0x4000, stranger), 400);
  EXPECT_EQ(bench.alice.send(0x4000, "x").size(), 1u);
  bench.now += tick;
  EXPECT_TRUE(bench.alice.send(0x4000, "x").empty());
  EXPECT_EQ(bench.alice.bind(0x4000, stranger), 0);
  EXPECT_EQ(bench.alice.bind(0x4001, peer), 0);
}

// BUG D05; BUGS G12, P13
TEST(TurnServerChannel, is_not_ended_by_an_expiry_that_a_refresh_moved) {
  Allocated bench;
  EXPECT_EQ(bench.alice.ask(Method::refresh, lasting(3600)).code(), 0);
  EXPECT_EQ(bench.alice.bind(0x4000, peer), 0);
  bench.advance(599s);
  EXPECT_EQ(bench.alice.bind(0x4000, peer), 0);
  bench.advance(400s);
  EXPECT_EQ(bench.alice.send(0x4000, "x").size(), 1u);
  bench.advance(320s);  // expired; bound again before its former cool-down ends
  EXPECT_EQ(bench.alice.bind(0x4000, peer), 0);
  bench.advance(290s);
  EXPECT_EQ(bench.alice.send(0x4000, "x").size(), 1u);
  EXPECT_EQ(bench.from_peer(peer, "x").size(), 1u);
}

// PROTOCOL W8, H10
TEST(TurnServerChannel, outlives_its_permission_for_the_client_alone) {
  const auto bound_for = [](Duration age) {
    Allocated bench;
    EXPECT_EQ(bench.alice.ask(Method::refresh, lasting(3600)).code(), 0);
    EXPECT_EQ(bench.alice.bind(0x4000, peer), 0);
    bench.advance(age);
    return std::array{bench.alice.send(0x4000, "x").size(), bench.alice.send(peer, "x").size(),
                      bench.from_peer(peer, "x").size()};
  };
  EXPECT_EQ(bound_for(299s), (std::array<std::size_t, 3>{1, 1, 1}));
  EXPECT_EQ(bound_for(301s), (std::array<std::size_t, 3>{1, 0, 0}));
  EXPECT_EQ(bound_for(599s), (std::array<std::size_t, 3>{1, 0, 0}));
  EXPECT_EQ(bound_for(601s), (std::array<std::size_t, 3>{0, 0, 0}));
}

// PROTOCOL D4, 1.20/7
TEST(TurnServerChannel, gives_way_to_data_indications_when_it_expires_under_a_permission) {
  Allocated bench;
  EXPECT_EQ(bench.alice.ask(Method::refresh, lasting(3600)).code(), 0);
  EXPECT_EQ(bench.alice.bind(0x4000, peer), 0);
  bench.advance(500s);
  EXPECT_EQ(bench.alice.permit(peer), 0);
  EXPECT_EQ(bench.from_peer(peer, "x").at(0).bytes[0], 0x40);
  bench.advance(100s);
  EXPECT_EQ(bench.from_peer(peer, "x").at(0).view().method(), Method::data);
}

// BUG D01; BUGS G21, P11, P24
TEST(TurnServerChannel, means_its_own_peer_to_each_client) {
  Allocated bench;
  const Client bob(bench, bob_at, bobs);
  const Endpoint bobs_relay = bob.allocate();
  EXPECT_EQ(bench.alice.bind(0x4000, peer), 0);
  EXPECT_EQ(bob.bind(0x4000, stranger), 0);
  EXPECT_EQ(bob.bind(0x4001, peer), 0);
  EXPECT_EQ(bench.alice.send(0x4000, "x").at(0).send.remote, peer);
  EXPECT_EQ(bob.send(0x4000, "x").at(0).send.remote, stranger);
  EXPECT_EQ(bob.send(0x4000, "x").at(0).send.local, bobs_relay);
  EXPECT_TRUE(bench.alice.send(0x4001, "x").empty());

  const auto to_alice = bench.from_peer(peer, "for alice");
  EXPECT_EQ(to_alice.at(0).send.remote, alice_at);
  EXPECT_EQ(to_alice.at(0).bytes[1], 0x00);
  const auto to_bob = bench.datagram(peer, bobs_relay, as_bytes("for bob"));
  EXPECT_EQ(to_bob.at(0).send.remote, bob_at);
  EXPECT_EQ(to_bob.at(0).bytes[1], 0x01);
}

}  // namespace
}  // namespace tickover::turn::bench
