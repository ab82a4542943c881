// How a client keeps its allocation, and how it notices that it is gone.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/turn_client/bench.h"

namespace tickover::properties {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::string_literals;

ClientConfig without_keep_alive() {
  ClientConfig c = config();
  c.keep_alive = 24h;
  return c;
}

/// The peer says something over the channel on which `ping` was sent.
void reply(Bench& bench, const Sent& ping) {
  std::array<std::uint8_t, 64> buffer;
  const auto number = turn::ChannelData::decode(ping.bytes)->number;
  bench.deliver(turn::write_channel_data(buffer, number, as_bytes("pong")), ping);
}

// PROTOCOL F1; BUGS G19
TEST(TurnClient, refreshes_at_half_of_each_lifetime) {
  for (const Duration lifetime : {Duration(1s), Duration(2s), Duration(119s), Duration(600s)}) {
    Bench bench(without_keep_alive());
    bench.allocate(lifetime);
    bench.obey();
    bench.run_until(after(lifetime / 2));
    EXPECT_THAT(bench.times(Method::refresh), ElementsAre(after(lifetime / 2)));
  }
}

// PROTOCOL F1; BUGS G19
TEST(TurnClient, trusts_no_lifetime_for_more_than_an_hour) {
  Bench bench(without_keep_alive());
  bench.allocate(std::chrono::seconds(0xFFFFFFFFu));
  bench.obey();
  bench.run_until(after(1801s));
  EXPECT_THAT(bench.times(Method::refresh), ElementsAre(after(1800s)));
}

// PROTOCOL C4; BUGS G19, P8
TEST(TurnClient, honours_the_lifetime_that_a_refresh_grants) {
  Bench bench;
  bench.allocate(600s);
  bench.run_until(after(25s));
  bench.accept(bench.take_one(), 10s);
  EXPECT_EQ(bench.client.allocation()->expires_at, after(35s));
  bench.run_until(after(30s));
  EXPECT_EQ(bench.times(Method::refresh).back(), after(30s));
}

// BUGS P8, P13
TEST(TurnClient, is_gone_at_the_very_instant_of_its_expiry) {
  Bench bench;
  bench.allocate(10s);
  bench.run_until(after(10s - Duration::nanoseconds(1)));
  EXPECT_TRUE(bench.client.allocation());
  bench.run_until(after(10s));
  EXPECT_THAT(bench.take_events(), ElementsAre("removed 192.0.2.1:50000: expired"));
}

// PROTOCOL C10; BUG C07; BUGS P9
TEST(TurnClient, is_invalid_when_a_refresh_is_given_up) {
  Bench bench(without_keep_alive());
  bench.allocate(600s);
  bench.run_until(after(339'500ms - Duration::nanoseconds(1)));
  EXPECT_TRUE(bench.client.allocation());
  bench.run_until(after(339'500ms));
  EXPECT_THAT(bench.take_events(), ElementsAre("removed 192.0.2.1:50000: relay unreachable"));
}

// PROTOCOL C10; BUG C13(a); BUGS P9
TEST(TurnClient, notices_a_dead_relay_one_give_up_after_the_keep_alive) {
  Bench bench;
  bench.allocate();
  bench.run_until(after(64'500ms));
  ASSERT_EQ(bench.event_log.back().second, "removed 192.0.2.1:50000: relay unreachable");
  EXPECT_EQ(bench.event_log.back().first, after(64'500ms));
}

// BUG C13(d); BUGS P9
TEST(TurnClient, notices_a_dead_relay_also_while_it_keeps_sending) {
  Bench bench;
  bench.allocate();
  bench.bind();
  while (bench.client.allocation() && bench.now < after(2min)) {
    EXPECT_TRUE(bench.send("into the void"));
    bench.run_for(1s);
  }
  EXPECT_EQ(bench.event_log.back().first, after(64'500ms));
}

// BUG C13(b); BUGS P7
TEST(TurnClient, survives_a_lost_keep_alive) {
  Bench bench;
  bench.allocate();
  bench.run_until(after(25s));
  bench.take_one();
  bench.run_for(500ms);
  bench.accept(bench.take_one());
  bench.run_until(after(50s));
  EXPECT_TRUE(bench.client.allocation());
  EXPECT_THAT(bench.times(Method::refresh), ElementsAre(after(25s), after(25'500ms)));
}

// PROTOCOL F5, C10; BUGS G6, P9
TEST(TurnClient, notices_a_rebooted_relay_by_the_next_keep_alive) {
  for (const bool busy : {false, true}) {
    Bench bench;
    bench.allocate();
    bench.bind();
    while (bench.now < after(25s)) {
      bench.take();
      if (busy) {
        EXPECT_TRUE(bench.send("into the void"));
      }
      bench.run_for(1s);
    }
    bench.challenge(bench.take().back(), 438, "of the new boot");
    bench.refuse(bench.take_one(), 437);
    EXPECT_EQ(bench.event_log.back(),
              std::pair(after(25s), "removed 192.0.2.1:50000: forgotten by the relay"s));
  }
}

// PROTOCOL F5; BUGS G6, P9
TEST(TurnClient, notices_a_rebooted_relay_even_by_the_last_copy_of_its_refresh) {
  Bench bench;
  bench.allocate();
  bench.run_until(after(25s + 31'500ms));  // the last copy
  const Sent last = bench.take().back();
  bench.run_until(after(25s + 39'500ms - Duration::nanoseconds(1)));
  bench.challenge(last, 438, "of the new boot");
  EXPECT_TRUE(bench.client.allocation());
  bench.refuse(bench.take_one(), 437);
  EXPECT_THAT(bench.take_events(), ElementsAre("removed 192.0.2.1:50000: forgotten by the relay"));
}

// PROTOCOL F7; BUG C13(a); BUGS G12, P7
TEST(TurnClient, refreshes_every_period_in_an_idle_session) {
  Bench bench;
  bench.allocate();
  bench.obey();
  bench.run_until(after(1h));
  EXPECT_EQ(bench.count(Method::refresh), 144u);  // each 25 s
  EXPECT_EQ(bench.count(Method::allocate), 2u);
  EXPECT_EQ(bench.log.size(), 2u + 144u);
  EXPECT_EQ(bench.client.allocation()->expires_at, after(1h + 600s));
  EXPECT_THAT(bench.take_events(), IsEmpty());
}

// BUG C13(c); BUGS P7
TEST(TurnClient, needs_no_keep_alive_while_data_flows_both_ways) {
  Bench bench;
  bench.allocate();
  bench.bind();
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(bench.send("ping"));
    reply(bench, bench.take_one());
    bench.run_for(1s);
  }
  EXPECT_EQ(bench.count(Method::refresh), 0u);
}

// BUG C05(a); BUGS P4
TEST(TurnClient, has_one_refresh_at_a_time) {
  Bench bench;
  bench.allocate();
  bench.bind();
  bench.run_until(after(25s));
  EXPECT_EQ(bench.client.poll_timeout(), (Timeout{after(25'500ms), "retransmit"}));
  const Sent refresh = bench.take_one();
  bench.run_until(after(64s));
  for (const Sent& copy : bench.take()) EXPECT_EQ(copy.bytes, refresh.bytes);
}

// BUGS P7, P9
TEST(TurnClient, asks_again_when_a_refresh_went_unanswered_by_a_relay_that_lives) {
  Bench bench;
  bench.allocate();
  bench.bind();
  EXPECT_TRUE(bench.send("ping"));
  const Sent ping = bench.take_one();
  bench.run_until(after(40s));
  reply(bench, ping);
  const Sent first = bench.take().front();
  bench.run_until(after(64'500ms));
  EXPECT_TRUE(bench.client.allocation());
  const Sent again = bench.take().back();
  EXPECT_EQ(again.at, after(64'500ms));
  EXPECT_NE(again.view().id(), first.view().id());
  bench.run_until(after(104s));  // nothing more is heard
  EXPECT_EQ(bench.event_log.back(),
            std::pair(after(104s), "removed 192.0.2.1:50000: relay unreachable"s));
}

// BUGS P9
TEST(TurnClient, trusts_a_relay_that_answers_no_refresh_until_the_expiry_at_most) {
  Bench bench;
  bench.allocate(600s);
  bench.bind();
  EXPECT_TRUE(bench.send("ping"));
  const Sent ping = bench.take_one();
  while (bench.client.allocation()) {
    bench.run_for(1s);
    reply(bench, ping);
    for (const Sent& sent : bench.take()) {
      if (sent.is(Method::channel_bind)) bench.accept(sent);
    }
  }
  EXPECT_EQ(bench.event_log.back(), std::pair(after(600s), "removed 192.0.2.1:50000: expired"s));
}

// PROTOCOL F7; BUG C13(c)
TEST(TurnClient, puts_its_keep_alive_off_with_every_word_once_both_sides_spoke) {
  Bench bench;
  bench.allocate();
  bench.bind();
  const auto keep_alive_at = [](Duration d) { return Timeout{after(d), "keep-alive"}; };
  bench.run_until(after(10s));
  EXPECT_TRUE(bench.send("ping"));
  EXPECT_EQ(bench.client.poll_timeout(), keep_alive_at(25s));
  const Sent ping = bench.take_one();
  reply(bench, ping);
  EXPECT_EQ(bench.client.poll_timeout(), keep_alive_at(35s));
  bench.run_until(after(20s));
  reply(bench, ping);
  EXPECT_EQ(bench.client.poll_timeout(), keep_alive_at(35s));
  EXPECT_TRUE(bench.send("ping"));
  EXPECT_EQ(bench.client.poll_timeout(), keep_alive_at(45s));
}

// PROTOCOL F7
TEST(TurnClient, keeps_its_nat_open_while_it_only_receives) {
  Bench bench;
  bench.allocate();
  bench.bind();
  EXPECT_TRUE(bench.send("ping"));
  const Sent ping = bench.take_one();
  bench.obey();
  for (int i = 0; i < 100; ++i) {
    reply(bench, ping);
    bench.run_for(1s);
  }
  EXPECT_THAT(bench.times(Method::refresh),
              ElementsAre(after(25s), after(50s), after(75s), after(100s)));
}

// BUG C15; BUGS G22, P7
TEST(TurnClient, outlives_any_number_of_refused_sends_within_its_lifetime) {
  Bench bench;
  bench.allocate();
  while (bench.now < after(450s)) {  // across ten refreshes
    bench.run_for(250ms);
    for (const Sent& sent : bench.take()) bench.input(SendRefused{sent.local, sent.remote});
  }
  EXPECT_THAT(bench.take_events(), IsEmpty());
  bench.obey();
  bench.run_until(after(1000s));
  EXPECT_THAT(bench.take_events(), IsEmpty());
}

// PROTOCOL T7, AB17
TEST(TurnClient, ends_what_is_outstanding_at_a_hard_icmp_error) {
  Bench bench;
  bench.allocate();
  bench.run_until(after(25s));
  const Sent probe = bench.take_one();
  const Client before = bench.client;
  bench.input(IcmpError{probe.local, probe.remote, 3, 1, 0});          // soft
  bench.input(IcmpError{probe.local, at("192.0.2.9:3478"), 3, 3, 0});  // not our 5-tuple
  EXPECT_EQ(bench.client, before);
  bench.input(IcmpError{probe.local, probe.remote, 3, 3, 0});
  EXPECT_THAT(bench.take_events(), ElementsAre("removed 192.0.2.1:50000: relay unreachable"));
}

// PROTOCOL F2
TEST(TurnClient, gives_its_allocation_back_when_closed) {
  Bench bench;
  bench.allocate();
  bench.client.close(bench.now);
  bench.drain();
  EXPECT_THAT(bench.take_events(), ElementsAre("removed 192.0.2.1:50000: closed"));
  const Sent release = bench.take_one();
  EXPECT_EQ(release.lifetime(), Duration{});
  bench.accept(release);
  EXPECT_THAT(bench.closed_sockets, ElementsAre(CloseSocket{release.local}));
  EXPECT_EQ(bench.client.poll_timeout(), std::nullopt);
  EXPECT_EQ(bench.client.bind_channel(bob, bench.now).error(), turn::CommandError::closed);
}

}  // namespace
}  // namespace tickover::properties
