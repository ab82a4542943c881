// How a client learns how far away its relay is, and what it makes of it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/turn_client/bench.h"

namespace tickover::properties {
namespace {

using testing::ElementsAre;

/// A client that got its allocation from a relay at this distance.
Bench allocated_from_afar(Duration round_trip, ClientConfig c = config()) {
  Bench bench(std::move(c));
  const Sent probe = bench.take_one();
  bench.run_for(round_trip);
  bench.challenge(probe);
  const Sent request = bench.take_one();
  bench.run_for(round_trip);
  bench.accept(request);
  bench.take_events();
  return bench;
}

/// How long after its first copy each further one of the keep-alive follows.
std::vector<Duration> keep_alive_copies(Bench& bench) {
  bench.run_until(bench.now + 25s);
  bench.run_for(40s);
  std::vector<Duration> waits;
  const auto times = bench.times(Method::refresh);
  for (std::size_t i = 1; i < times.size(); ++i) waits.push_back(times[i] - times.front());
  return waits;
}

// PROTOCOL T5; BUGS P4
TEST(TurnClientRoundTrips, decide_when_the_next_request_is_repeated) {
  Bench bench = allocated_from_afar(240ms);
  // The mean is 240 ms, and 120 and then 90 ms the deviation.
  EXPECT_EQ(bench.client.round_trip(bench.now), Duration(240ms));
  EXPECT_THAT(keep_alive_copies(bench), ElementsAre(600ms, 1800ms, 4200ms, 9s, 18'600ms, 37'800ms));
}

// PROTOCOL E2
TEST(TurnClientRoundTrips, lead_to_no_rto_below_half_a_second) {
  Bench bench = allocated_from_afar(10ms);
  EXPECT_EQ(keep_alive_copies(bench).front(), Duration(500ms));
}

// PROTOCOL T6; BUG C27(c)
TEST(TurnClientRoundTrips, are_not_taken_from_requests_with_copies) {
  Bench bench;
  bench.run_for(500ms);
  bench.challenge(bench.take().front());
  bench.run_for(700ms);
  bench.accept(bench.take().front());
  EXPECT_FALSE(bench.client.round_trip(bench.now));
  bench.take();
  EXPECT_EQ(keep_alive_copies(bench).front(), Duration(500ms));
}

// PROTOCOL T5, C10
TEST(TurnClientRoundTrips, outlive_the_allocation) {
  Bench bench = allocated_from_afar(240ms);
  bench.input(SocketClosed{at("10.0.0.2:40000")});
  bench.run_for(1s);
  const Sent probe = bench.take_one();
  EXPECT_FALSE(probe.view().has_integrity());
  EXPECT_EQ(bench.client.poll_timeout(), (Timeout{probe.at + 600ms, "retransmit"}));
}

// PROTOCOL T5
TEST(TurnClientRoundTrips, are_forgotten_after_ten_minutes_without_a_request) {
  for (const Duration idle : {Duration(9min), Duration(11min)}) {
    Bench bench = allocated_from_afar(240ms);
    bench.client.close(bench.now);
    bench.drain();
    bench.accept(bench.take_one());
    bench.run_for(idle);
    bench.client.restart(bench.now);
    bench.drain();
    const bool known = idle < 10min;
    EXPECT_EQ(bench.client.round_trip(bench.now).has_value(), known);
    EXPECT_EQ(bench.client.poll_timeout()->at - bench.now > 500ms, known);
  }
}

// PROTOCOL T4
TEST(TurnClientRoundTrips, are_left_out_where_the_policy_is_fixed) {
  ClientConfig c = config();
  c.measure_round_trip = false;
  Bench fixed = allocated_from_afar(240ms, c);
  EXPECT_EQ(keep_alive_copies(fixed).front(), Duration(500ms));
  c = config();
  c.backoff = BackoffPolicy::exponential(1s, Ratio(3, 2), 8s);
  Bench connlib = allocated_from_afar(240ms, c);
  EXPECT_EQ(keep_alive_copies(connlib).front(), Duration(1s));
}

// PROTOCOL T5; BUGS P9
TEST(TurnClientRoundTrips, lengthen_no_give_up_beyond_that_of_the_longest_rto) {
  Bench bench = allocated_from_afar(450ms);
  bench.run_until(bench.now + 25s + 79s - Duration::nanoseconds(1));
  EXPECT_TRUE(bench.client.allocation());
  bench.run_for(Duration::nanoseconds(1));
  EXPECT_FALSE(bench.client.allocation());
}

}  // namespace
}  // namespace tickover::properties
