#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "core/ratio.h"
#include "core/time.h"
#include "sim/scenario/value.h"

namespace tickover::sim {

/// The words that values are written in. Everything is exact: what cannot be kept exactly is an
/// error, never rounded. Each `…_text` gives the canonical form, which its parser reads back.

/// What was expected and why this is not it, and the text that was perhaps meant.
struct TextError {
  std::string what;
  std::string meant = {};
};

template <class T>
using Parsed = std::expected<T, TextError>;

/// "500ms", "1h30min", "1.5s", "-2h": units ns us ms s min h d, each once, the largest first, a
/// fraction only in the last number.
Parsed<Duration> parse_duration(std::string_view text);
std::string duration_text(Duration duration);

/// "1%", "0.05%", "1/3", "0.5": from 0 to 1.
Parsed<Ratio> parse_probability(std::string_view text);
std::string probability_text(Ratio probability);

/// "3/2", "1.5", "2": at least 1.
Parsed<Ratio> parse_factor(std::string_view text);
std::string factor_text(Ratio factor);

Parsed<std::int64_t> parse_integer(std::string_view text);

/// Bits per second: "64kbit", "1.5Mbit", "1Gbit", "800bit".
Parsed<std::int64_t> parse_rate(std::string_view text);
std::string rate_text(std::int64_t bits_per_second);

/// "17", "0x2a", or a git commit hash of 7 to 40 hex digits, of which the first 16 count.
Parsed<std::uint64_t> parse_seed(std::string_view text);
/// Decimal while a person can say it, hex from there on.
std::string seed_text(std::uint64_t seed);

/// One value, or "low..high" with low <= high.
Parsed<Range<Duration>> parse_duration_range(std::string_view text);
Parsed<Range<Ratio>> parse_probability_range(std::string_view text);
Parsed<Range<Ratio>> parse_factor_range(std::string_view text);
Parsed<Range<std::int64_t>> parse_integer_range(std::string_view text);
Parsed<Range<std::int64_t>> parse_rate_range(std::string_view text);
std::string range_text(const Range<Duration>& range);
std::string range_text(const Range<std::int64_t>& range);
std::string rate_range_text(const Range<std::int64_t>& range);
/// As probabilities, if both ends are.
std::string range_text(const Range<Ratio>& range);

}  // namespace tickover::sim
