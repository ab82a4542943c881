// Stale nonces, forgetful relays, forged answers, lost sockets.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/turn_client/bench.h"

namespace tickover::properties {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A client that has one request of this method outstanding.
Sent outstanding(Bench& bench, Method method) {
  if (method == Method::allocate) {
    bench.challenge(bench.take_one());
    return bench.take_one();
  }
  bench.allocate(40s);
  if (method == Method::channel_bind) {
    EXPECT_TRUE(bench.client.bind_channel(bob, bench.now));
  }
  if (method == Method::create_permission) {
    EXPECT_TRUE(bench.client.create_permission(bob, bench.now));
  }
  if (method == Method::refresh) bench.run_until(after(20s));
  bench.drain();
  return bench.take_one();
}

class TurnClientMethods : public testing::TestWithParam<Method> {};

INSTANTIATE_TEST_SUITE_P(Each, TurnClientMethods,
                         testing::Values(Method::allocate, Method::refresh, Method::channel_bind,
                                         Method::create_permission));

// PROTOCOL A19, F5, 1.19/438; BUG C21; BUGS G2, G10
TEST_P(TurnClientMethods, repeat_once_with_the_new_nonce) {
  Bench bench;
  const Sent stale = outstanding(bench, GetParam());
  bench.challenge(stale, 438, "fresh");
  const Sent again = bench.take_one();
  EXPECT_TRUE(again.is(GetParam()));
  EXPECT_NE(again.view().id(), stale.view().id());
  EXPECT_EQ(again.view().text(AttributeType::nonce), "fresh");
  EXPECT_EQ(again.local, stale.local);

  const Client before = bench.client;
  bench.challenge(stale, 438, "fresh");  // the network doubled it
  EXPECT_EQ(bench.client, before);
}

// PROTOCOL W3, W4, T10, A20, AB17; BUG C19, C23(c); BUGS G14, P4, P15
TEST_P(TurnClientMethods, are_not_touched_by_forged_answers) {
  Bench bench;
  const Sent request = outstanding(bench, GetParam());
  bench.refuse(request, 400, std::nullopt);  // that there was one is noted, and no more
  const Client before = bench.client;
  for (const int code : {300, 400, 403, 437, 441, 486, 500, 508}) {
    bench.refuse(request, code, std::nullopt);
    bench.refuse(request, code, "guessed");
  }
  bench.answer(request, Class::success, {}, std::nullopt);
  bench.answer(request, Class::success, {}, "guessed");
  bench.answer(request, Class::error, {}, std::nullopt);
  Sent elsewhere = request;
  elsewhere.remote = at("192.0.2.66:3478");
  bench.accept(elsewhere);
  bench.challenge(elsewhere, 438, "evil");
  elsewhere = request;
  ++elsewhere.local.port;
  bench.accept(elsewhere);
  EXPECT_EQ(bench.client, before);
  EXPECT_EQ(bench.client.counters().unauthenticated, 20u);
  EXPECT_EQ(bench.client.counters().foreign, 3u);
  EXPECT_THAT(bench.take(), IsEmpty());
}

// PROTOCOL A19; BUGS G10, P5
TEST_P(TurnClientMethods, survive_three_stale_nonces_in_a_row_but_do_not_spin) {
  Bench bench;
  Sent request = outstanding(bench, GetParam());
  for (int i = 0; i < 3; ++i) {
    bench.challenge(request, 438, "fresh");
    request = bench.take_one();
  }
  bench.challenge(request, 438, "fresh");
  EXPECT_THAT(bench.take(), IsEmpty());
}

// PROTOCOL F5, 1.19/437; BUG C09(b)
TEST(TurnClient, forgets_an_allocation_that_the_relay_forgot) {
  for (const Method method : {Method::refresh, Method::channel_bind, Method::create_permission}) {
    Bench bench;
    const Sent request = outstanding(bench, method);
    bench.refuse(request, 437);
    EXPECT_THAT(bench.take_events(),
                ElementsAre("removed 192.0.2.1:50000: forgotten by the relay"));
    EXPECT_THAT(bench.closed_sockets, ElementsAre(CloseSocket{request.local}));
    EXPECT_FALSE(bench.client.allocation());
  }
}

// PROTOCOL C10; BUG C09(c), C11(c), C17(b); BUGS P6
TEST(TurnClient, binds_every_wanted_peer_again_after_it_recovered) {
  Bench bench;
  bench.obey();
  EXPECT_TRUE(bench.client.bind_channel(bob, bench.now));
  EXPECT_TRUE(bench.client.create_permission(carol, bench.now));
  bench.drain();
  const auto number = bench.client.channel(bob, bench.now);
  bench.input(SocketClosed{at("10.0.0.2:40000")});
  EXPECT_THAT(bench.closed_sockets, IsEmpty());  // it is closed already
  EXPECT_EQ(bench.send("lost").error(), turn::CommandError::not_ready);
  bench.run_for(1s);
  EXPECT_TRUE(bench.client.channel(bob, bench.now));
  // The ring goes on where it was.
  EXPECT_EQ(bench.client.channel(bob, bench.now)->value(),
            number->value() == 0x4FFF ? 0x4000 : number->value() + 1);
  EXPECT_TRUE(bench.client.can_send(carol, bench.now));
}

// BUGS P10
TEST(TurnClient, gives_up_a_candidate_exactly_once) {
  Bench bench;
  bench.allocate(600s);
  bench.run_until(after(30min));  // silence: all fails
  std::size_t removed = 0;
  for (const auto& [when, text] : bench.event_log) removed += text.starts_with("removed");
  EXPECT_EQ(removed, 1u);
}

// PROTOCOL A18, C10
TEST(TurnClient, drops_an_allocation_whose_credentials_are_refused) {
  Bench bench;
  bench.challenge(outstanding(bench, Method::refresh), 401, "n2");
  EXPECT_THAT(bench.take_events(), ElementsAre("removed 192.0.2.1:50000: credentials refused"));
}

// PROTOCOL AB17; BUG C19(a); BUGS P15
TEST(TurnClient, ignores_a_success_that_nobody_signed) {
  Bench bench;
  const Sent first = bench.take_one();
  bench.accept(first);
  const Client before = bench.client;
  bench.accept(first);
  bench.refuse(first, 508);
  EXPECT_FALSE(bench.client.allocation());
  EXPECT_EQ(bench.client, before);
}

// BUG C23(a); BUGS G9
TEST(TurnClient, moves_when_its_address_is_gone) {
  Bench bench;
  const IpAddress old = at("10.0.0.2:1").ip;
  const IpAddress other = at("10.0.0.3:1").ip;
  bench.input(AddressesChanged{{old}});
  bench.allocate();
  bench.input(AddressesChanged{{old, other}});
  EXPECT_TRUE(bench.client.allocation());
  bench.input(AddressesChanged{{other}});
  EXPECT_THAT(bench.take_events(), ElementsAre("removed 192.0.2.1:50000: roamed"));
  EXPECT_FALSE(bench.take_one().view().has_integrity());
}

// PROTOCOL C2; BUG C23(a); BUGS G9, P10
TEST(TurnClient, begins_after_a_restart_like_a_new_one) {
  Bench bench;
  bench.allocate();
  bench.bind();
  bench.client.restart(bench.now);
  bench.drain();
  EXPECT_THAT(bench.take_events(), ElementsAre("removed 192.0.2.1:50000: restarted"));
  const auto sent = bench.take();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].lifetime(), Duration{});
  EXPECT_FALSE(sent[1].view().has_integrity());
  EXPECT_NE(sent[1].local, sent[0].local);
  bench.challenge(sent[1]);
  bench.accept(bench.take_one());
  EXPECT_TRUE(bench.take_one().is(Method::channel_bind));
}

// PROTOCOL C10; BUGS P5
TEST(TurnClient, doubles_its_pauses_against_a_silent_relay) {
  Bench bench;
  std::vector<Duration> pauses;
  for (int i = 0; i < 9; ++i) {
    while (bench.take_events().empty()) bench.run_for(500ms);
    const auto next = bench.client.poll_timeout();
    ASSERT_EQ(next->reason, "reallocate");
    const Duration pause = next->at - bench.event_log.back().first;
    const Duration longest = std::min(Duration(1s) * (1 << i), Duration(60s));
    EXPECT_LE(pause, longest);
    EXPECT_GT(pause, longest / 2);
    bench.run_until(next->at);
  }
}

// PROTOCOL C10; BUGS P5
TEST(TurnClient, doubles_its_pauses_also_when_each_allocation_is_forgotten_at_once) {
  Bench bench;
  EXPECT_TRUE(bench.client.bind_channel(bob, bench.now));
  for (int i = 0; i < 8; ++i) {
    bench.challenge(bench.take_one());
    bench.accept(bench.take_one());
    bench.refuse(bench.take_one(), 437);
    const Instant next = bench.client.poll_timeout()->at;
    EXPECT_GT(next - bench.now, std::min(Duration(1s) * (1 << i), Duration(60s)) / 2);
    bench.run_until(next);
  }
}

// BUG A11; BUGS G18, P2
TEST(TurnClient, does_the_same_under_every_driver) {
  const auto run = [](std::optional<Duration> tick) {
    Bench bench;
    bench.obey();
    EXPECT_TRUE(bench.client.bind_channel(bob, bench.now));
    EXPECT_TRUE(bench.client.create_permission(carol, bench.now));
    bench.run_until(after(5min), tick);
    bench.ignore();
    bench.run_until(after(7min), tick);
    bench.take();
    bench.obey();
    bench.run_until(after(20min), tick);
    return std::pair(bench.log, bench.event_log);
  };
  const auto lazy = run({});
  const auto ticking = run(Duration(7ms));
  EXPECT_GT(lazy.first.size(), 50u);
  EXPECT_TRUE(lazy.first == ticking.first);
  EXPECT_EQ(lazy.second, ticking.second);
}

TEST(TurnClient, copies_live_on_independently_and_alike) {
  Bench bench;
  bench.allocate();
  bench.bind();
  Bench copy = bench;
  EXPECT_EQ(bench.client, copy.client);
  bench.run_until(after(10min));
  copy.run_until(after(10min));
  EXPECT_EQ(bench.log, copy.log);
  EXPECT_EQ(bench.client, copy.client);
}

}  // namespace
}  // namespace tickover::properties
