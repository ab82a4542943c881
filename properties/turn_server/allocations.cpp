#include "properties/turn_server/bench.h"

namespace tickover::turn::bench {
namespace {

const Duration tick = Duration::nanoseconds(1);

ServerConfig few_ports(std::uint16_t count) {
  ServerConfig with = config();
  with.first_relay_port = 50000;
  with.last_relay_port = static_cast<std::uint16_t>(50000 + count - 1);
  return with;
}
Fill family(std::uint8_t wire) {
  return both(over_udp, [=](MessageWriter& m) {
    m.add_leading_byte(AttributeType::requested_address_family, wire);
  });
}

// PROTOCOL R12, R13
TEST(TurnServerAllocation, grants_a_relayed_address_whose_port_is_open) {
  Bench bench;
  const Client alice(bench, alice_at);
  const Answer answer = alice.ask(Method::allocate, over_udp);
  ASSERT_EQ(answer.code(), 0);
  EXPECT_EQ(answer.lifetime(), 600);
  EXPECT_EQ(answer.view().xor_address(AttributeType::xor_mapped_address).value(), alice_at);
  EXPECT_EQ(answer.relayed().ip, relay_v4.ip);
  EXPECT_GE(answer.relayed().port, 49152);
  EXPECT_TRUE(bench.open.contains(answer.relayed()));
  EXPECT_EQ(bench.count(Kind::allocation_created), 1u);
  EXPECT_EQ(bench.events.back().user, "alice");
  EXPECT_EQ(bench.events.back().relayed.endpoint, answer.relayed());
}

// PROTOCOL W11, R13, F3; BUGS G19
TEST(TurnServerAllocation, keeps_lifetimes_between_default_and_maximum) {
  for (const auto& [asked, granted] : std::map<std::int64_t, std::int64_t>{
           {0, 600}, {1, 600}, {599, 600}, {777, 777}, {3601, 3600}, {0xffffffff, 3600}}) {
    Bench bench;
    const Client alice(bench, alice_at);
    EXPECT_EQ(alice.ask(Method::allocate, both(over_udp, lasting(asked))).lifetime(), granted);
    if (asked == 0) continue;  // which would delete it
    EXPECT_EQ(alice.ask(Method::refresh, lasting(asked)).lifetime(), granted);
  }
}

// PROTOCOL R2, 1.19/437
TEST(TurnServerAllocation, refuses_a_second_one_on_the_same_five_tuple) {
  Bench bench;
  const Client alice(bench, alice_at);
  alice.allocate();
  EXPECT_EQ(alice.ask(Method::allocate, over_udp).code(), 437);
  EXPECT_EQ(alice.ask(Method::allocate).code(), 437);  // before it looks at the transport
}

// PROTOCOL W12, T12, R15; BUGS P14
TEST(TurnServerAllocation, repeats_its_success_to_a_retransmission) {
  Bench bench;
  const Client alice(bench, alice_at);
  const Buffer request = alice.request(Method::allocate, both(over_udp, lasting(700)));
  const Answer first = alice.answer_to(request);
  EXPECT_EQ(alice.answer_to(request).sent->bytes, first.sent->bytes);
  EXPECT_EQ(alice.ask(Method::refresh, lasting(900)).code(), 0);
  EXPECT_EQ(alice.answer_to(request).sent->bytes, first.sent->bytes);
  EXPECT_EQ(bench.server.ports_in_use(), 1u);
  EXPECT_EQ(bench.count(Kind::allocation_created), 1u);
}

// PROTOCOL R2, T12; BUGS P14
TEST(TurnServerAllocation, opens_one_port_however_often_it_is_asked_meanwhile) {
  Bench bench;
  const Client alice(bench, alice_at);
  bench.silent_owner = true;
  const Buffer request = alice.request(Method::allocate, over_udp);
  EXPECT_TRUE(alice.answer_to(request).silent());
  EXPECT_TRUE(alice.answer_to(request).silent());
  EXPECT_EQ(alice.ask(Method::allocate, over_udp).code(), 437);
  EXPECT_EQ(alice.ask(Method::refresh).code(), 437);
  ASSERT_EQ(bench.asked.size(), 3u);  // two listeners and one relay port
  bench.sent.clear();
  bench.open.insert(relay_v4);
  bench.input(SocketOpened{bench.asked[2].request, bench.asked[2].local});
  ASSERT_EQ(bench.sent.size(), 1u);
  EXPECT_EQ(bench.sent[0].view().id(), MessageView::decode(request)->id());
}

// BUGS P12
TEST(TurnServerAllocation, tries_another_port_when_one_is_refused) {
  Bench bench(few_ports(4));
  const Client alice(bench, alice_at);
  bench.refusals = 3;
  const Endpoint relayed = alice.allocate();
  std::set<Endpoint> tried;
  for (std::size_t i = 2; i < bench.asked.size(); ++i) tried.insert(bench.asked[i].local);
  EXPECT_EQ(tried.size(), 4u);
  EXPECT_EQ(bench.asked.back().local, relayed);
  EXPECT_EQ(bench.server.ports_in_use(), 1u);
}

// PROTOCOL 1.19/508; BUGS P12
TEST(TurnServerAllocation, gives_up_after_so_many_refusals) {
  Bench bench;
  const Client alice(bench, alice_at);
  bench.refusals = 1000;
  EXPECT_EQ(alice.ask(Method::allocate, over_udp).code(), 508);
  EXPECT_EQ(bench.asked.size(), 2 + config().max_port_attempts);
  EXPECT_EQ(bench.server.ports_in_use(), 0u);
  EXPECT_EQ(bench.server.allocation_count(), 0u);
  bench.refusals = 0;
  EXPECT_EQ(alice.ask(Method::allocate, over_udp).code(), 0);
}

// BUGS P12
TEST(TurnServerAllocation, forgets_a_port_that_its_owner_never_speaks_of) {
  Bench bench;
  const Client alice(bench, alice_at);
  bench.silent_owner = true;
  alice.ask(Method::allocate, over_udp);
  bench.advance(40s);
  EXPECT_EQ(bench.server.allocation_count(), 0u);
  EXPECT_EQ(bench.server.ports_in_use(), 1u);  // it may still open
  const OpenSocket late = bench.asked.back();
  bench.open.insert(late.local);
  bench.input(SocketOpened{late.request, late.local});
  EXPECT_FALSE(bench.open.contains(late.local));
  EXPECT_EQ(bench.server.ports_in_use(), 0u);
}

// PROTOCOL W18, W19, R3, R6, R7, V1, 1.19/400, 1.19/440, 1.19/442
TEST(TurnServerAllocation, refuses_other_transports_and_families) {
  Bench bench;
  const Client alice(bench, alice_at);
  const Fill tcp = [](MessageWriter& m) {
    m.add_leading_byte(AttributeType::requested_transport, 6);
  };
  const Fill short_transport = [](MessageWriter& m) {
    m.add_text(AttributeType::requested_transport, "x");
  };
  const Fill two_families = both(family(1), [](MessageWriter& m) {
    m.add_leading_byte(AttributeType::additional_address_family, 2);
  });
  const Fill short_lifetime =
      both(over_udp, [](MessageWriter& m) { m.add_text(AttributeType::lifetime, "x"); });
  EXPECT_EQ(alice.ask(Method::allocate).code(), 400);
  EXPECT_EQ(alice.ask(Method::allocate, tcp).code(), 442);
  EXPECT_EQ(alice.ask(Method::allocate, short_transport).code(), 400);
  EXPECT_EQ(alice.ask(Method::allocate, two_families).code(), 400);
  EXPECT_EQ(alice.ask(Method::allocate, short_lifetime).code(), 400);
  EXPECT_EQ(alice.ask(Method::allocate, family(3)).code(), 440);
  EXPECT_EQ(bench.server.ports_in_use(), 0u);
}

// PROTOCOL R7, 1.19/440; BUGS G20
TEST(TurnServerAllocation, relays_from_the_family_asked_for_and_from_ipv4_unasked) {
  Bench bench;
  Client alice(bench, at("[2001:db8::77]:4000"));
  alice.server = relay_v6;
  EXPECT_EQ(alice.allocate().ip, relay_v4.ip);
  Client bob(bench, bob_at, bobs);
  EXPECT_EQ(bob.ask(Method::allocate, family(2)).relayed().ip, relay_v6.ip);

  ServerConfig v6_only = config();
  v6_only.relay_addresses = {relay_v6.ip};
  Bench other(v6_only);
  EXPECT_EQ(Client(other, alice_at).ask(Method::allocate, over_udp).code(), 440);
}

// PROTOCOL R10, AB9, AB21, 1.19/486; BUGS P16
TEST(TurnServerAllocation, holds_each_user_to_a_quota_by_name) {
  ServerConfig with = config();
  with.max_allocations_per_user = 2;
  Bench bench(with);
  const Client one(bench, at("198.51.100.1:1"));
  const Client two(bench, at("198.51.100.2:2"));
  const Client three(bench, at("198.51.100.3:3"));
  const Client bob(bench, bob_at, bobs);
  one.allocate();
  two.allocate();
  EXPECT_EQ(three.ask(Method::allocate, over_udp).code(), 486);
  EXPECT_EQ(bob.ask(Method::allocate, over_udp).code(), 0);
  EXPECT_EQ(one.remove(), 0);
  EXPECT_EQ(three.ask(Method::allocate, over_udp).code(), 0);
}

// PROTOCOL 1.19/508; BUGS G16
TEST(TurnServerAllocation, says_508_when_ports_or_room_run_out) {
  ServerConfig crowded = config();
  crowded.max_allocations = 2;
  for (const ServerConfig& with : {few_ports(2), crowded}) {
    Bench bench(with);
    Client(bench, at("198.51.100.1:1")).allocate();
    Client(bench, at("198.51.100.2:2")).allocate();
    const Client third(bench, at("198.51.100.3:3"));
    EXPECT_EQ(third.ask(Method::allocate, over_udp).code(), 508);
  }
}

// PROTOCOL W14, R16, 1.19/437
TEST(TurnServerAllocation, answers_437_to_whatever_has_none) {
  Bench bench;
  const Client alice(bench, alice_at);
  EXPECT_EQ(alice.ask(Method::refresh).code(), 437);
  EXPECT_EQ(alice.ask(Method::create_permission).code(), 437);
  EXPECT_EQ(alice.ask(Method::channel_bind).code(), 437);
}

// PROTOCOL W24, R14, F3, F6; BUG D03(a), D11(a), D11(c); BUGS P12, P13
TEST(TurnServerAllocation, ends_at_once_by_lifetime_zero) {
  Bench bench;
  const Client alice(bench, alice_at);
  const Endpoint relayed = alice.allocate();
  EXPECT_EQ(alice.bind(0x4000, peer), 0);
  const Answer answer = alice.ask(Method::refresh, lasting(0));
  EXPECT_EQ(answer.code(), 0);
  EXPECT_EQ(answer.lifetime(), 0);
  EXPECT_TRUE(answer.is_signed_by(alice.credentials.key()));
  EXPECT_FALSE(bench.open.contains(relayed));
  EXPECT_EQ(bench.server.allocation_count(), 0u);
  EXPECT_EQ(bench.count(Kind::allocation_deleted), 1u);
  EXPECT_EQ(alice.remove(), 437);
  alice.allocate();
  EXPECT_EQ(alice.bind(0x4000, stranger), 0);  // nothing of the old one is left
}

// PROTOCOL R18; BUG D03(c); BUGS P1, P13
TEST(TurnServerAllocation, ends_at_the_very_instant_of_its_expiry) {
  Bench bench;
  const Client alice(bench, alice_at);
  const Endpoint relayed = alice.allocate();
  EXPECT_EQ(bench.server.poll_timeout(), (Timeout{bench.now + 600s, "allocation expiry"}));
  bench.advance(Duration(600s) - tick);
  EXPECT_EQ(alice.permit(peer), 0);
  EXPECT_TRUE(bench.open.contains(relayed));
  bench.advance(tick);
  EXPECT_FALSE(bench.open.contains(relayed));
  EXPECT_EQ(bench.count(Kind::allocation_expired), 1u);
  EXPECT_EQ(alice.permit(peer), 437);
  EXPECT_FALSE(bench.server.poll_timeout());
}

// BUGS P13
TEST(TurnServerAllocation, is_gone_for_an_input_at_its_expiry_before_any_timeout) {
  Bench bench;
  const Client alice(bench, alice_at);
  alice.allocate();
  bench.now += 600s;
  EXPECT_EQ(alice.ask(Method::refresh).code(), 437);
}

// PROTOCOL R18, F3; BUGS P13
TEST(TurnServerAllocation, lives_by_refresh_and_not_by_data) {
  Bench bench;
  const Client alice(bench, alice_at);
  alice.allocate();
  bench.advance(599s);
  EXPECT_EQ(alice.ask(Method::refresh, lasting(1200)).lifetime(), 1200);
  EXPECT_EQ(alice.bind(0x4000, peer), 0);
  bench.advance(599s);
  EXPECT_EQ(alice.send(0x4000, "x").size(), 1u);
  bench.advance(601s);
  EXPECT_EQ(bench.server.allocation_count(), 0u);
}

// PROTOCOL F4, 1.19/443
TEST(TurnServerAllocation, is_refreshed_for_its_own_family_only) {
  Bench bench;
  const Client alice(bench, alice_at);
  alice.allocate();
  const auto refresh = [&](std::uint8_t wire) {
    return alice.ask(Method::refresh, [=](MessageWriter& m) {
      m.add_leading_byte(AttributeType::requested_address_family, wire);
      m.add_lifetime(0s);
    });
  };
  EXPECT_EQ(refresh(2).code(), 443);
  EXPECT_EQ(refresh(9).code(), 443);
  EXPECT_EQ(bench.server.allocation_count(), 1u);
  EXPECT_EQ(refresh(1).code(), 0);
  EXPECT_EQ(bench.server.allocation_count(), 0u);
}

// BUGS P12
TEST(TurnServerAllocation, is_lost_with_its_socket) {
  Bench bench;
  const Client alice(bench, alice_at);
  const Endpoint relayed = alice.allocate();
  bench.open.erase(relayed);
  bench.input(SocketClosed{relayed});
  EXPECT_EQ(bench.count(Kind::allocation_lost), 1u);
  EXPECT_EQ(alice.ask(Method::refresh).code(), 437);
  EXPECT_EQ(bench.server.ports_in_use(), 0u);
}

// PROTOCOL T14
TEST(TurnServerAllocation, answers_from_the_address_that_was_asked) {
  Bench bench;
  Client alice(bench, at("[2001:db8::77]:4000"));
  alice.server = relay_v6;
  alice.renew_nonce();
  EXPECT_EQ(alice.ask(Method::allocate, over_udp).sent->send.local, relay_v6);
}

TEST(TurnServerListener, is_tried_again_until_it_opens) {
  Bench bench;
  bench.refusals = 2;
  bench.open.erase(relay_v4);
  bench.input(SocketClosed{relay_v4});
  bench.advance(14s);
  EXPECT_FALSE(bench.open.contains(relay_v4));
  EXPECT_EQ(bench.count(Kind::listener_lost), 3u);
  bench.advance(1s);
  EXPECT_EQ(Client(bench, alice_at).bare(Method::binding).code(), 0);
}

TEST(TurnServerListener, is_deaf_where_it_does_not_listen) {
  Bench bench;
  Client alice(bench, alice_at);
  alice.server = at("192.0.2.1:3479");
  EXPECT_TRUE(alice.bare(Method::binding).silent());
  EXPECT_EQ(bench.server.counters().unknown_socket, 1u);
}

}  // namespace
}  // namespace tickover::turn::bench
