#include "sim/oracles/jain_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace tickover::sim {
namespace {

/// Squares of less than this times a Ratio's 32 bits are still no more than 127 bits long.
constexpr Int128 sum_limit = Int128{1} << 47;

Int128 common_divisor(Int128 a, Int128 b) {
  while (b != 0) a = std::exchange(b, a % b);
  return a;
}

}  // namespace

JainIndex::JainIndex(const std::vector<std::int64_t>& values) {
  CHECK(!values.empty() && std::ranges::min(values) >= 0);
  const auto n = static_cast<Int128>(values.size());
  const Int128 largest = std::ranges::max(values);
  int shift = 0;
  while ((largest >> shift) * n >= sum_limit) ++shift;
  Int128 sum = 0;
  Int128 squares = 0;
  for (const std::int64_t value : values) {
    const Int128 x = value >> shift;
    sum += x;
    squares += x * x;
  }
  if (squares == 0) return;
  const Int128 divisor = common_divisor(sum * sum, n * squares);
  numerator_ = sum * sum / divisor;
  denominator_ = n * squares / divisor;
}

JainIndex JainIndex::of(const std::vector<Duration>& times) {
  std::vector<std::int64_t> values;
  for (const Duration time : times) values.push_back(time.count());
  return JainIndex(values);
}

std::strong_ordering operator<=>(const JainIndex& index, const Ratio& bound) {
  return index.numerator_ * bound.denominator() <=> index.denominator_ * bound.numerator();
}

std::string JainIndex::text() const {
  const auto permille = static_cast<std::int64_t>(numerator_ * 1'000 / denominator_);
  return fmt::format("{}.{}%", permille / 10, permille % 10);
}

}  // namespace tickover::sim
