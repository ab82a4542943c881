// Ranges of values, written as two of them with two dots between.
#include <algorithm>

#include "sim/scenario/text_errors.h"

namespace tickover::sim {
namespace {

template <class T>
Parsed<Range<T>> parse_range(std::string_view text, Parsed<T> (*parse_one)(std::string_view)) {
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) {
    const auto value = parse_one(text);
    if (!value) return std::unexpected(value.error());
    return Range<T>(*value);
  }
  const std::string_view low_text = trimmed(text.substr(0, dots));
  const std::string_view high_text = trimmed(text.substr(dots + 2));
  const auto low = parse_one(low_text);
  const auto high = parse_one(high_text);
  if (low.has_value() != high.has_value()) {
    // "20..80ms": the unit was meant for both.
    const std::string_view whole = low ? low_text : high_text;
    const std::string_view bare = low ? high_text : low_text;
    const std::size_t unit = std::min(whole.find_first_not_of("0123456789."), whole.size());
    const std::string meant = fmt::format("{}{}", bare, whole.substr(unit));
    if (unit < whole.size() && parse_one(meant)) {
      return wrong(
          "a range low..high", text, "both ends have a unit",
          low ? fmt::format("{}..{}", low_text, meant) : fmt::format("{}..{}", meant, high_text));
    }
  }
  if (!low) return std::unexpected(low.error());
  if (!high) return std::unexpected(high.error());
  if (*high < *low) {
    // "1..5%": the sign was meant for both.
    const std::string both = fmt::format("{}%", low_text);
    const auto meant = high_text.ends_with('%') ? parse_one(both) : low;
    if (meant && *meant <= *high) {
      return wrong("a range low..high", text, "both ends have a unit",
                   fmt::format("{}..{}", both, high_text));
    }
    return wrong("a range low..high", text, "its ends are reversed",
                 fmt::format("{}..{}", high_text, low_text));
  }
  return Range<T>(*low, *high);
}

template <class T, class Text>
std::string either(const Range<T>& range, Text text) {
  return range.is_fixed() ? text(range.low) : text(range.low) + ".." + text(range.high);
}

}  // namespace

Parsed<Range<Duration>> parse_duration_range(std::string_view text) {
  return parse_range<Duration>(text, parse_duration);
}
Parsed<Range<Ratio>> parse_probability_range(std::string_view text) {
  return parse_range<Ratio>(text, parse_probability);
}
Parsed<Range<Ratio>> parse_factor_range(std::string_view text) {
  return parse_range<Ratio>(text, parse_factor);
}
Parsed<Range<std::int64_t>> parse_integer_range(std::string_view text) {
  return parse_range<std::int64_t>(text, parse_integer);
}

Parsed<Range<std::int64_t>> parse_rate_range(std::string_view text) {
  return parse_range<std::int64_t>(text, parse_rate);
}

std::string range_text(const Range<Duration>& range) {
  return either(range, duration_text);
}
std::string range_text(const Range<std::int64_t>& range) {
  return either(range, [](std::int64_t value) { return std::to_string(value); });
}
std::string rate_range_text(const Range<std::int64_t>& range) {
  return either(range, rate_text);
}
std::string range_text(const Range<Ratio>& range) {
  // A fixed 1 is written as both kinds of setting read it.
  const bool probability = range.high <= Ratio(1, 1) && range.low < Ratio(1, 1);
  return either(range, probability ? probability_text : factor_text);
}

}  // namespace tickover::sim
