// How a client comes to its allocation, and what it does when it does not.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/turn_client/bench.h"

namespace tickover::properties {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// PROTOCOL W5, A13
TEST(TurnClient, asks_first_without_any_credentials) {
  Bench bench;
  const Sent first = bench.take_one();
  EXPECT_EQ(first.remote, relay_v4);
  EXPECT_TRUE(first.is(Method::allocate));
  EXPECT_EQ(first.view().leading_byte(AttributeType::requested_transport), 17);
  for (const auto type : {AttributeType::username, AttributeType::realm, AttributeType::nonce,
                          AttributeType::message_integrity, AttributeType::lifetime}) {
    EXPECT_FALSE(first.view().has(type)) << static_cast<int>(type);
  }
}

// PROTOCOL K3, 1.19/401
TEST(TurnClient, answers_the_challenge_in_a_new_transaction) {
  Bench bench;
  const Sent first = bench.take_one();
  bench.challenge(first);
  const Sent second = bench.take_one();
  EXPECT_NE(second.view().id(), first.view().id());
  EXPECT_EQ(second.view().text(AttributeType::username), "alice");
  EXPECT_EQ(second.view().text(AttributeType::realm), "example.org");
  EXPECT_EQ(second.view().text(AttributeType::nonce), "n1");
  const auto key = stun::IntegrityKey::long_term("alice", "example.org", "secret");
  EXPECT_TRUE(second.view().verifies(key));
}

// PROTOCOL C4; BUGS P10
TEST(TurnClient, announces_the_allocation_that_it_got) {
  Bench bench;
  bench.challenge(bench.take_one());
  bench.accept(bench.take_one(), 600s);
  EXPECT_THAT(bench.take_events(), ElementsAre("added 192.0.2.1:50000"));
  EXPECT_EQ(bench.client.allocation()->mapped.endpoint, mapped);
  EXPECT_EQ(bench.client.allocation()->expires_at, after(600s));
  EXPECT_EQ(bench.client.poll_timeout(), (Timeout{after(25s), "keep-alive"}));
}

// PROTOCOL W13, T4; BUGS P4
TEST(TurnClient, sends_identical_copies_on_the_schedule_of_the_rfc) {
  Bench bench;
  bench.run_until(after(39'500ms - Duration::nanoseconds(1)));
  EXPECT_THAT(bench.times(Method::allocate),
              ElementsAre(after(0s), after(500ms), after(1500ms), after(3500ms), after(7500ms),
                          after(15500ms), after(31500ms)));
  for (const Sent& sent : bench.log) EXPECT_EQ(sent.bytes, bench.log.front().bytes);
  EXPECT_THAT(bench.take_events(), IsEmpty());
  bench.run_until(after(39'500ms));
  EXPECT_THAT(bench.take_events(), ElementsAre("failed unanswered 0"));
  EXPECT_EQ(bench.closed_sockets.size(), 1u);
}

// PROTOCOL C2; BUG C23(a)
TEST(TurnClient, tries_again_on_a_fresh_port_like_a_new_client) {
  Bench bench;
  bench.challenge(bench.take_one());
  const Sent silent = bench.take_one();
  bench.run_until(after(39'500ms));
  bench.take();
  bench.run_for(1s);
  const auto again = bench.take();
  ASSERT_FALSE(again.empty());
  EXPECT_NE(again[0].local, silent.local);
  EXPECT_FALSE(again[0].view().has_integrity());
}

// PROTOCOL A18, C6, 1.19/401; BUGS P5
TEST(TurnClient, does_not_ask_twice_with_refused_credentials) {
  Bench bench;
  bench.challenge(bench.take_one());
  bench.challenge(bench.take_one(), 401, "n2");
  EXPECT_THAT(bench.take_events(), ElementsAre("failed credentials refused 401"));
  bench.run_until(after(5min));
  EXPECT_EQ(bench.count(Method::allocate), 2u);
  bench.run_until(after(7min));
  EXPECT_GT(bench.count(Method::allocate), 2u);
}

// PROTOCOL AB17
TEST(TurnClient, ignores_a_challenge_for_a_realm_that_is_not_expected) {
  ClientConfig c = config();
  c.expected_realm = "example.org";
  Bench bench(c);
  const Sent first = bench.take_one();
  const Client before = bench.client;
  bench.challenge(first, 401, "n1", "evil.example");
  EXPECT_EQ(bench.client, before);
  bench.challenge(first);
  EXPECT_TRUE(bench.take_one().view().has_integrity());
}

// PROTOCOL X5; BUGS G20, P10
TEST(TurnClient, takes_the_family_that_answers_first) {
  ClientConfig c = config();
  c.server = {relay_v6, relay_v4};
  Bench bench(c);
  const auto probes = bench.take();
  ASSERT_EQ(probes.size(), 2u);
  bench.challenge(probes[1]);
  EXPECT_THAT(bench.closed_sockets, ElementsAre(CloseSocket{probes[0].local}));
  EXPECT_EQ(bench.take_one().remote, relay_v4);
  const Client before = bench.client;
  bench.challenge(probes[0]);
  EXPECT_EQ(bench.client, before);
}

// PROTOCOL X5; BUGS G20
TEST(TurnClient, does_with_one_family_if_the_other_has_no_socket) {
  ClientConfig c = config();
  c.server = {relay_v6, relay_v4};
  Client client(c, Random(1), after(0s));
  client.handle_input(SocketRefused{1}, after(0s));
  EXPECT_FALSE(client.poll_event());
  client.handle_input(SocketRefused{2}, after(0s));
  EXPECT_EQ(text_of(*client.poll_event()), "failed no socket 0");
  EXPECT_EQ(client.poll_timeout()->reason, "reallocate");
}

// BUGS P12
TEST(TurnClient, closes_a_socket_that_opens_for_an_attempt_that_is_over) {
  Client client(config(), Random(1), after(0s));
  client.close(after(0s));
  client.handle_input(SocketOpened{1, at("10.0.0.2:40000")}, after(1s));
  std::vector<std::uint8_t> buffer(max_datagram_size);
  EXPECT_TRUE(std::holds_alternative<OpenSocket>(*client.poll_transmit(buffer)));
  EXPECT_EQ(client.poll_transmit(buffer), Transmit(CloseSocket{at("10.0.0.2:40000")}));
}

// PROTOCOL C8, 1.19/486, 1.19/508
TEST(TurnClient, waits_a_minute_for_quota_and_capacity) {
  for (const int code : {486, 508}) {
    Bench bench;
    bench.challenge(bench.take_one());
    bench.refuse(bench.take_one(), code);
    bench.run_until(after(60s));
    EXPECT_THAT(bench.take(), IsEmpty());
    bench.run_until(after(75s));
    EXPECT_FALSE(bench.take().empty());
  }
}

// PROTOCOL C7, 1.19/437; BUGS P5
TEST(TurnClient, tries_three_ports_against_a_mismatch_and_then_rests) {
  Bench bench;
  for (int i = 0; i < 3; ++i) {
    bench.challenge(bench.take_one());
    bench.refuse(bench.take_one(), 437);
  }
  EXPECT_THAT(bench.take_events(), ElementsAre("failed allocation mismatch 437"));
  EXPECT_EQ(bench.next_port, 40003);
  bench.run_until(after(2min));
  EXPECT_THAT(bench.take(), IsEmpty());
  bench.run_until(after(150s));
  EXPECT_FALSE(bench.take().empty());
}

// PROTOCOL C7, F2; BUG C09(a); BUGS P5
TEST(TurnClient, deletes_its_own_old_allocation_once_before_it_moves_on) {
  Bench bench;
  bench.allocate();
  bench.input(SocketClosed{at("10.0.0.2:40000")});
  bench.next_port = 40000;  // the host gives the same port again
  bench.run_for(1s);
  bench.challenge(bench.take_one());
  bench.refuse(bench.take_one(), 437);
  const Sent eviction = bench.take_one();
  EXPECT_TRUE(eviction.is(Method::refresh));
  EXPECT_EQ(eviction.lifetime(), Duration{});
  bench.accept(eviction);
  const Sent again = bench.take_one();
  EXPECT_TRUE(again.is(Method::allocate));
  EXPECT_EQ(again.local, eviction.local);
  bench.refuse(again, 437);
  EXPECT_EQ(bench.take_one().local.port, 40001);
}

// PROTOCOL A19, AB17, 1.19/438; BUGS P5
TEST(TurnClient, stops_asking_a_relay_that_likes_no_nonce) {
  Bench bench;
  bench.challenge(bench.take_one());
  for (int i = 0; i < 4; ++i) bench.challenge(bench.take_one(), 438, "again");
  EXPECT_THAT(bench.take(), IsEmpty());
  EXPECT_THAT(bench.take_events(), ElementsAre("failed every nonce is stale 438"));
}

// PROTOCOL C3
TEST(TurnClient, returns_an_allocation_that_it_cannot_use) {
  Bench bench;
  bench.challenge(bench.take_one());
  const Sent request = bench.take_one();
  bench.answer(request, Class::success, [](MessageWriter& w) {
    w.add_xor_address(AttributeType::xor_relayed_address, at("0.0.0.0:0"));
    w.add_xor_address(AttributeType::xor_mapped_address, mapped);
    w.add_lifetime(600s);
  });
  EXPECT_THAT(bench.take_events(), ElementsAre("failed unusable answer 0"));
  const Sent release = bench.take_one();
  EXPECT_EQ(release.lifetime(), Duration{});
  bench.accept(release);
  EXPECT_THAT(bench.closed_sockets, ElementsAre(CloseSocket{request.local}));
}

// PROTOCOL T1
TEST(TurnClient, asks_for_what_it_was_configured_to_ask) {
  ClientConfig c = config();
  c.requested_lifetime = 30min;
  c.relay_family = AddressFamily::ipv6;
  c.software = "tickover";
  c.fingerprint = true;
  Bench bench(c);
  const Sent first = bench.take_one();
  EXPECT_EQ(first.lifetime(), 30min);
  EXPECT_EQ(first.view().leading_byte(AttributeType::requested_address_family), 2);
  EXPECT_EQ(first.view().text(AttributeType::software), "tickover");
  EXPECT_TRUE(first.view().has_fingerprint());
}

}  // namespace
}  // namespace tickover::properties
