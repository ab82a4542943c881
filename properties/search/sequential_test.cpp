// The sequential test decides right, at the rates it states, on trials whose probability is known.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "core/random.h"
#include "sim/search/sequential_test.h"

namespace tickover::sim {
namespace {

using Verdict = SequentialTest::Verdict;

constexpr Fraction tenths(std::uint64_t n) {
  return {n, 10};
}

struct Tally {
  int low = 0;
  int high = 0;
  std::uint64_t trials = 0;
};

/// Many tests, each on a stream of its own.
Tally decide(Fraction low, Fraction high, Ratio error, Ratio truth, int tests) {
  Tally tally;
  for (int i = 0; i < tests; ++i) {
    Random random(static_cast<std::uint64_t>(i) + 1);
    SequentialTest test(low, high, error);
    while (test.verdict() == Verdict::undecided) test.take(random.chance(truth));
    ++(test.verdict() == Verdict::low ? tally.low : tally.high);
    tally.trials += test.trials();
  }
  return tally;
}

TEST(SequentialTest, misses_what_is_true_no_more_often_than_stated) {
  for (const Ratio error : {Ratio(1, 20), Ratio(1, 100)}) {
    const int tests = 4'000;
    const int allowed =
        tests * static_cast<int>(error.numerator()) / static_cast<int>(error.denominator());
    EXPECT_LE(decide(tenths(6), tenths(8), error, Ratio(8, 10), tests).low, allowed);
    EXPECT_LE(decide(tenths(6), tenths(8), error, Ratio(6, 10), tests).high, allowed);
    // Further out it is missed less often still.
    EXPECT_LE(decide(tenths(6), tenths(8), error, Ratio(9, 10), tests).low, allowed / 10);
    EXPECT_LE(decide(tenths(6), tenths(8), error, Ratio(1, 2), tests).high, allowed / 10);
  }
}

TEST(SequentialTest, says_either_between_the_two) {
  const Tally tally = decide(tenths(6), tenths(8), Ratio(1, 20), Ratio(7, 10), 1'000);
  EXPECT_GT(tally.low, 200);
  EXPECT_GT(tally.high, 200);
}

TEST(SequentialTest, decides_rare_failures_at_the_stated_rates) {
  const Fraction low{9'985, 10'000};
  const Fraction high{9'995, 10'000};
  EXPECT_LE(decide(low, high, Ratio(1, 100), Ratio(9'995, 10'000), 300).low, 6);
  EXPECT_LE(decide(low, high, Ratio(1, 100), Ratio(9'985, 10'000), 300).high, 6);
}

TEST(SequentialTest, is_soon_sure_of_what_always_or_never_succeeds) {
  SequentialTest test(tenths(6), tenths(8), Ratio(1, 100));
  const std::uint64_t least = test.least_left();
  EXPECT_EQ(least, 7u);  // ln(100) / ln(0.4 / 0.2) = 6.6 failures
  for (std::uint64_t i = 0; i < least; ++i) {
    EXPECT_EQ(test.verdict(), Verdict::undecided);
    test.take(false);
  }
  EXPECT_EQ(test.verdict(), Verdict::low);
  EXPECT_EQ(test.least_left(), 0u);
  SequentialTest good(tenths(6), tenths(8), Ratio(1, 100));
  while (good.verdict() == Verdict::undecided) good.take(true);
  EXPECT_EQ(good.trials(), 17u);  // ln(100) / ln(0.8 / 0.6) = 16.008
  EXPECT_EQ(good.verdict(), Verdict::high);
}

TEST(SequentialTest, keeps_its_verdict) {
  SequentialTest test(tenths(1), tenths(9), Ratio(1, 10));
  test.take(true);
  test.take(true);
  ASSERT_EQ(test.verdict(), Verdict::high);
  for (int i = 0; i < 100; ++i) test.take(false);
  EXPECT_EQ(test.verdict(), Verdict::high);
  EXPECT_EQ(test.trials(), 2u);
}

RC_GTEST_PROP(SequentialTest, mirrors_a_test_of_the_opposite, (std::uint64_t key)) {
  Random random(key);
  SequentialTest one(tenths(6), tenths(8), Ratio(1, 50));
  SequentialTest other(tenths(2), tenths(4), Ratio(1, 50));
  for (int i = 0; i < 500; ++i) {
    const bool success = random.chance(Ratio(7, 10));
    one.take(success);
    other.take(!success);
  }
  RC_ASSERT((one.verdict() == Verdict::high) == (other.verdict() == Verdict::low));
  RC_ASSERT((one.verdict() == Verdict::low) == (other.verdict() == Verdict::high));
}

RC_GTEST_PROP(FixedLogarithm, is_as_near_as_a_double, (std::uint64_t number)) {
  RC_PRE(number > 0u);
  const long double exact = std::log2(static_cast<long double>(number));
  const long double found = static_cast<long double>(log2_fixed(number)) / (1ll << 44);
  RC_ASSERT(std::abs(exact - found) < 1e-12L);
}

TEST(FixedLogarithm, is_exact_for_powers_of_two) {
  for (int bit = 0; bit < 64; ++bit) {
    EXPECT_EQ(log2_fixed(std::uint64_t{1} << bit), std::int64_t{bit} << 44);
  }
}

}  // namespace
}  // namespace tickover::sim
