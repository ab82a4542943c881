// The self-tests of links (BUGS P22): what is configured is what happens.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/random.h"
#include "sim/network/link.h"

namespace tickover::sim {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

Instant at(Duration since) {
  return Instant::at(since);
}

/// The fates of `count` packets, one each `every`.
std::vector<Fate> fates(const Conditions& c, int count, Duration every = milliseconds(1),
                        std::uint64_t seed = 1) {
  std::vector<Fate> result;
  LinkQueue queue;
  for (int i = 0; i < count; ++i) {
    result.push_back(decide_fate(c, {},
                                 {.key = mix(seed, static_cast<std::uint64_t>(i)),
                                  .direction_key = mix(seed, 1'000'001),
                                  .link_key = mix(seed, 1'000'002),
                                  .now = at(every * i),
                                  .size = 72,
                                  .overhead = 28,
                                  .is_ecn_capable = true,
                                  .queue = &queue}));
  }
  return result;
}

int count_of(const std::vector<Fate>& fates, DropReason reason) {
  return static_cast<int>(std::ranges::count(fates, reason, &Fate::dropped));
}

// --- latency -----------------------------------------------------------------------------------

// BUG E15(c); BUGS P22
TEST(Percentiles, hold_for_the_share_of_packets_that_they_say) {
  Conditions c;
  c.percentiles = {{50, milliseconds(40)}, {99, milliseconds(200)}, {100, milliseconds(900)}};
  constexpr int count = 100'000;
  const auto all = fates(c, count);
  const auto within = [&](Duration most) {
    return static_cast<int>(
        std::ranges::count_if(all, [&](const Fate& f) { return f.delay[0] <= most; }));
  };
  EXPECT_EQ(within(milliseconds(40) - Duration::nanoseconds(1)), 0);
  EXPECT_NEAR(within(milliseconds(40)), count / 2, 800);
  EXPECT_NEAR(within(milliseconds(120)), count * 3 / 4, 800);  // half of the way to p99 and a bit
  EXPECT_NEAR(within(milliseconds(200)), count * 99 / 100, 160);
  EXPECT_EQ(within(milliseconds(900)), count);
  EXPECT_GT(within(milliseconds(900)), within(milliseconds(800)));
}

TEST(Wander, moves_all_packets_of_an_instant_alike_and_never_jumps) {
  const Wander wander{milliseconds(10), milliseconds(110), seconds(1)};
  Duration before = delay_at(wander, 7, at({}));
  Duration lowest = before;
  Duration highest = before;
  for (int i = 1; i < 100'000; ++i) {
    const Duration now = delay_at(wander, 7, at(milliseconds(i)));
    ASSERT_EQ(now, delay_at(wander, 7, at(milliseconds(i))));
    // At most the whole range within one second, a thousandth of it within one millisecond.
    const Duration step = now > before ? now - before : before - now;
    ASSERT_LE(step, Duration(std::chrono::microseconds(101)));
    before = now;
    lowest = std::min(lowest, now);
    highest = std::max(highest, now);
  }
  EXPECT_GE(lowest, Duration(milliseconds(10)));
  EXPECT_LE(lowest, Duration(milliseconds(15)));
  EXPECT_LE(highest, Duration(milliseconds(110)));
  EXPECT_GE(highest, Duration(milliseconds(105)));
}

// --- loss with a memory ------------------------------------------------------------------------

struct Lengths {
  std::vector<Duration> bad;
  std::vector<Duration> good;
};

Lengths lengths_of(const BurstLoss& channel, std::uint64_t key, Duration run, Duration step) {
  Lengths lengths;
  bool bad = is_bad_at(channel, key, at({}));
  Duration begin;
  for (Duration t; t < run; t += step) {
    if (is_bad_at(channel, key, at(t)) == bad) continue;
    (bad ? lengths.bad : lengths.good).push_back(t - begin);
    begin = t;
    bad = !bad;
  }
  return lengths;
}

Duration mean(const std::vector<Duration>& durations) {
  Duration sum;
  for (const Duration d : durations) sum += d;
  return sum / static_cast<std::int64_t>(durations.size());
}

// BUGS G5, P22
TEST(BurstLoss, is_bad_as_long_and_as_often_as_configured) {
  const BurstLoss channel{seconds(8), milliseconds(800), {}, Ratio(1, 1)};
  const Lengths lengths = lengths_of(channel, 3, hours(10), milliseconds(100));
  ASSERT_GT(lengths.bad.size(), 3'000u);
  EXPECT_NEAR(static_cast<double>(mean(lengths.bad).count()) / 1e9, 0.8, 0.04);
  EXPECT_NEAR(static_cast<double>(mean(lengths.good).count()) / 1e9, 8.0, 0.4);
  // Geometric, not fixed: some are much longer than the mean, and many shorter.
  EXPECT_GT(*std::ranges::max_element(lengths.bad), Duration(seconds(4)));
  EXPECT_GT(std::ranges::count_if(lengths.bad, [](Duration d) { return d < milliseconds(400); }),
            static_cast<std::ptrdiff_t>(lengths.bad.size() / 4));
}

// DESIGN, section 5: a function of the link and the time, never of earlier traffic.
TEST(BurstLoss, is_the_same_in_whatever_order_it_is_asked) {
  const BurstLoss channel{milliseconds(100), milliseconds(100), {}, Ratio(1, 1)};
  std::vector<bool> forward;
  for (int i = 0; i < 2'000; ++i) forward.push_back(is_bad_at(channel, 5, at(milliseconds(i))));
  for (int i = 2'000; i-- > 0;) {
    ASSERT_EQ(is_bad_at(channel, 5, at(milliseconds(i))), forward[static_cast<std::size_t>(i)]);
  }
  EXPECT_TRUE(std::ranges::count(forward, true) > 500);
  EXPECT_TRUE(std::ranges::count(forward, false) > 500);
}

// BUG E15(a); BUGS P22
TEST(BurstLoss, loses_by_the_ratio_of_its_state_also_at_both_ends) {
  Conditions c;
  c.burst_loss = {seconds(1), seconds(1), Ratio(0, 1), Ratio(1, 1)};
  const std::uint64_t seed = 1;
  // At 0 and 1 the losses are the states themselves.
  const auto all = fates(c, 50'000);
  int lost = 0;
  int changes = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool is_lost = all[i].dropped == DropReason::burst;
    lost += is_lost ? 1 : 0;
    changes += i > 0 && is_lost != (all[i - 1].dropped == DropReason::burst) ? 1 : 0;
  }
  EXPECT_NEAR(lost, 25'000, 6'000);
  EXPECT_LT(changes, 100);
  c.burst_loss = {seconds(1), seconds(1), Ratio(1, 4), Ratio(1, 4)};
  EXPECT_NEAR(count_of(fates(c, 40'000, milliseconds(1), seed), DropReason::burst), 10'000, 400);
  c.burst_loss = {seconds(1), seconds(1), {}, {}};
  EXPECT_EQ(count_of(fates(c, 40'000), DropReason::burst), 0);
}

// BUGS G5, P22
TEST(Bursts, come_once_in_each_period_for_as_long_as_they_say) {
  const Bursts bursts{seconds(10), milliseconds(500), milliseconds(2'000)};
  Duration shortest = hours(1);
  Duration longest;
  for (int period = 0; period < 500; ++period) {
    int changes = 0;
    int inside = 0;
    bool before = false;
    for (int i = 0; i <= 1'000; ++i) {
      const Duration into = i == 1'000 ? Duration(seconds(10)) - Duration::nanoseconds(1)
                                       : Duration(milliseconds(10 * i));
      const bool now = is_burst_at(bursts, 9, at(Duration(seconds(10)) * period + into));
      changes += now != before ? 1 : 0;
      inside += now ? 1 : 0;
      before = now;
    }
    ASSERT_LE(changes, 2);
    ASSERT_GE(inside, 49);
    ASSERT_LE(inside, 201);
    shortest = std::min(shortest, Duration(milliseconds(10 * inside)));
    longest = std::max(longest, Duration(milliseconds(10 * inside)));
  }
  EXPECT_LT(shortest, Duration(milliseconds(540)));
  EXPECT_GT(longest, Duration(milliseconds(1'960)));
}

TEST(Flap, is_down_exactly_when_the_cycle_says) {
  const Flap flap{seconds(3), seconds(1), seconds(2)};
  EXPECT_FALSE(is_down_at(flap, at({})));
  EXPECT_FALSE(is_down_at(flap, at(Duration(seconds(1)) - Duration::nanoseconds(1))));
  EXPECT_TRUE(is_down_at(flap, at(seconds(1))));
  EXPECT_TRUE(is_down_at(flap, at(Duration(seconds(2)) - Duration::nanoseconds(1))));
  EXPECT_FALSE(is_down_at(flap, at(seconds(2))));
  EXPECT_TRUE(is_down_at(flap, at(seconds(4'001))));
  EXPECT_FALSE(is_down_at({}, at(seconds(1))));
}

TEST(Trace, replays_its_latencies_and_losses_step_by_step_and_begins_again) {
  Conditions c;
  c.trace = {milliseconds(10), {milliseconds(5), std::nullopt, milliseconds(50)}, milliseconds(10)};
  const auto all = fates(c, 7, milliseconds(10));
  for (const std::size_t lost : {0u, 3u, 6u}) EXPECT_EQ(all[lost].dropped, DropReason::trace);
  for (const std::size_t slow : {1u, 4u}) EXPECT_EQ(all[slow].delay[0], Duration(milliseconds(50)));
  for (const std::size_t fast : {2u, 5u}) EXPECT_EQ(all[fast].delay[0], Duration(milliseconds(5)));
}

// --- what is not loss --------------------------------------------------------------------------

// BUG E15(a); BUGS P22
TEST(Truncation, never_fires_at_zero_and_cuts_to_every_length_at_one) {
  Conditions c;
  for (const Fate& f : fates(c, 4'000)) ASSERT_FALSE(f.truncated);
  c.truncate = Ratio(1, 1);
  std::vector<int> kept(72);
  for (const Fate& f : fates(c, 4'000)) {
    ASSERT_TRUE(f.truncated);
    ++kept.at(f.kept);
  }
  EXPECT_EQ(std::ranges::count(kept, 0), 0);
}

TEST(Duplication, makes_as_many_copies_as_it_is_told_and_spaces_them) {
  Conditions c;
  c.duplicate = Ratio(1, 1);
  c.copies_low = 1;
  c.copies_high = 3;
  c.spacing_low = milliseconds(5);
  c.spacing_high = milliseconds(9);
  std::vector<int> seen(5);
  for (const Fate& f : fates(c, 3'000)) {
    ++seen[f.copies];
    for (std::uint8_t copy = 1; copy < f.copies; ++copy) {
      ASSERT_GE(f.delay[copy] - f.delay[copy - 1], Duration(milliseconds(5)));
      ASSERT_LE(f.delay[copy] - f.delay[copy - 1], Duration(milliseconds(9)));
    }
  }
  EXPECT_EQ(seen[0] + seen[1], 0);
  for (const int copies : {2, 3, 4})
    EXPECT_NEAR(seen[static_cast<std::size_t>(copies)], 1'000, 120);
}

// --- rate and queue ----------------------------------------------------------------------------

// 100 bytes at 80 kbit/s take 10 ms.
Conditions narrow() {
  Conditions c;
  c.latency = milliseconds(3);
  c.bandwidth = 80'000;
  c.queue_packets = 4;
  return c;
}

// BUGS P22
TEST(Queue, sends_one_packet_after_the_other_at_the_rate_of_the_link) {
  const auto all = fates(narrow(), 4, {});
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(all[i].delay[0], Duration(milliseconds(10 * static_cast<std::int64_t>(i + 1) + 3)));
  }
  for (const Fate& f : fates(narrow(), 10, milliseconds(10))) {
    EXPECT_EQ(f.delay[0], Duration(milliseconds(13)));
  }
}

// BUGS P22
TEST(Queue, drops_from_its_tail_when_it_is_full_and_takes_again_what_has_room) {
  const auto burst = fates(narrow(), 9, {});
  for (std::size_t i = 0; i < 9; ++i) {
    EXPECT_EQ(burst[i].dropped, i < 4 ? DropReason::none : DropReason::queue_full);
  }
  // Twice the rate: every other one is lost once it is full.
  const auto all = fates(narrow(), 400, milliseconds(5));
  EXPECT_NEAR(count_of(all, DropReason::queue_full), 200, 5);
  Conditions by_bytes = narrow();
  by_bytes.queue_packets = 0;
  by_bytes.queue_bytes = 299;
  EXPECT_EQ(count_of(fates(by_bytes, 9, {}), DropReason::none), 2);
}

TEST(Queue, marks_what_waits_longer_than_the_threshold) {
  Conditions c = narrow();
  c.ecn_above = milliseconds(15);
  const auto all = fates(c, 4, {});
  EXPECT_EQ(std::ranges::count(all, true, &Fate::congested), 2);
  EXPECT_FALSE(all[1].congested);  // it waits for 10 ms
  EXPECT_TRUE(all[2].congested);
}

TEST(Mtu, drops_only_what_is_larger_and_must_not_be_fragmented) {
  Conditions c;
  c.mtu = 100;
  const auto fate = [&](std::uint32_t size, bool dont_fragment) {
    return decide_fate(c, {},
                       {.key = 1, .size = size, .overhead = 28, .dont_fragment = dont_fragment});
  };
  EXPECT_EQ(fate(72, true).dropped, DropReason::none);
  EXPECT_EQ(fate(73, true).dropped, DropReason::too_big);
  EXPECT_EQ(fate(73, false).dropped, DropReason::none);
}

// What is broken by the weather is whole again when the network is healed; what is narrow stays.
TEST(Fate, is_kind_on_a_healed_link) {
  Conditions c = narrow();
  c.loss = c.duplicate = c.reorder = c.corrupt = c.truncate = Ratio(1, 1);
  c.burst_loss = {seconds(1), seconds(1), Ratio(1, 1), Ratio(1, 1)};
  c.bursts = {seconds(1), seconds(1), seconds(1)};
  c.flap = {seconds(1), seconds(1), seconds(1)};
  LinkQueue queue;
  const Fate fate =
      decide_fate(c, {.healed = true}, {.key = 3, .size = 72, .overhead = 28, .queue = &queue});
  EXPECT_EQ(fate.dropped, DropReason::none);
  EXPECT_EQ(fate.copies, 1);
  EXPECT_FALSE(fate.is_bent());
  EXPECT_EQ(fate.delay[0], Duration(milliseconds(13)));
  EXPECT_EQ(decide_fate(c, {}, {.key = 3}).dropped, DropReason::link_down);
}

}  // namespace
}  // namespace tickover::sim
