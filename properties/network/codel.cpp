// CoDel (RFC 8289): what it takes, when, and what it leaves alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/random.h"
#include "sim/network/link.h"

namespace tickover::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t standing = 100'000;  // bytes ahead

const Codel usual{milliseconds(5), milliseconds(100)};

/// The milliseconds in which a packet is taken; each has one, which waited so long.
std::vector<int> taken(int from, int until, Duration waited, CodelState& state,
                       std::uint64_t bytes_ahead = standing) {
  std::vector<int> result;
  for (int ms = from; ms < until; ++ms) {
    if (state.takes(usual, waited, bytes_ahead, Instant::at(milliseconds(ms)))) {
      result.push_back(ms);
    }
  }
  return result;
}

// 100 ms divided by the roots of 1, 2, 3, ...
// BUGS P22
TEST(Codel, takes_one_packet_after_an_interval_and_then_more_and_more) {
  CodelState state;
  EXPECT_EQ(taken(0, 600, milliseconds(5), state),
            (std::vector<int>{100, 200, 271, 329, 379, 424, 464, 502, 538, 571}));
  EXPECT_EQ(taken(600, 700, milliseconds(4), state), std::vector<int>{});
}

// BUGS P22
TEST(Codel, goes_on_nearly_where_it_was_if_the_wait_is_long_again_soon) {
  for (const bool is_soon : {true, false}) {
    CodelState state;
    EXPECT_EQ(taken(0, 600, milliseconds(9), state).size(), 10u);
    EXPECT_FALSE(state.takes(usual, {}, standing, Instant::at(milliseconds(600))));
    const int again = is_soon ? 1'000 : 5'000;
    const std::vector<int> more = taken(again, again + 300, milliseconds(9), state);
    ASSERT_GE(more.size(), 2u);
    EXPECT_EQ(more[0], again + 100);
    // By the root of nine, or of one.
    EXPECT_EQ(more[1] - more[0], is_soon ? 34 : 100);
  }
}

TEST(Codel, leaves_a_short_wait_and_a_single_packet_alone) {
  CodelState state;
  EXPECT_EQ(taken(0, 5'000, milliseconds(5) - Duration::nanoseconds(1), state).size(), 0u);
  EXPECT_EQ(taken(5'000, 9'000, seconds(1), state, 1'500).size(), 0u);
  EXPECT_EQ(taken(9'000, 9'102, seconds(1), state, 1'501).size(), 1u);
}

/// What becomes of packets of 100 bytes, one each `every`, before a link that takes 10 ms for each.
std::vector<Fate> fates(const Codel& codel, int count, Duration every, bool is_ecn_capable) {
  Conditions c;
  c.bandwidth = 80'000;
  c.queue_packets = 0;
  c.codel = codel;
  std::vector<Fate> result;
  LinkQueue queue;
  for (int i = 0; i < count; ++i) {
    result.push_back(decide_fate(c, {},
                                 {.key = mix(1, static_cast<std::uint64_t>(i)),
                                  .now = Instant::at(every * i),
                                  .size = 72,
                                  .overhead = 28,
                                  .is_ecn_capable = is_ecn_capable,
                                  .queue = &queue}));
  }
  return result;
}

Duration longest_of_last(const std::vector<Fate>& fates, std::ptrdiff_t count) {
  return std::max_element(fates.end() - count, fates.end(),
                          [](const Fate& a, const Fate& b) { return a.delay[0] < b.delay[0]; })
      ->delay[0];
}

// BUGS P22
TEST(Codel, keeps_a_queue_short_that_would_grow_for_ever) {
  // A tenth more than the link carries, for three minutes.
  const Codel slow{milliseconds(50), milliseconds(500)};
  const auto with = fates(slow, 20'000, milliseconds(9), false);
  const auto without = fates({}, 20'000, milliseconds(9), false);
  EXPECT_GT(longest_of_last(without, 1'000), Duration(seconds(15)));
  EXPECT_LT(longest_of_last(with, 1'000), Duration(seconds(1)));
  const auto dropped = std::ranges::count(with, DropReason::codel, &Fate::dropped);
  EXPECT_EQ(std::ranges::count(without, DropReason::none, &Fate::dropped), 20'000);
  EXPECT_NEAR(static_cast<double>(dropped), 2'000, 300);  // no more than needed
}

TEST(Codel, marks_what_is_ecn_capable_instead_of_dropping_it) {
  const auto all = fates(usual, 2'000, milliseconds(9), true);
  EXPECT_EQ(std::ranges::count(all, DropReason::none, &Fate::dropped), 2'000);
  EXPECT_GT(std::ranges::count(all, true, &Fate::congested), 100);
  EXPECT_FALSE(all[100].congested);
}

// A burst that is gone in less than an interval is what a queue is for.
TEST(Codel, lets_a_burst_pass) {
  const auto burst = fates({milliseconds(5), milliseconds(300)}, 30, {}, false);
  EXPECT_EQ(std::ranges::count(burst, DropReason::none, &Fate::dropped), 30);
}

}  // namespace
}  // namespace tickover::sim
