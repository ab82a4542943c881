#include "sim/scenario/value.h"

#include <algorithm>
#include <limits>

namespace tickover::sim {
namespace {

std::int64_t draw_between(std::int64_t low, std::int64_t high, std::uint64_t word) {
  CHECK(low <= high);
  const std::uint64_t span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  const bool whole = span == std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t offset = whole ? word : scale_below(word, span + 1);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + offset);
}

}  // namespace

Duration draw(const Range<Duration>& range, std::uint64_t word) {
  return Duration::nanoseconds(draw_between(range.low.count(), range.high.count(), word));
}

std::int64_t draw(const Range<std::int64_t>& range, std::uint64_t word) {
  return draw_between(range.low, range.high, word);
}

Ratio draw(const Range<Ratio>& range, std::uint64_t word) {
  if (range.is_fixed()) return range.low;
  CHECK(range.low < range.high);
  // Above some thousand a millionth no longer fits a Ratio: the grid is coarser there.
  const std::uint64_t whole = std::uint64_t{range.high.numerator()} / range.high.denominator() + 1;
  const std::uint64_t grid = std::max<std::uint64_t>(
      std::min<std::uint64_t>(1'000'000, std::numeric_limits<std::uint32_t>::max() / whole), 1);
  // The candidates: low, the grid points strictly between the ends, high.
  const std::uint64_t first = range.low.numerator() * grid / range.low.denominator() + 1;
  const std::uint64_t end =
      (range.high.numerator() * grid + range.high.denominator() - 1) / range.high.denominator();
  const std::uint64_t between = end > first ? end - first : 0;
  const std::uint64_t index = scale_below(word, between + 2);
  if (index == 0) return range.low;
  if (index == between + 1) return range.high;
  return Ratio(static_cast<std::uint32_t>(first + index - 1), static_cast<std::uint32_t>(grid));
}

const Setting* Settings::find(std::string_view key) const {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [key](const Setting& setting) { return setting.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

}  // namespace tickover::sim
