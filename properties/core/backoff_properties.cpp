#include <gtest/gtest.h>
// gtest comes first.
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "core/backoff.h"

namespace tickover {
namespace {

using namespace std::chrono_literals;

constexpr Duration tick = Duration::nanoseconds(1);

Duration ns(std::int64_t count) {
  return Duration::nanoseconds(count);
}
Instant at(Duration since_origin) {
  return Instant::at(since_origin);
}

/// What the owner does that sleeps exactly until each trigger: the instants of all sends.
std::vector<Instant> sends(Backoff backoff, Instant start, std::size_t most = 100) {
  std::vector<Instant> result;
  if (!backoff.is_expired(start)) result.push_back(start);
  while (result.size() < most) {
    const Instant now = backoff.next_trigger();
    backoff.handle_timeout(now);
    if (backoff.is_expired(now)) break;
    result.push_back(now);
  }
  return result;
}

/// The same, computed by hand from the text of the schedule, without jitter, in 128 bits.
std::vector<Instant> table(const BackoffPolicy& policy, Instant start, std::size_t most = 100) {
  const Int128 origin = start.since_origin().count();
  const Int128 end =
      std::min<Int128>(policy.max_elapsed == Duration::max() ? Int128{Duration::max().count()}
                                                             : origin + policy.max_elapsed.count(),
                       Duration::max().count());
  Int128 point = origin;
  Int128 interval = std::min(policy.first_interval, policy.interval_cap).count();
  std::vector<Instant> result;
  for (std::size_t k = 0; k < most && point < end; ++k) {
    if (policy.send_limit != 0 && k == policy.send_limit) break;
    result.push_back(at(ns(static_cast<std::int64_t>(point))));
    point += interval;
    interval = std::min<Int128>(policy.interval_cap.count(),
                                interval * policy.growth.numerator() / policy.growth.denominator());
  }
  return result;
}

std::int64_t any_count(std::int64_t low, std::int64_t high) {
  return *rc::gen::inRange<std::int64_t>(low, high + 1);
}

/// Of every magnitude from 1 ns to two hours.
Duration any_wait() {
  static const std::vector<std::int64_t> scales = {1, 1'000, 1'000'000, 1'000'000'000};
  return ns(any_count(1, 7'200) * *rc::gen::elementOf(scales));
}

Ratio any_growth() {
  const auto denominator = static_cast<std::uint32_t>(*rc::gen::element(1, 2, 3, 10, 1000));
  const auto excess = static_cast<std::uint32_t>(any_count(0, 2 * denominator));
  return {denominator + excess, denominator};
}

BackoffPolicy any_policy() {
  BackoffPolicy policy{.first_interval = any_wait(), .growth = any_growth()};
  if (*rc::gen::arbitrary<bool>()) policy.interval_cap = any_wait();
  if (*rc::gen::arbitrary<bool>()) policy.send_limit = static_cast<std::uint32_t>(any_count(1, 12));
  if (*rc::gen::arbitrary<bool>()) policy.last_wait = any_wait();
  if (*rc::gen::arbitrary<bool>()) policy.max_elapsed = any_wait() * any_count(0, 10);
  if (*rc::gen::arbitrary<bool>()) policy.jitter = {static_cast<std::uint32_t>(any_count(0, 8)), 8};
  return policy;
}

std::uint64_t any_key() {
  return *rc::gen::arbitrary<std::uint64_t>();
}

/// Origins at which clocks have been seen to wrap or to run out (BUGS A13, G17), and negative ones.
Instant any_start() {
  static const std::vector<Duration> origins = {0s, -3h, 2147483648ms, 4294967295ms, 24h * 3650};
  return at(*rc::gen::elementOf(origins) + ns(any_count(-5'000, 5'000)));
}

/// A time that matters to this backoff: near one of its sends, near its expiry, or anywhere.
Instant any_time(const Backoff& backoff, Instant start) {
  std::vector<Instant> moments = sends(backoff, start, 16);
  moments.push_back(start);
  if (backoff.expiry() != Instant::never()) moments.push_back(backoff.expiry());
  const Instant near = *rc::gen::elementOf(moments);
  return near + (*rc::gen::arbitrary<bool>() ? ns(any_count(-1, 1)) : any_wait());
}

// PROTOCOL T4; BUG A03, A09; BUGS P4
TEST(Backoff, follows_the_schedule_of_rfc_8489) {
  const Backoff backoff(BackoffPolicy::rfc8489(), at(0s));
  const std::vector<Instant> expected = {at(0s),     at(500ms),   at(1500ms), at(3500ms),
                                         at(7500ms), at(15500ms), at(31500ms)};
  EXPECT_EQ(sends(backoff, at(0s)), expected);
  EXPECT_EQ(backoff.expiry(), at(39500ms));
}

// PROTOCOL T4; BUGS P4
TEST(Backoff, scales_the_schedule_of_rfc_8489_with_the_rto) {
  const Backoff backoff(BackoffPolicy::rfc8489(100ms), at(1s));
  EXPECT_EQ(sends(backoff, at(1s)).back(), at(1s + 6300ms));
  EXPECT_EQ(backoff.expiry(), at(1s + 7900ms));
}

// BUG A03; BUGS P4
TEST(Backoff, follows_an_exponential_schedule) {
  const Backoff backoff(BackoffPolicy::exponential(1s, {3, 2}, 8s), at(0s));
  const std::vector<Instant> expected = {at(0s), at(1s), at(2500ms), at(4750ms)};
  EXPECT_EQ(sends(backoff, at(0s)), expected);
  EXPECT_EQ(backoff.expiry(), at(8s));
}

TEST(Backoff, keeps_its_nominal_interval_when_the_last_wait_is_cut_short) {
  Backoff backoff(BackoffPolicy::rfc8489(), at(0s));
  EXPECT_EQ(backoff.interval(), 500ms);
  backoff.handle_timeout(at(31500ms));
  EXPECT_EQ(backoff.interval(), 32s);
  EXPECT_EQ(backoff.next_trigger(), at(39500ms));
  backoff.handle_timeout(at(2h));
  EXPECT_EQ(backoff.interval(), 32s);
}

TEST(Backoff, sends_nothing_at_its_expiry_and_keeps_its_interval) {
  // The third point would fall on the expiry.
  Backoff backoff(BackoffPolicy::exponential(1s, {2, 1}, 3s), at(0s));
  EXPECT_EQ(sends(backoff, at(0s)), (std::vector{at(0s), at(1s)}));
  backoff.handle_timeout(at(3s));
  EXPECT_EQ(backoff.interval(), 2s);
}

TEST(Backoff, sends_nothing_at_a_point_that_is_its_expiry) {
  Backoff backoff(BackoffPolicy::exponential(1s, {2, 1}, 3s), at(0s));
  EXPECT_EQ(sends(backoff, at(0s)), (std::vector<Instant>{at(0s), at(1s)}));
  backoff.handle_timeout(at(3s));
  EXPECT_EQ(backoff.interval(), 2s);
}

TEST(Backoff, rounds_each_interval_down) {
  const Backoff backoff({.first_interval = ns(5), .growth = {3, 2}, .send_limit = 4}, at(0s));
  const std::vector<Instant> expected = {at(ns(0)), at(ns(5)), at(ns(12)), at(ns(22))};
  EXPECT_EQ(sends(backoff, at(0s)), expected);
  EXPECT_EQ(backoff.expiry(), at(ns(37)));
}

// 365 days of silence at one nanosecond, and growth that takes seconds of intervals to show: a
// catch-up that walked each point would not come back.
TEST(Backoff, catches_up_over_astronomically_many_points) {
  for (const Ratio growth : {Ratio{1, 1}, Ratio{1001, 1000}, Ratio{4294967295u, 4294967294u}}) {
    for (const Duration first : {ns(1), ns(999), ns(1'001)}) {
      Backoff backoff({.first_interval = first, .growth = growth, .interval_cap = 1h}, at(0s));
      backoff.handle_timeout(at(24h * 365));
      EXPECT_GT(backoff.next_trigger(), at(24h * 365));
      EXPECT_LE(backoff.next_trigger(), at(24h * 365) + backoff.interval());
    }
  }
}

TEST(Backoff, counts_a_huge_send_limit_without_walking_it) {
  const Backoff backoff(
      {.first_interval = ns(3), .growth = {1, 1}, .send_limit = 4'000'000'000, .last_wait = 1s},
      at(0s));
  EXPECT_EQ(backoff.expiry(), at(ns(3) * 3'999'999'999) + 1s);
}

// An unbounded exponent, or an unchecked sum, shows here.
// BUG A05
TEST(Backoff, survives_silence_until_the_end_of_time) {
  Backoff backoff({.first_interval = 500ms, .growth = {2, 1}}, at(0s));
  Duration interval = backoff.interval();
  for (int k = 0; k < 100 && !backoff.is_expired(backoff.next_trigger()); ++k) {
    const Instant now = backoff.next_trigger();
    backoff.handle_timeout(now);
    EXPECT_GT(backoff.next_trigger(), now);
    EXPECT_GE(backoff.interval(), interval);
    interval = backoff.interval();
  }
  EXPECT_EQ(backoff.next_trigger(), Instant::never());
}

// BUG A05(b)
TEST(Backoff, saturates_a_huge_rto) {
  const Backoff backoff(BackoffPolicy::rfc8489(Duration::max() / 2), at(1h));
  EXPECT_EQ(backoff.expiry(), Instant::never());
  EXPECT_EQ(sends(backoff, at(1h)).size(), 2u);
}

TEST(BackoffDeathTest, refuses_a_policy_that_could_not_make_progress) {
  EXPECT_DEATH(Backoff({.first_interval = 0s}, at(0s)), "first_interval");
  EXPECT_DEATH(Backoff({.growth = {1, 2}}, at(0s)), "growth");
  EXPECT_DEATH(Backoff({.interval_cap = 0s}, at(0s)), "interval_cap");
  EXPECT_DEATH(Backoff({.jitter = {3, 2}}, at(0s)), "jitter");
}

// BUG A03, A09; BUGS P4
RC_GTEST_PROP(Backoff, sends_when_the_written_table_says, ()) {
  BackoffPolicy policy = any_policy();
  policy.jitter = {0, 1};
  const Instant start = any_start();
  const auto expected = table(policy, start);
  RC_ASSERT(sends(Backoff(policy, start), start) == expected);
}

// BUGS P2, P3
RC_GTEST_PROP(Backoff, is_where_it_is_however_often_it_was_asked, ()) {
  const BackoffPolicy policy = any_policy();
  const Instant start = any_start();
  const Backoff fresh(policy, start, any_key());
  std::vector<Instant> times;
  for (std::int64_t n = any_count(1, 12); n > 0; --n) times.push_back(any_time(fresh, start));
  std::ranges::sort(times);

  Backoff often = fresh;
  for (const Instant now : times) often.handle_timeout(now);
  Backoff once = fresh;
  once.handle_timeout(times.back());
  RC_ASSERT(often == once);
}

// BUGS P3
RC_GTEST_PROP(Backoff, ignores_early_and_repeated_calls, ()) {
  const Instant start = any_start();
  Backoff backoff(any_policy(), start, any_key());
  backoff.handle_timeout(any_time(backoff, start));
  const Backoff before = backoff;
  backoff.handle_timeout(backoff.next_trigger() - tick);
  RC_ASSERT(backoff == before);

  const Instant now = backoff.next_trigger() + ns(any_count(0, 5'000));
  backoff.handle_timeout(now);
  const Backoff after = backoff;
  backoff.handle_timeout(now);
  RC_ASSERT(backoff == after);
}

// BUGS P1
RC_GTEST_PROP(Backoff, moves_on_beyond_the_time_it_was_told, ()) {
  const Instant start = any_start();
  Backoff backoff(any_policy(), start, any_key());
  const Instant now = any_time(backoff, start);
  backoff.handle_timeout(now);
  RC_ASSERT(backoff.is_expired(now) || backoff.next_trigger() > now);
  RC_ASSERT(backoff.next_trigger() <= backoff.expiry());
}

// BUGS P4
RC_GTEST_PROP(Backoff, lands_on_the_first_send_after_a_late_wake_up, ()) {
  const Instant start = any_start();
  const Backoff fresh(any_policy(), start, any_key());
  const Instant now = any_time(fresh, start);
  const auto all = sends(fresh, start, 400);
  RC_PRE(!all.empty() && (all.size() < 400 || now < all.back()));
  Backoff late = fresh;
  late.handle_timeout(now);
  const auto next = std::ranges::upper_bound(all, std::max(now, start));
  RC_ASSERT(late.next_trigger() == (next == all.end() ? fresh.expiry() : *next));
}

// BUGS P4, P13
RC_GTEST_PROP(Backoff, expires_at_the_very_nanosecond, ()) {
  const Instant start = any_start();
  Backoff backoff(any_policy(), start, any_key());
  const Instant expiry = backoff.expiry();
  RC_ASSERT(!backoff.is_expired(expiry - tick));
  RC_ASSERT(backoff.is_expired(expiry));
  backoff.handle_timeout(any_time(backoff, start));
  RC_ASSERT(backoff.expiry() == expiry);
  backoff.handle_timeout(expiry);
  RC_ASSERT(backoff.next_trigger() == expiry);
}

// BUGS P4
RC_GTEST_PROP(Backoff, expires_after_the_last_wait_or_the_whole_time, ()) {
  const BackoffPolicy policy = any_policy();
  const Instant start = any_start();
  const Backoff backoff(policy, start, any_key());
  Backoff asked = backoff;
  const auto all = sends(backoff, start, 400);
  for (const Instant now : all) asked.handle_timeout(now);
  const bool used_up = policy.send_limit != 0 && all.size() == policy.send_limit;
  const Instant last =
      used_up ? all.back() + policy.last_wait.value_or(asked.interval()) : Instant::never();
  const Instant whole =
      policy.max_elapsed == Duration::max() ? Instant::never() : start + policy.max_elapsed;
  RC_ASSERT(backoff.expiry() == std::min(last, whole));
}

// BUG A09; BUGS P5
RC_GTEST_PROP(Backoff, sends_as_often_as_permitted, ()) {
  BackoffPolicy policy = any_policy();
  policy.send_limit = static_cast<std::uint32_t>(any_count(1, 12));
  const Instant start = any_start();
  const auto key = any_key();
  RC_ASSERT(sends(Backoff(policy, start, key), start).size() <= policy.send_limit);
  policy.max_elapsed = Duration::max();
  RC_ASSERT(sends(Backoff(policy, start, key), start).size() == policy.send_limit);
}

// BUG A05(a)
RC_GTEST_PROP(Backoff, never_shrinks_its_interval_and_respects_the_cap, ()) {
  const BackoffPolicy policy = any_policy();
  const Instant start = any_start();
  Backoff backoff(policy, start, any_key());
  Duration interval = backoff.interval();
  for (int k = 0; k < 20; ++k) {
    backoff.handle_timeout(backoff.next_trigger() + ns(any_count(0, 50'000'000)));
    RC_ASSERT(backoff.interval() >= interval);
    RC_ASSERT(backoff.interval() <= policy.interval_cap);
    interval = backoff.interval();
  }
}

RC_GTEST_PROP(Backoff, jitters_each_send_within_its_own_interval, ()) {
  BackoffPolicy policy = any_policy();
  policy.max_elapsed = Duration::max();
  // Twenty sends lie well before the end of time, where both schedules are cut.
  policy.interval_cap = std::min<Duration>(policy.interval_cap, 24h);
  const Instant start = any_start();
  policy.jitter = {0, 1};
  Backoff nominal(policy, start);
  const Ratio jitter{static_cast<std::uint32_t>(any_count(0, 8)), 8};
  policy.jitter = jitter;
  const Backoff jittered(policy, start, any_key());
  const auto plain = sends(nominal, start, 20);
  const auto moved = sends(jittered, start, 20);
  RC_ASSERT(plain.size() == moved.size());
  RC_ASSERT(std::ranges::is_sorted(moved));
  RC_ASSERT(std::ranges::adjacent_find(moved) == moved.end());
  for (std::size_t k = 0; k < plain.size(); ++k) {
    nominal.handle_timeout(plain[k]);
    RC_ASSERT(moved[k] >= plain[k]);
    RC_ASSERT(moved[k] - plain[k] <= nominal.interval() * jitter);
    RC_ASSERT(moved[k] - plain[k] < nominal.interval());
  }
}

// What shifts the origin shifts every answer and changes nothing else.
// BUG A13; BUGS G17, P20
RC_GTEST_PROP(Backoff, does_not_care_where_time_begins, ()) {
  BackoffPolicy policy = any_policy();
  policy.interval_cap = std::min<Duration>(policy.interval_cap, 24h);
  const auto key = any_key();
  const Instant here = any_start();
  const Instant there = any_start();
  Backoff a(policy, here, key);
  Backoff b(policy, there, key);
  const bool endless = a.expiry() == Instant::never();
  RC_ASSERT(endless == (b.expiry() == Instant::never()));
  if (!endless) RC_ASSERT(a.expiry() - here == b.expiry() - there);
  for (int k = 0; k < 20 && !a.is_expired(a.next_trigger()); ++k) {
    RC_ASSERT(a.next_trigger() - here == b.next_trigger() - there);
    RC_ASSERT(a.interval() == b.interval());
    const Duration late = ns(any_count(0, 3'000'000'000));
    const Duration since = a.next_trigger() - here + late;
    a.handle_timeout(here + since);
    b.handle_timeout(there + since);
  }
}

// BUG A05(b); BUGS G17
RC_GTEST_PROP(Backoff, stays_sane_at_the_end_of_time, ()) {
  BackoffPolicy policy = any_policy();
  if (*rc::gen::arbitrary<bool>()) policy.first_interval = ns(any_count(1, INT64_MAX - 1));
  if (*rc::gen::arbitrary<bool>()) policy.last_wait = ns(any_count(1, INT64_MAX - 1));
  const Instant start = Instant::never() - any_wait();
  Backoff backoff(policy, start, any_key());
  for (Instant now = start; now < Instant::never(); now = now + any_wait()) {
    backoff.handle_timeout(now);
    RC_ASSERT(backoff.is_expired(now) || backoff.next_trigger() > now);
    RC_ASSERT(backoff.next_trigger() <= backoff.expiry());
    if (backoff.is_expired(now)) break;
  }
  backoff.handle_timeout(Instant::never());
  RC_ASSERT(backoff.is_expired(Instant::never()));
}

}  // namespace
}  // namespace tickover
