#pragma once

#include <cstdint>

#include "core/ratio.h"

namespace tickover::sim {

/// The exact fraction of two 64-bit numbers, where a Ratio is too narrow.
struct Fraction {
  std::uint64_t numerator = 0;
  std::uint64_t denominator = 1;
};

/// The logarithm to the base 2 of a number above 0, in units of 2^-44, rounded down. Integers only.
std::int64_t log2_fixed(std::uint64_t number);

/// Wald's sequential test of one probability p by independent trials: is it at most `low`, or at
/// least `high`? (A. Wald, Sequential Tests of Statistical Hypotheses, 1945.)
///
/// After each trial the likelihood of `high` over that of `low` is weighed; the test ends when it
/// is 1 / error or error / 1, so that whichever of the two is true, it is missed with a probability
/// of at most `error` (Ville's inequality, without Wald's approximation). Between the two either
/// verdict may come. Decisions are sums of integers: the same trials in the same order always give
/// the same verdict.
class SequentialTest {
 public:
  enum class Verdict : std::uint8_t { undecided, low, high };

  /// 0 < low < high < 1, 0 < error < 1.
  SequentialTest(Fraction low, Fraction high, Ratio error);

  Verdict verdict() const { return verdict_; }
  std::uint64_t trials() const { return trials_; }
  std::uint64_t successes() const { return successes_; }
  /// How many trials are needed at least from here on, if all succeed or if all fail.
  std::uint64_t least_left() const;

  /// One trial; nothing changes once there is a verdict.
  void take(bool success);

 private:
  std::int64_t of_success_;  // weights, in units of 2^-44 bits
  std::int64_t of_failure_;  // below 0
  std::int64_t bound_;
  std::int64_t sum_ = 0;
  std::uint64_t trials_ = 0;
  std::uint64_t successes_ = 0;
  Verdict verdict_ = Verdict::undecided;
};

}  // namespace tickover::sim
