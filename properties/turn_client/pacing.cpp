// How a client keeps its requests apart, and in which order it makes them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/turn_client/bench.h"

namespace tickover::properties {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

ClientConfig paced() {
  ClientConfig c = config();
  c.start_gap = ClientConfig().start_gap;
  return c;
}

Bench paced_and_allocated() {
  Bench bench(paced());
  bench.challenge(bench.take_one());
  bench.run_for(5ms);
  bench.accept(bench.take_one());
  bench.run_for(1s);
  bench.take();
  bench.take_events();
  return bench;
}

PeerAddress peer(int i) {
  return {{IpAddress::parse("203.0.113." + std::to_string(i)).value(), 7000}};
}

void want(Bench& bench, int peers, bool channels = true) {
  for (int i = 1; i <= peers; ++i) {
    if (channels) {
      EXPECT_TRUE(bench.client.bind_channel(peer(i), bench.now));
    } else {
      EXPECT_TRUE(bench.client.create_permission(peer(i), bench.now));
    }
  }
  bench.drain();
}

// PROTOCOL E3
TEST(TurnClientPacing, keeps_five_milliseconds_between_the_starts_of_fifty_binds) {
  Bench bench = paced_and_allocated();
  bench.obey();
  const Instant begin = bench.now;
  want(bench, 50);
  bench.run_for(1s);
  const auto starts = bench.times(Method::channel_bind);
  ASSERT_THAT(starts, SizeIs(50));
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(starts[static_cast<std::size_t>(i)], begin + Duration(5ms) * i);
  }
}

// PROTOCOL E3; BUGS P1
TEST(TurnClientPacing, is_a_timer_of_its_own) {
  Bench bench = paced_and_allocated();
  want(bench, 2);
  EXPECT_EQ(bench.client.poll_timeout(), (Timeout{bench.now + 5ms, "pacing"}));
}

// PROTOCOL E3, X5
TEST(TurnClientPacing, holds_for_all_sockets_together) {
  ClientConfig c = paced();
  c.server = {relay_v6, relay_v4};
  Bench bench(c);
  EXPECT_EQ(bench.take_one().remote, relay_v6);
  bench.run_for(5ms);
  EXPECT_EQ(bench.take_one().remote, relay_v4);
}

// PROTOCOL E3, T4; BUGS P4
TEST(TurnClientPacing, holds_no_copy_back) {
  Bench bench = paced_and_allocated();
  want(bench, 3);
  bench.run_for(550ms);
  const auto sent = bench.times(Method::channel_bind);
  ASSERT_THAT(sent, SizeIs(6));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(sent[i + 3] - sent[i], 500ms);
  want(bench, 4);  // beside the copies that are due at 1.5 s
  EXPECT_THAT(bench.times(Method::channel_bind), SizeIs(7));
}

// PROTOCOL T3
TEST(TurnClientPacing, leaves_ten_requests_at_most_to_both_sockets_of_a_restart) {
  Bench bench = paced_and_allocated();
  want(bench, 12);
  bench.run_for(100ms);
  EXPECT_THAT(bench.take(), SizeIs(10));
  bench.client.restart(bench.now);
  bench.drain();
  bench.run_for(100ms);
  const auto sent = bench.take();
  ASSERT_THAT(sent, SizeIs(2));  // the old allocation's deletion goes first
  EXPECT_EQ(sent[0].lifetime(), Duration{});
  EXPECT_NE(sent[1].local, sent[0].local);
}

// PROTOCOL T3, A19, F1; BUGS P9, G10
TEST(TurnClientPacing, lets_a_refresh_go_first_again_after_a_stale_nonce) {
  Bench bench;
  bench.allocate();
  bench.run_until(after(25s));
  const Sent refresh = bench.take_one();
  want(bench, 30);
  EXPECT_THAT(bench.take(), SizeIs(9));
  bench.challenge(refresh, 438, "n2");
  EXPECT_TRUE(bench.take_one().is(Method::refresh));
}

// PROTOCOL T3, AB23
TEST(TurnClientPacing, stays_orderly_with_all_permissions_that_fit) {
  ClientConfig c = paced();
  Bench bench(c);
  bench.obey();
  bench.run_for(10ms);
  for (int i = 0; i < 4096; ++i) {
    const std::array<std::uint8_t, 4> ip = {203, 1, static_cast<std::uint8_t>(i / 256),
                                            static_cast<std::uint8_t>(i % 256)};
    ASSERT_TRUE(bench.client.create_permission({{IpAddress::v4(ip), 7000}}, bench.now));
  }
  bench.drain();
  bench.take_events();
  bench.run_until(after(5min));
  const auto starts = bench.times(Method::create_permission);
  for (std::size_t i = 1; i < starts.size(); ++i) ASSERT_GE(starts[i] - starts[i - 1], 5ms);
  EXPECT_GE(starts.size(), 2u * 4096u);  // each was renewed in time
  for (const std::string& event : bench.take_events()) EXPECT_TRUE(event.starts_with("permitted"));
}

}  // namespace
}  // namespace tickover::properties
