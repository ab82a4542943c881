#include "sim/search/sequential_test.h"

#include <algorithm>
#include <bit>

#include "core/check.h"
#include "core/random.h"

namespace tickover::sim {
namespace {

constexpr int fraction_bits = 44;

/// log2(a / b).
std::int64_t log2_of(const Fraction& a, const Fraction& b) {
  return log2_fixed(a.numerator) - log2_fixed(a.denominator) - log2_fixed(b.numerator) +
         log2_fixed(b.denominator);
}

Fraction rest_of(const Fraction& p) {
  return {p.denominator - p.numerator, p.denominator};
}

std::uint64_t steps_to(std::int64_t distance, std::int64_t step) {
  return static_cast<std::uint64_t>((distance + step - 1) / step);
}

}  // namespace

std::int64_t log2_fixed(std::uint64_t number) {
  CHECK(number > 0);
  const int whole = 63 - std::countl_zero(number);
  std::uint64_t mantissa = number << (63 - whole);  // in [1, 2), in units of 2^-63
  std::int64_t result = whole;
  // Squaring doubles the logarithm: what passes 2 is the next bit.
  for (int bit = 0; bit < fraction_bits; ++bit) {
    const Uint128 square = static_cast<Uint128>(mantissa) * mantissa;  // in units of 2^-126
    const bool carries = (square >> 127) != 0;
    mantissa = static_cast<std::uint64_t>(square >> (carries ? 64 : 63));
    result = result * 2 + (carries ? 1 : 0);
  }
  return result;
}

SequentialTest::SequentialTest(Fraction low, Fraction high, Ratio error)
    : of_success_(log2_of(high, low)),
      of_failure_(log2_of(rest_of(high), rest_of(low))),
      bound_(log2_fixed(error.denominator()) - log2_fixed(error.numerator())) {
  // What is rounded to nothing would take for ever to add up.
  of_success_ = std::max<std::int64_t>(of_success_, 1);
  of_failure_ = std::min<std::int64_t>(of_failure_, -1);
  CHECK(bound_ > 0);
}

std::uint64_t SequentialTest::least_left() const {
  if (verdict_ != Verdict::undecided) return 0;
  return std::min(steps_to(bound_ - sum_, of_success_), steps_to(bound_ + sum_, -of_failure_));
}

void SequentialTest::take(bool success) {
  if (verdict_ != Verdict::undecided) return;
  ++trials_;
  successes_ += success ? 1 : 0;
  sum_ += success ? of_success_ : of_failure_;
  if (sum_ >= bound_) verdict_ = Verdict::high;
  if (sum_ <= -bound_) verdict_ = Verdict::low;
}

}  // namespace tickover::sim
