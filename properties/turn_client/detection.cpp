// However a relay dies, its client notices within one keep-alive and one give-up.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "properties/turn_client/bench.h"

namespace tickover::properties {
namespace {

using testing::ElementsAre;

/// The peer says something over the channel on which `ping` was sent.
void reply(Bench& bench, const Sent& ping) {
  std::array<std::uint8_t, 64> buffer;
  const auto number = turn::ChannelData::decode(ping.bytes)->number;
  bench.deliver(turn::write_channel_data(buffer, number, as_bytes("pong")), ping);
}

/// An allocated client with a channel to bob, and what it sent over it.
struct Talk {
  explicit Talk(ClientConfig c = config()) : bench(std::move(c)) {
    bench.allocate();
    bench.bind();
    EXPECT_TRUE(bench.send("ping"));
    ping = bench.take_one();
  }
  Bench bench;
  Sent ping;
};

// PROTOCOL C10; BUGS P9
TEST(TurnClientDetection, replaces_a_refresh_that_was_asked_before_the_last_word) {
  Talk talk;
  Bench& bench = talk.bench;
  bench.run_until(after(50s));  // a Refresh is unanswered since 25 s
  reply(bench, talk.ping);      // the last word
  bench.run_until(after(64s));
  const Sent first = bench.take().front();
  bench.run_until(after(64'500ms));  // it is given up, and proves nothing
  const Sent second = bench.take_one();
  EXPECT_NE(second.view().id(), first.view().id());
  bench.run_until(after(70s));
  reply(bench, talk.ping);  // another one
  bench.take();
  bench.run_until(after(95s));
  const Sent third = bench.take().back();
  EXPECT_EQ(third.at, after(95s));
  EXPECT_NE(third.view().id(), second.view().id());
  bench.accept(second);  // too late
  bench.run_until(after(134'500ms));
  EXPECT_EQ(bench.event_log.back(),
            std::pair(after(134'500ms), std::string("removed 192.0.2.1:50000: relay unreachable")));
}

// PROTOCOL T3; BUGS P9
TEST(TurnClientDetection, waits_for_no_queue) {
  Talk talk;
  Bench& bench = talk.bench;
  for (std::uint8_t i = 1; i <= 40; ++i) {
    const PeerAddress peer{{IpAddress::v4({203, 1, 113, i}), 7000}};
    EXPECT_TRUE(bench.client.bind_channel(peer, bench.now));
  }
  bench.drain();
  bench.run_for(1ms);
  reply(bench, talk.ping);  // the last word, after ten binds were sent
  const Instant last_word = bench.now;
  bench.take();
  bench.run_until(last_word + 25s);
  EXPECT_TRUE(bench.take().back().is(Method::refresh));
  bench.run_until(last_word + 25s + 39'500ms);
  EXPECT_FALSE(bench.client.allocation());
}

// PROTOCOL C10; BUGS G6, G7, P9
RC_GTEST_PROP(TurnClientDetection, takes_a_keep_alive_and_a_give_up_at_most, ()) {
  ClientConfig c = config();
  c.measure_round_trip = *rc::gen::element(false, true);
  Talk talk(c);
  Bench& bench = talk.bench;
  Instant last_word = bench.now;
  const auto steps = *rc::gen::inRange(0, 60);
  for (int i = 0; i < steps && bench.client.allocation(); ++i) {
    bench.run_for(Duration(1ms) * *rc::gen::inRange(1, 20'000));
    if (!bench.client.allocation()) break;
    switch (*rc::gen::inRange(0, 6)) {
      case 0:
      case 1:
        reply(bench, talk.ping);
        last_word = bench.now;
        break;
      case 2:
        static_cast<void>(bench.send("more"));
        break;
      case 3: {
        const auto number = *rc::gen::inRange<std::uint8_t>(1, 250);
        const PeerAddress peer{{IpAddress::v4({203, 1, 113, number}), 7000}};
        static_cast<void>(bench.client.bind_channel(peer, bench.now));
        bench.drain();
        break;
      }
      default: {
        const auto sent = bench.take();
        for (const Sent& request : sent) {
          const auto unmatched = bench.client.counters().unmatched;
          if (!request.is_stun() || *rc::gen::element(false, true)) continue;
          bench.accept(request);
          if (bench.client.counters().unmatched == unmatched) last_word = bench.now;
        }
      }
    }
  }
  RC_PRE(bench.client.allocation().has_value());
  // What was measured may lead to an RTO of a second, and a give-up of 79 of them.
  const Duration bound = c.keep_alive + Duration(c.measure_round_trip ? 79s : 39'500ms);
  bench.run_until(std::max(bench.now, last_word + bound));
  RC_ASSERT(!bench.client.allocation());
}

}  // namespace
}  // namespace tickover::properties
