// How much of the pauses between attempts is drawn.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "properties/turn_client/bench.h"

namespace tickover::properties {
namespace {

/// The pauses after the first three attempts of a client whose relay is silent.
std::vector<Duration> pauses_of(Ratio jitter, std::uint64_t key) {
  ClientConfig c = config();
  c.pause_jitter = jitter;
  Bench bench(c, key);
  std::vector<Duration> pauses;
  while (pauses.size() < 3) {
    while (bench.take_events().empty()) bench.run_for(500ms);
    const Instant next = bench.client.poll_timeout()->at;
    pauses.push_back(next - bench.event_log.back().first);
    bench.run_until(next);
  }
  return pauses;
}

// PROTOCOL C10
TEST(TurnClientPauses, are_the_same_for_everybody_without_jitter) {
  for (std::uint64_t key = 1; key <= 5; ++key) {
    EXPECT_EQ(pauses_of(Ratio(0, 1), key), (std::vector<Duration>{1s, 2s, 4s}));
  }
}

// PROTOCOL C10
TEST(TurnClientPauses, have_as_large_a_part_that_is_drawn_as_is_wanted) {
  for (const Ratio jitter : {Ratio(1, 10), Ratio(1, 2), Ratio(1, 1)}) {
    std::set<Duration> seconds;
    for (std::uint64_t key = 1; key <= 40; ++key) {
      const std::vector<Duration> pauses = pauses_of(jitter, key);
      for (std::size_t i = 0; i < pauses.size(); ++i) {
        const Duration whole = Duration(1s) * (1 << i);
        EXPECT_LE(pauses[i], whole);
        EXPECT_GT(pauses[i], whole - whole * jitter);
      }
      seconds.insert(pauses[1]);
    }
    // Drawn over all of that part, and not only over some.
    EXPECT_GT(*seconds.rbegin() - *seconds.begin(), Duration(2s) * jitter / 2);
  }
}

/// The pause of a client whose relay has no room.
Duration pause_without_room(Ratio jitter) {
  ClientConfig c = config();
  c.pause_jitter = jitter;
  Bench bench(c);
  bench.challenge(bench.take_one());
  bench.refuse(bench.take_one(), 486);
  return bench.client.poll_timeout()->at - bench.now;
}

// PROTOCOL C8
TEST(TurnClientPauses, of_fixed_length_get_longer_by_half_of_that_share_at_most) {
  EXPECT_EQ(pause_without_room(Ratio(0, 1)), Duration(60s));
  EXPECT_GT(pause_without_room(Ratio(1, 2)), Duration(60s));
  EXPECT_LE(pause_without_room(Ratio(1, 2)), Duration(75s));
  EXPECT_LE(pause_without_room(Ratio(1, 1)), Duration(90s));
}

}  // namespace
}  // namespace tickover::properties
