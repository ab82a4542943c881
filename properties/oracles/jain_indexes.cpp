// How evenly something is spread, in exact fractions.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "sim/oracles/jain_index.h"

namespace tickover::sim {
namespace {

using Values = std::vector<std::int64_t>;

TEST(JainIndex, is_whole_where_all_have_as_much) {
  EXPECT_EQ(JainIndex(Values{7}), JainIndex(Values{1}));
  EXPECT_EQ((JainIndex(Values{3, 3, 3}) <=> Ratio(1, 1)), std::strong_ordering::equal);
  EXPECT_EQ((JainIndex(Values{0, 0}) <=> Ratio(1, 1)), std::strong_ordering::equal);
  EXPECT_EQ(JainIndex(Values{3, 3, 3}).text(), "100.0%");
}

TEST(JainIndex, is_the_share_of_those_who_have_all_of_it) {
  EXPECT_EQ((JainIndex(Values{0, 0, 0, 5}) <=> Ratio(1, 4)), std::strong_ordering::equal);
  EXPECT_EQ((JainIndex(Values{5, 0, 5, 0, 0}) <=> Ratio(2, 5)), std::strong_ordering::equal);
  EXPECT_EQ(JainIndex(Values{0, 0, 5}).text(), "33.3%");
}

TEST(JainIndex, is_a_fraction_that_no_rounding_touches) {
  // 10² / (3 · 50)
  EXPECT_EQ((JainIndex(Values{0, 5, 5}) <=> Ratio(2, 3)), std::strong_ordering::equal);
  // (1 + 2 + 3 + 4)² / (4 · 30)
  const JainIndex index(Values{1, 2, 3, 4});
  EXPECT_EQ((index <=> Ratio(5, 6)), std::strong_ordering::equal);
  EXPECT_TRUE(index < Ratio(833'334, 1'000'000));
  EXPECT_TRUE(index > Ratio(833'333, 1'000'000));
  EXPECT_EQ(index.text(), "83.3%");
}

TEST(JainIndex, of_the_longest_times_overflows_nowhere) {
  const Duration longest = Duration::max();
  EXPECT_EQ(JainIndex::of({longest, longest}).text(), "100.0%");
  EXPECT_EQ(JainIndex::of({longest, Duration{}, Duration{}, Duration{}}).text(), "25.0%");
  EXPECT_EQ(JainIndex::of(std::vector<Duration>(100'000, longest)).text(), "100.0%");
}

RC_GTEST_PROP(JainIndex, is_bounded_and_knows_neither_units_nor_order,
              (const std::vector<std::uint16_t>& drawn)) {
  RC_PRE(!drawn.empty());
  Values values(drawn.begin(), drawn.end());
  const JainIndex index(values);
  RC_ASSERT(index <= Ratio(1, 1));
  RC_ASSERT(index >= Ratio(1, static_cast<std::uint32_t>(values.size())));
  const std::string text = index.text();
  std::ranges::reverse(values);
  RC_ASSERT(JainIndex(values) == index);
  for (std::int64_t& value : values) value *= 1'000;
  RC_ASSERT(JainIndex(values).text() == text);
}

RC_GTEST_PROP(JainIndex, falls_when_one_gives_to_another_who_has_more, ()) {
  const auto some = rc::gen::inRange<std::int64_t>(0, 1'000'000'000);
  Values values = *rc::gen::container<Values>(some);
  const auto less = *some;
  const auto more = less + *some;
  const auto given = *rc::gen::inRange<std::int64_t>(0, less + 1);
  values.insert(values.end(), {less, more});
  const JainIndex before(values);
  values[values.size() - 2] -= given;
  values.back() += given;
  // The sum is the same and the squares are not fewer: whatever was below stays below.
  const auto parts = *rc::gen::inRange<std::uint32_t>(1, 1'000);
  const Ratio bound(parts, 1'000);
  if (before < bound) RC_ASSERT(JainIndex(values) < bound);
  if (given == 0) RC_ASSERT(JainIndex(values) == before);
}

}  // namespace
}  // namespace tickover::sim
