#include <gtest/gtest.h>
// RapidCheck's bridge needs gtest first.
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "core/random.h"
#include "sim/network/link.h"

namespace tickover::sim {
namespace {

using std::chrono::milliseconds;

constexpr int draws = 4'000;

Ratio any_chance() {
  return Ratio(*rc::gen::inRange<std::uint32_t>(0, 101), 100);
}

Conditions any_conditions() {
  Conditions c;
  c.latency = milliseconds(*rc::gen::inRange(0, 100));
  c.jitter_low = milliseconds(*rc::gen::inRange(0, 20));
  c.jitter_high = c.jitter_low + milliseconds(*rc::gen::inRange(0, 20));
  c.loss = any_chance();
  c.duplicate = any_chance();
  c.reorder = any_chance();
  c.reorder_low = milliseconds(*rc::gen::inRange(1, 20));
  c.reorder_high = c.reorder_low + milliseconds(*rc::gen::inRange(0, 20));
  c.corrupt = any_chance();
  return c;
}

std::uint64_t any_key() {
  return *rc::gen::arbitrary<std::uint64_t>();
}

template <class Predicate>
int share(const Conditions& conditions, Predicate predicate, const Orders& orders = {}) {
  int count = 0;
  for (int i = 0; i < draws; ++i) {
    const auto key = mix(1, static_cast<std::uint64_t>(i));
    count += predicate(decide_fate(conditions, orders, key)) ? 1 : 0;
  }
  return count;
}

bool is_lost(const Fate& f) {
  return f.dropped == DropReason::loss;
}
bool is_doubled(const Fate& f) {
  return f.copies == 2;
}
bool is_corrupted(const Fate& f) {
  return f.corrupted;
}
bool is_reordered(const Fate& f) {
  return f.reordered;
}

// BUG E15(a); BUGS P22
TEST(Fate, has_no_mishap_on_a_clean_link) {
  const Fate fate = decide_fate({}, {}, 42);
  EXPECT_EQ(fate.dropped, DropReason::none);
  EXPECT_EQ(fate.copies, 1);
  EXPECT_EQ(fate.delay[0], Duration(milliseconds(10)));
  EXPECT_FALSE(fate.corrupted);
  EXPECT_FALSE(fate.reordered);
}

// An injector set to 0 must never fire, and one set to 1 always.
// BUG E15(a), E15(b); BUGS P22
TEST(Fate, follows_its_probabilities_also_at_both_ends) {
  const std::pair<Ratio Conditions::*, bool (*)(const Fate&)> stages[] = {
      {&Conditions::loss, is_lost},
      {&Conditions::duplicate, is_doubled},
      {&Conditions::corrupt, is_corrupted},
      {&Conditions::reorder, is_reordered}};
  for (const auto& [probability, has_happened] : stages) {
    Conditions c;
    EXPECT_EQ(share(c, has_happened), 0);
    c.*probability = Ratio(1, 1);
    EXPECT_EQ(share(c, has_happened), draws);
    c.*probability = Ratio(1, 10'000'000);
    EXPECT_EQ(share(c, has_happened), 0);
    c.*probability = Ratio(1, 4);
    EXPECT_NEAR(share(c, has_happened), draws / 4, 150);
    c.*probability = Ratio(1, 100);
    EXPECT_NEAR(share(c, has_happened), draws / 100, 30);
  }
}

RC_GTEST_PROP(Fate, is_a_function_of_conditions_orders_and_key, ()) {
  const Conditions c = any_conditions();
  const std::uint64_t key = any_key();
  RC_ASSERT(decide_fate(c, {}, key) == decide_fate(c, {}, key));
}

// BUG E15(c); BUGS P22
RC_GTEST_PROP(Fate, delays_within_what_the_link_says, ()) {
  Conditions c = any_conditions();
  c.loss = {};
  const Fate fate = decide_fate(c, {}, any_key());
  for (int copy = 0; copy < fate.copies; ++copy) {
    RC_ASSERT(fate.delay[copy] >= c.latency + c.jitter_low);
    const Duration hold = fate.reordered ? c.reorder_high : Duration{};
    RC_ASSERT(fate.delay[copy] <= c.latency + c.jitter_high + hold);
  }
  if (fate.reordered && fate.copies == 1) {
    RC_ASSERT(fate.delay[0] >= c.latency + c.jitter_low + c.reorder_low);
  }
}

// BUG E15(c); BUGS P22
TEST(Fate, spreads_jitter_over_its_whole_range_both_ends_included) {
  Conditions c;
  c.latency = milliseconds(5);
  c.jitter_low = Duration::nanoseconds(3);
  c.jitter_high = Duration::nanoseconds(10);
  std::set<std::int64_t> seen;
  for (std::uint64_t key = 0; key < 500; ++key) {
    seen.insert((decide_fate(c, {}, key).delay[0] - c.latency).count());
  }
  EXPECT_EQ(seen, (std::set<std::int64_t>{3, 4, 5, 6, 7, 8, 9, 10}));
}

// The keyed draws of DESIGN section 5: what one stage does never moves what another draws.
// BUGS P24
RC_GTEST_PROP(Fate, keeps_the_draws_of_every_other_purpose, ()) {
  const Conditions c = any_conditions();
  const std::uint64_t key = any_key();
  const Fate before = decide_fate(c, {}, key);

  Conditions other = c;
  other.corrupt = any_chance();
  Fate after = decide_fate(other, {}, key);
  RC_ASSERT(after.dropped == before.dropped);
  RC_ASSERT(after.copies == before.copies);
  RC_ASSERT(after.delay[0] == before.delay[0]);
  RC_ASSERT(after.delay[1] == before.delay[1]);

  other = c;
  other.duplicate = any_chance();
  after = decide_fate(other, {}, key);
  RC_ASSERT(after.dropped == before.dropped);
  RC_ASSERT(after.corrupted == before.corrupted);
  RC_ASSERT(after.corrupt_word == before.corrupt_word);
  RC_ASSERT(after.delay[0] == before.delay[0]);

  other = c;
  other.loss = any_chance();
  after = decide_fate(other, {}, key);
  if (before.copies > 0 && after.copies > 0) RC_ASSERT(after == before);

  other = c;
  other.reorder = Ratio{};
  after = decide_fate(other, {}, key);
  RC_ASSERT(after.dropped == before.dropped);
  RC_ASSERT(after.copies == before.copies);
  RC_ASSERT(after.delay[0] <= before.delay[0]);
  if (before.copies == 1 && !before.reordered) RC_ASSERT(after.delay[0] == before.delay[0]);
}

// A packet that is lost at one rate is lost at every higher one: shrinking a rate is monotone.
RC_GTEST_PROP(Fate, loses_more_when_the_loss_is_higher, ()) {
  Conditions low = any_conditions();
  Conditions high = low;
  low.loss = any_chance();
  high.loss = any_chance();
  RC_PRE(low.loss < high.loss);
  const std::uint64_t key = any_key();
  if (is_lost(decide_fate(low, {}, key))) RC_ASSERT(is_lost(decide_fate(high, {}, key)));
}

// BUGS P22
RC_GTEST_PROP(Fate, obeys_a_partition_before_a_drop_and_a_drop_before_the_dice, ()) {
  const Conditions c = any_conditions();
  const std::uint64_t key = any_key();
  Orders orders{.drop = true, .corrupt = true, .duplicates = 1};
  RC_ASSERT(decide_fate(c, orders, key).dropped == DropReason::fault);
  orders.partition = true;
  const Fate fate = decide_fate(c, orders, key);
  RC_ASSERT(fate.dropped == DropReason::partition);
  RC_ASSERT(fate.copies == 0);
}

// BUGS P22
RC_GTEST_PROP(Fate, obeys_orders_and_leaves_the_rest_alone, ()) {
  Conditions c = any_conditions();
  c.loss = {};
  const std::uint64_t key = any_key();
  const Fate plain = decide_fate(c, {}, key);
  const Duration late = milliseconds(*rc::gen::inRange(0, 500));

  const Fate delayed = decide_fate(c, {.delay = late}, key);
  RC_ASSERT(delayed.copies == plain.copies);
  for (int i = 0; i < plain.copies; ++i) RC_ASSERT(delayed.delay[i] == plain.delay[i] + late);

  const Fate corrupted = decide_fate(c, {.corrupt = true}, key);
  RC_ASSERT(corrupted.corrupted);
  RC_ASSERT(corrupted.delay[0] == plain.delay[0]);

  const Fate doubled = decide_fate(c, {.duplicates = 1, .duplicate_after = {late}}, key);
  RC_ASSERT(doubled.copies == 2);
  RC_ASSERT(doubled.delay[0] == plain.delay[0]);
  RC_ASSERT(doubled.delay[1] >= c.latency + c.jitter_low + late);
}

// BUGS P22
TEST(Fate, draws_a_delay_of_its_own_for_the_copy) {
  Conditions c;
  c.jitter_high = milliseconds(50);
  c.duplicate = Ratio(1, 1);
  EXPECT_GT(share(c, [](const Fate& f) { return f.delay[0] < f.delay[1]; }), draws / 3);
  EXPECT_GT(share(c, [](const Fate& f) { return f.delay[1] < f.delay[0]; }), draws / 3);
}

TEST(Fate, names_every_reason_differently) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(last_drop_reason); ++i) {
    names.insert(name_of(static_cast<DropReason>(i)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(last_drop_reason) + 1);
  EXPECT_FALSE(names.contains("?"));
}

}  // namespace
}  // namespace tickover::sim
