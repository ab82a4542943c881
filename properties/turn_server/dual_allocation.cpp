#include "properties/turn_server/allocating.h"

namespace tickover::turn::bench {
namespace {

const Endpoint peer_v6 = at("[2001:db8:5::5]:7000");
const Endpoint stranger_v6 = at("[2001:db8:5::6]:7000");

struct Dual : Bench {
  explicit Dual(ServerConfig with = config()) : Bench(std::move(with)), alice(*this, alice_at) {
    request = alice.request(Method::allocate, adding(v6));
    success = alice.answer_to(request);
    const auto relayed = all_relayed(success);
    EXPECT_EQ(relayed.size(), 2u);
    in_v4 = relayed.at(0);
    in_v6 = relayed.at(1);
  }
  Client alice;
  Buffer request;
  Answer success;
  Endpoint in_v4;
  Endpoint in_v6;

  int refresh(const Fill& fill) const { return alice.ask(Method::refresh, fill).code(); }
};

// PROTOCOL U1, U3, R9, R13, W19
TEST(DualAllocation, relays_from_one_address_of_each_family) {
  Dual bench;
  EXPECT_EQ(bench.success.code(), 0);
  EXPECT_EQ(bench.in_v4.ip, relay_v4.ip);
  EXPECT_EQ(bench.in_v6.ip, relay_v6.ip);
  EXPECT_EQ(missing_family(bench.success), std::pair(0, 0));
  EXPECT_TRUE(bench.open.contains(bench.in_v4) && bench.open.contains(bench.in_v6));
  EXPECT_EQ(bench.server.allocation_count(), 1u);
  EXPECT_EQ(bench.count(Kind::allocation_created), 2u);
  EXPECT_EQ(bench.alice.permit(peer), 0);
  EXPECT_EQ(bench.alice.permit(peer_v6), 0);
  EXPECT_EQ(bench.alice.send(peer, "x").at(0).send.local, bench.in_v4);
  EXPECT_EQ(bench.alice.send(peer_v6, "x").at(0).send.local, bench.in_v6);
  EXPECT_EQ(bench.datagram(peer, bench.in_v4, as_bytes("x")).size(), 1u);
  EXPECT_EQ(bench.datagram(peer_v6, bench.in_v6, as_bytes("x")).size(), 1u);
}

// PROTOCOL R6, R9, W19, C1, 1.19/400
TEST(DualAllocation, adds_nothing_but_ipv6_and_only_to_the_usual_family) {
  Bench bench;
  const Client alice(bench, alice_at);
  const Fill additional = naming(AttributeType::additional_address_family, v6);
  const Fill short_one = both(over_udp, [](MessageWriter& m) {
    m.add_text(AttributeType::additional_address_family, "x");
  });
  EXPECT_EQ(alice.ask(Method::allocate, adding(v4)).code(), 400);
  EXPECT_EQ(alice.ask(Method::allocate, adding(7)).code(), 400);
  EXPECT_EQ(alice.ask(Method::allocate, short_one).code(), 400);
  EXPECT_EQ(alice.ask(Method::allocate, both(requesting(v4), additional)).code(), 400);
  EXPECT_EQ(alice.ask(Method::allocate, both(requesting(v6), additional)).code(), 400);
  EXPECT_EQ(bench.server.ports_in_use(), 0u);
}

// PROTOCOL R7, R9, W19, 1.19/440, 1.19/508
TEST(DualAllocation, gets_along_with_one_family_and_says_why) {
  Bench without_v6(relaying_from({relay_v4.ip}));
  const Answer v4_only = Client(without_v6, alice_at).ask(Method::allocate, adding(v6));
  ASSERT_EQ(v4_only.code(), 0);
  EXPECT_EQ(all_relayed(v4_only).size(), 1u);
  EXPECT_EQ(missing_family(v4_only), std::pair(2, 440));

  Bench without_v4(relaying_from({relay_v6.ip}));
  const Answer v6_only = Client(without_v4, alice_at).ask(Method::allocate, adding(v6));
  ASSERT_EQ(v6_only.code(), 0);
  EXPECT_EQ(v6_only.relayed().ip, relay_v6.ip);
  EXPECT_EQ(missing_family(v6_only), std::pair(1, 440));

  Bench bench(ports(50000, 50000));
  EXPECT_EQ(Client(bench, bob_at, bobs).ask(Method::allocate, requesting(v4)).code(), 0);
  const Client alice(bench, alice_at);
  const Answer exhausted = alice.ask(Method::allocate, adding(v6));
  ASSERT_EQ(exhausted.code(), 0);
  EXPECT_EQ(exhausted.relayed().ip, relay_v6.ip);
  EXPECT_EQ(missing_family(exhausted), std::pair(1, 508));
  EXPECT_EQ(alice.ask(Method::refresh, of_family(v4, 700)).code(), 443);
}

// PROTOCOL R9, 1.19/508
TEST(DualAllocation, is_refused_when_neither_family_is_left) {
  Bench bench(ports(50000, 50000));
  EXPECT_EQ(Client(bench, bob_at, bobs).ask(Method::allocate, adding(v6)).code(), 0);
  EXPECT_EQ(Client(bench, alice_at).ask(Method::allocate, adding(v6)).code(), 508);

  Bench half(relaying_from({relay_v4.ip}));
  half.refusals = 100;
  EXPECT_EQ(Client(half, alice_at).ask(Method::allocate, adding(v6)).code(), 508);
  EXPECT_EQ(half.server.ports_in_use(), 0u);
  EXPECT_EQ(half.server.allocation_count(), 0u);
}

// PROTOCOL R9, R12; BUGS P12
TEST(DualAllocation, answers_only_when_the_owner_has_spoken_of_both_ports) {
  Bench bench;
  const Client alice(bench, alice_at);
  bench.silent_owner = true;
  EXPECT_TRUE(alice.ask(Method::allocate, adding(v6)).silent());
  ASSERT_EQ(bench.asked.size(), 4u);  // two listeners and two relay ports
  const OpenSocket first = bench.asked[2];
  const OpenSocket second = bench.asked[3];
  bench.sent.clear();
  bench.open.insert(second.local);
  bench.input(SocketOpened{second.request, second.local});
  EXPECT_TRUE(bench.sent.empty());
  EXPECT_TRUE(bench.datagram(peer_v6, second.local, as_bytes("x")).empty());
  bench.silent_owner = false;
  bench.input(SocketRefused{first.request});  // and the next port is opened at once
  ASSERT_EQ(bench.sent.size(), 1u);
  const Answer answer{bench.sent[0]};
  EXPECT_EQ(all_relayed(answer), (std::vector{bench.asked.back().local, second.local}));
  EXPECT_EQ(bench.server.ports_in_use(), 2u);
}

// PROTOCOL R9; BUG D03; BUGS P12
TEST(DualAllocation, leaves_nothing_open_when_only_half_of_it_is_ever_answered) {
  Bench bench;
  const Client alice(bench, alice_at);
  bench.silent_owner = true;
  alice.ask(Method::allocate, adding(v6));
  const OpenSocket open = bench.asked[2];
  const OpenSocket late = bench.asked[3];
  bench.open.insert(open.local);
  bench.input(SocketOpened{open.request, open.local});
  bench.advance(40s);
  EXPECT_FALSE(bench.open.contains(open.local));
  EXPECT_EQ(bench.server.allocation_count(), 0u);
  EXPECT_EQ(bench.server.ports_in_use(), 1u);
  bench.input(SocketRefused{late.request});
  EXPECT_EQ(bench.server.ports_in_use(), 0u);
}

// PROTOCOL U1, R9; BUGS P12
TEST(DualAllocation, opens_another_port_for_one_that_closed_before_the_answer) {
  Bench bench;
  const Client alice(bench, alice_at);
  bench.silent_owner = true;
  alice.ask(Method::allocate, adding(v6));
  const OpenSocket first = bench.asked[2];
  const OpenSocket second = bench.asked[3];
  bench.open.insert(first.local);
  bench.input(SocketOpened{first.request, first.local});
  bench.silent_owner = false;
  bench.open.erase(first.local);
  bench.input(SocketClosed{first.local});
  bench.sent.clear();
  bench.open.insert(second.local);
  bench.input(SocketOpened{second.request, second.local});
  ASSERT_EQ(bench.sent.size(), 1u);
  EXPECT_NE(all_relayed({bench.sent[0]}).at(0), first.local);
  EXPECT_EQ(bench.server.ports_in_use(), 2u);
}

// PROTOCOL U2, F4, 1.19/443; BUG D03
TEST(DualAllocation, loses_one_address_by_refresh_and_ends_with_the_other) {
  Dual bench;
  EXPECT_EQ(bench.alice.bind(0x4000, peer_v6), 0);
  EXPECT_EQ(bench.refresh(of_family(v6, 0)), 0);
  EXPECT_FALSE(bench.open.contains(bench.in_v6));
  EXPECT_TRUE(bench.open.contains(bench.in_v4));
  EXPECT_TRUE(bench.alice.send(0x4000, "x").empty());
  EXPECT_EQ(bench.server.allocation_count(), 1u);
  EXPECT_EQ(bench.refresh(of_family(v6, 0)), 443);
  EXPECT_EQ(bench.alice.permit(peer_v6), 443);
  EXPECT_EQ(bench.alice.bind(0x4000, peer), 0);  // the number is free again
  EXPECT_EQ(bench.refresh(of_family(v4, 0)), 0);
  EXPECT_EQ(bench.server.allocation_count(), 0u);
  EXPECT_EQ(bench.server.ports_in_use(), 0u);
  EXPECT_EQ(bench.refresh(nothing), 437);
}

// PROTOCOL U1, U2, F4, R18; BUGS P13
TEST(DualAllocation, lets_each_address_live_for_a_time_of_its_own) {
  Dual bench;
  EXPECT_EQ(bench.refresh(of_family(v6, 1200)), 0);
  bench.advance(599s);
  EXPECT_EQ(bench.server.allocations().size(), 2u);
  bench.advance(1s);
  EXPECT_FALSE(bench.open.contains(bench.in_v4));
  EXPECT_TRUE(bench.open.contains(bench.in_v6));
  EXPECT_EQ(bench.alice.permit(peer_v6), 0);
  EXPECT_EQ(bench.server.poll_timeout()->reason, "permission expiry");
  bench.advance(600s);
  EXPECT_EQ(bench.server.allocation_count(), 0u);
  EXPECT_EQ(bench.count(Kind::allocation_expired), 2u);
}

// PROTOCOL F4, F3
TEST(DualAllocation, is_refreshed_and_deleted_whole_unless_a_family_is_named) {
  Dual bench;
  EXPECT_EQ(bench.refresh(lasting(1800)), 0);
  bench.advance(1799s);
  EXPECT_EQ(bench.server.allocations().size(), 2u);
  EXPECT_EQ(bench.refresh(lasting(0)), 0);
  EXPECT_EQ(bench.server.allocation_count(), 0u);
  EXPECT_EQ(bench.open, (std::set{relay_v4, relay_v6}));
}

// PROTOCOL 1.20/5, PM3, W16, 1.19/443; BUG D15(c)
TEST(DualAllocation, permits_peers_of_both_families_or_none) {
  Dual bench;
  const auto permit = [&](std::vector<Endpoint> peers) {
    return bench.alice.ask(Method::create_permission, to_peers(std::move(peers))).code();
  };
  EXPECT_EQ(permit({peer, peer_v6}), 0);
  EXPECT_EQ(bench.alice.send(peer, "x").size(), 1u);
  EXPECT_EQ(bench.alice.send(peer_v6, "x").size(), 1u);
  EXPECT_EQ(bench.refresh(of_family(v6, 0)), 0);
  EXPECT_EQ(permit({stranger, stranger_v6}), 443);
  EXPECT_TRUE(bench.alice.send(stranger, "x").empty());
}

// PROTOCOL PM3, U1, 1.19/508
TEST(DualAllocation, counts_permissions_for_each_address) {
  ServerConfig with = config();
  with.max_permissions = 1;
  Dual bench(with);
  const auto permit = [&](std::vector<Endpoint> peers) {
    return bench.alice.ask(Method::create_permission, to_peers(std::move(peers))).code();
  };
  EXPECT_EQ(permit({peer, stranger, peer_v6}), 508);
  EXPECT_EQ(permit({peer_v6, stranger_v6, peer}), 508);
  EXPECT_TRUE(bench.alice.send(peer, "x").empty());
  EXPECT_EQ(permit({peer, peer_v6}), 0);
}

// PROTOCOL H3, H1, U1; BUGS P11
TEST(DualAllocation, binds_a_number_to_one_peer_in_both_families_together) {
  Dual bench;
  EXPECT_EQ(bench.alice.bind(0x4000, peer), 0);
  EXPECT_EQ(bench.alice.bind(0x4000, peer_v6), 400);
  EXPECT_EQ(bench.alice.bind(0x4001, peer_v6), 0);
  EXPECT_EQ(bench.alice.send(0x4001, "x").at(0).send.remote, peer_v6);
  EXPECT_EQ(bench.alice.send(0x4001, "x").at(0).send.local, bench.in_v6);
  EXPECT_EQ(bench.alice.send(0x4000, "x").at(0).send.local, bench.in_v4);
  const auto back = bench.datagram(peer_v6, bench.in_v6, as_bytes("x"));
  EXPECT_EQ(back.at(0).bytes.at(1), 0x01);
}

// PROTOCOL R15, W12, T12; BUGS P14
TEST(DualAllocation, repeats_its_success_whatever_became_of_it) {
  Dual bench;
  const Buffer first = bench.success.sent->bytes;
  EXPECT_EQ(bench.alice.answer_to(bench.request).sent->bytes, first);
  EXPECT_EQ(bench.refresh(of_family(v4, 900)), 0);
  EXPECT_EQ(bench.alice.answer_to(bench.request).sent->bytes, first);
  EXPECT_EQ(bench.refresh(of_family(v6, 0)), 0);
  EXPECT_EQ(bench.alice.answer_to(bench.request).sent->bytes, first);
  EXPECT_EQ(bench.server.ports_in_use(), 1u);

  Bench partial(relaying_from({relay_v4.ip}));
  const Client bob(partial, bob_at, bobs);
  const Buffer request = bob.request(Method::allocate, adding(v6));
  const Answer answer = bob.answer_to(request);
  EXPECT_EQ(bob.answer_to(request).sent->bytes, answer.sent->bytes);
}

// PROTOCOL U2, F6, T12; BUGS P14
TEST(DualAllocation, answers_a_repeated_partial_deletion_as_before) {
  Dual bench;
  const Buffer request = bench.alice.request(Method::refresh, of_family(v6, 0));
  const Answer first = bench.alice.answer_to(request);
  EXPECT_EQ(first.lifetime(), 0);
  EXPECT_EQ(bench.alice.answer_to(request).sent->bytes, first.sent->bytes);
  EXPECT_TRUE(bench.open.contains(bench.in_v4));
}

// PROTOCOL U2; BUGS P12
TEST(DualAllocation, survives_the_loss_of_one_socket) {
  Dual bench;
  bench.open.erase(bench.in_v4);
  bench.input(SocketClosed{bench.in_v4});
  EXPECT_EQ(bench.count(Kind::allocation_lost), 1u);
  EXPECT_EQ(bench.refresh(of_family(v4, 700)), 443);
  EXPECT_EQ(bench.refresh(of_family(v6, 700)), 0);
  EXPECT_EQ(bench.server.ports_in_use(), 1u);
}

// PROTOCOL R10, AB21; BUGS P16
TEST(DualAllocation, counts_once_in_the_quota) {
  ServerConfig with = config();
  with.max_allocations_per_user = 1;
  Dual bench(with);
  const Client other(bench, at("198.51.100.9:9"));
  EXPECT_EQ(other.ask(Method::allocate, over_udp).code(), 486);
  EXPECT_EQ(bench.refresh(of_family(v6, 0)), 0);
  EXPECT_EQ(other.ask(Method::allocate, over_udp).code(), 486);
  EXPECT_EQ(bench.refresh(of_family(v4, 0)), 0);
  EXPECT_EQ(other.ask(Method::allocate, over_udp).code(), 0);
}

// PROTOCOL U4, W19
TEST(DualAllocation, knows_the_numbers_of_the_drafts_only_where_it_is_told_to) {
  const Fill draft = both(over_udp, naming(AttributeType::draft_additional_address_family, v6));
  Bench strict;
  EXPECT_EQ(all_relayed(Client(strict, alice_at).ask(Method::allocate, draft)).size(), 1u);

  ServerConfig with = relaying_from({relay_v4.ip});
  with.draft_address_families = true;
  Bench bench(with);
  const Answer answer = Client(bench, alice_at).ask(Method::allocate, draft);
  EXPECT_EQ(all_relayed(answer).size(), 1u);
  EXPECT_EQ(missing_family(answer), std::pair(0, 0));
  EXPECT_EQ(missing_family(answer, AttributeType::draft_address_error_code), std::pair(2, 440));
  // Whoever uses today's numbers is answered by them.
  const Answer today = Client(bench, bob_at, bobs).ask(Method::allocate, adding(v6));
  EXPECT_EQ(missing_family(today), std::pair(2, 440));

  with = config();
  with.draft_address_families = true;
  Bench both_there(with);
  EXPECT_EQ(all_relayed(Client(both_there, alice_at).ask(Method::allocate, draft)).size(), 2u);
}

}  // namespace
}  // namespace tickover::turn::bench
