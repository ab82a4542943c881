// How near runs came to the bounds of a scenario.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "properties/world/small_world.h"
#include "sim/search/sweep.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;

Nearness nearness(std::optional<std::int64_t> least, std::optional<std::int64_t> most,
                  std::vector<std::int64_t> values) {
  return {.part = ExpectPart::count,
          .sentence = {.text = "it happens"},
          .least = least,
          .most = most,
          .values = std::move(values)};
}

Spread spread(std::optional<std::int64_t> least, std::optional<std::int64_t> most,
              std::vector<std::int64_t> values) {
  Spread result;
  result.add(nearness(least, most, std::move(values)), 1);
  result.sort();
  return result;
}

TEST(Spread, is_told_by_half_and_by_all_but_one_in_a_hundred) {
  Spread hundred;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    hundred.add(nearness({}, 1'000, {static_cast<std::int64_t>(201 - seed)}), seed);
  }
  hundred.sort();
  EXPECT_EQ(hundred.percentile(50), 100);
  EXPECT_EQ(hundred.percentile(99), 198);
  EXPECT_EQ(hundred.percentile(100), 200);
  EXPECT_EQ(hundred.percentile(1), 2);
  EXPECT_EQ(hundred.percentile(0), 1);
  EXPECT_EQ(hundred.lowest(), (Spread::Seen{1, 200}));
  EXPECT_EQ(hundred.highest(), (Spread::Seen{200, 1}));
  EXPECT_EQ(spread({}, 9, {7}).percentile(50), 7);
}

TEST(Spread, names_the_lowest_seed_of_the_farthest_value) {
  Spread equal;
  for (const std::uint64_t seed : {9u, 3u, 5u}) equal.add(nearness(1, 9, {4, 8}), seed);
  equal.sort();
  EXPECT_EQ(equal.highest(), (Spread::Seen{8, 3}));
  EXPECT_EQ(equal.lowest(), (Spread::Seen{4, 3}));
}

TEST(Spread, is_nearer_the_more_of_a_bound_is_used_up) {
  EXPECT_TRUE(spread({}, 10, {9}).is_nearer_than(spread({}, 1'000, {899})));
  EXPECT_FALSE(spread({}, 1'000, {899}).is_nearer_than(spread({}, 10, {9})));
  // Of two bounds the nearer one counts: 100 of at least 90, 100 of at most 1,000.
  EXPECT_TRUE(spread(90, 1'000, {100, 100}).is_near_least());
  EXPECT_FALSE(spread(10, 101, {100, 100}).is_near_least());
  EXPECT_TRUE(spread(90, 1'000, {100}).is_nearer_than(spread({}, 100, {89})));
  EXPECT_FALSE(spread(90, {}, {100}).is_nearer_than(spread({}, 100, {91})));
  // Nothing is nearer than itself, not even the bound itself.
  EXPECT_FALSE(spread({}, 10, {10}).is_nearer_than(spread({}, 10, {10})));
}

RC_GTEST_PROP(Spread, does_not_depend_on_who_saw_what_first,
              (const std::vector<std::pair<std::int8_t, std::uint8_t>>& seen,
               const std::vector<std::uint8_t>& workers)) {
  RC_PRE(!seen.empty());
  Spread alone;
  std::vector<Spread> each(4);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const Nearness one = nearness({}, 100, {seen[i].first});
    alone.add(one, seen[i].second);
    each[workers.empty() ? 0 : workers[i % workers.size()] % each.size()].add(one, seen[i].second);
  }
  Spread together;
  for (auto it = each.rbegin(); it != each.rend(); ++it) together.add(*it);
  alone.sort();
  together.sort();
  RC_ASSERT(alone.seen == together.seen);
  RC_ASSERT(alone.bound.most == together.bound.most);
}

/// How often alice has to ask depends on the seed.
Scenario bounded_talk() {
  Scenario scenario = small_talk({.loss = Range<Ratio>(Ratio(1, 3))});
  scenario.expect.count = {{{"alice sends datagrams"}, {1, 1'000}}};
  scenario.expect.budget = {{.of = {"alice sends datagrams"}, .most = 900}};
  return scenario;
}

TEST(Spread, of_a_sweep_holds_one_value_of_each_seed_whoever_ran_it) {
  std::vector<SweepRow> rows;
  for (const unsigned jobs : {1u, 3u}) {
    rows.push_back(
        sweep({{"x.toml", bounded_talk()}}, small_roles(), {.seeds = 30, .jobs = jobs}, {})
            .front());
  }
  for (const SweepRow& row : rows) {
    ASSERT_EQ(row.failed, 0u);
    ASSERT_EQ(row.spreads.size(), 2u);
    ASSERT_EQ(row.spreads[0].seen.size(), 30u);
    // Both counted the same.
    EXPECT_EQ(row.spreads[0].seen, row.spreads[1].seen);
    EXPECT_LT(row.spreads[0].lowest().value, row.spreads[0].highest().value);
    EXPECT_EQ(row.spreads[0].seen, rows[0].spreads[0].seen);
  }
  EXPECT_EQ(rows[0].spreads[0].bound.part, ExpectPart::budget);
  EXPECT_EQ(rows[0].spreads[1].bound.least, 1);
}

TEST(Spread, leaves_out_what_runs_that_failed_have_seen) {
  Scenario scenario = bounded_talk();
  scenario.expect.never = {{"alice sends datagrams"}};
  const SweepRow row = sweep({{"x.toml", scenario}}, small_roles(), {.seeds = 3}, {}).front();
  EXPECT_EQ(row.failed, 3u);
  for (const Spread& each : row.spreads) EXPECT_TRUE(each.seen.empty());
}

}  // namespace
}  // namespace tickover::sim
