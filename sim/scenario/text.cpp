#include "sim/scenario/text.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "core/random.h"
#include "sim/scenario/text_errors.h"

namespace tickover::sim {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t size;  // in nanoseconds, or in bits per second
};
constexpr std::array<Unit, 7> units{{{"d", 86'400'000'000'000},
                                     {"h", 3'600'000'000'000},
                                     {"min", 60'000'000'000},
                                     {"s", 1'000'000'000},
                                     {"ms", 1'000'000},
                                     {"us", 1'000},
                                     {"ns", 1}}};

constexpr std::array<Unit, 4> rate_units{
    {{"Gbit", 1'000'000'000}, {"Mbit", 1'000'000}, {"kbit", 1'000}, {"bit", 1}}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// digits / 10^places, as written: "12.50" is 1250 and 2.
struct Decimal {
  std::uint64_t digits = 0;
  unsigned places = 0;
  bool overflow = false;
};

/// Takes a decimal number from the front; false if there is none.
bool take_decimal(std::string_view& rest, Decimal& decimal) {
  bool point = false;
  std::size_t at = 0;
  for (; at < rest.size(); ++at) {
    if (rest[at] == '.' && !point && at > 0) {
      point = true;
      continue;
    }
    if (!is_digit(rest[at])) break;
    const auto digit = static_cast<std::uint64_t>(rest[at] - '0');
    if (decimal.digits > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) {
      decimal.overflow = true;
    } else {
      decimal.digits = decimal.digits * 10 + digit;
    }
    if (point) ++decimal.places;
  }
  if (at == 0 || rest[at - 1] == '.') return false;
  rest.remove_prefix(at);
  return true;
}

Uint128 power_of_ten(unsigned exponent) {
  Uint128 power = 1;
  for (; exponent > 0; --exponent) power *= 10;
  return power;
}

constexpr std::string_view a_duration = "a duration such as \"500ms\" or \"1h30min\"";
constexpr std::string_view a_probability = "a probability such as \"1%\" or \"1/3\"";
constexpr std::string_view a_factor = "a factor of at least 1 such as \"2\" or \"3/2\"";
constexpr std::string_view a_rate = "a rate such as \"64kbit\" or \"1.5Mbit\"";
constexpr std::string_view a_seed = "a seed: a decimal, 0x… or a commit hash";
constexpr std::string_view too_fine = "it has more digits than can be kept exactly";

std::string in_small_letters(std::string_view text) {
  std::string small(text);
  for (char& c : small) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return small;
}

std::string without_spaces(std::string_view text) {
  std::string dense(text);
  std::erase(dense, ' ');
  return dense;
}

/// The unit of time that people also call so; empty if it is none.
std::string_view unit_called(std::string_view name) {
  struct Name {
    std::string_view called;
    std::string_view unit;
  };
  constexpr Name names[] = {{"nsec", "ns"},    {"usec", "us"},     {"µs", "us"}, {"μs", "us"},
                            {"msec", "ms"},    {"millis", "ms"},   {"sec", "s"}, {"secs", "s"},
                            {"second", "s"},   {"seconds", "s"},   {"m", "min"}, {"mins", "min"},
                            {"minute", "min"}, {"minutes", "min"}, {"hr", "h"},  {"hrs", "h"},
                            {"hour", "h"},     {"hours", "h"},     {"day", "d"}, {"days", "d"}};
  const std::string small = in_small_letters(name);
  for (const Unit& unit : units) {
    if (unit.name == small) return unit.name;
  }
  for (const Name& each : names) {
    if (each.called == small) return each.unit;
  }
  return {};
}

/// The rate that people also write so; empty if it is none. `unit` stands at the end of `text`.
std::string rate_called(std::string_view text, std::string_view unit) {
  struct Name {
    std::string_view called;
    std::string_view unit;
  };
  constexpr Name names[] = {
      {"bps", "bit"},    {"kbps", "kbit"},   {"mbps", "Mbit"},   {"gbps", "Gbit"},
      {"bit/s", "bit"},  {"kbit/s", "kbit"}, {"mbit/s", "Mbit"}, {"gbit/s", "Gbit"},
      {"kb/s", "kbit"},  {"mb/s", "Mbit"},   {"gb/s", "Gbit"},   {"k", "kbit"},
      {"m", "Mbit"},     {"g", "Gbit"},      {"kbits", "kbit"},  {"mbits", "Mbit"},
      {"gbits", "Gbit"}, {"kb", "kbit"},     {"mb", "Mbit"},     {"gb", "Gbit"}};
  const std::string_view number = text.substr(0, text.size() - unit.size());
  const std::string_view trim = trimmed(unit);
  const std::string small = in_small_letters(trim);
  std::vector<std::string> known;
  for (const Unit& each : rate_units) {
    if (in_small_letters(each.name) == small)
      return fmt::format("{}{}", trimmed(number), each.name);
    known.emplace_back(each.name);
  }
  // Bytes are not bits: nobody knows which were meant.
  if (trim.find('B') != std::string_view::npos) return {};
  for (const Name& each : names) {
    if (each.called == small) return fmt::format("{}{}", trimmed(number), each.unit);
  }
  const std::string meant = nearest(trim, known);
  return meant.empty() ? "" : fmt::format("{}{}", trimmed(number), meant);
}

Parsed<Ratio> parse_ratio(std::string_view text, std::string_view expected) {
  std::string_view rest = text;
  Decimal upper;
  if (!take_decimal(rest, upper)) return wrong(expected, text, "");
  Uint128 divisor = 1;
  if (rest == "%") {
    divisor = 100;
    rest = {};
  } else if (rest.starts_with('/')) {
    rest.remove_prefix(1);
    Decimal lower;
    if (!take_decimal(rest, lower) || lower.places > 0 || upper.places > 0) {
      return wrong(expected, text, "a fraction is a whole number over a whole number");
    }
    if (lower.overflow) return wrong(expected, text, too_fine);
    if (lower.digits == 0) return wrong(expected, text, "the fraction's lower number is 0");
    divisor = lower.digits;
  }
  if (!rest.empty()) return wrong(expected, text, fmt::format("{} is too much", quoted(rest)));
  if (upper.overflow || upper.places > 19) return wrong(expected, text, too_fine);
  const Uint128 denominator = divisor * power_of_ten(upper.places);
  Uint128 a = denominator;
  for (Uint128 b = upper.digits; b != 0;) a = std::exchange(b, a % b);
  constexpr Uint128 most = std::numeric_limits<std::uint32_t>::max();
  if (upper.digits / a > most || denominator / a > most) return wrong(expected, text, too_fine);
  return Ratio(static_cast<std::uint32_t>(upper.digits / a),
               static_cast<std::uint32_t>(denominator / a));
}

/// `amount / per` in decimal, without zeros at the end; `per` is a power of ten.
std::string decimal_text(std::uint64_t amount, std::uint64_t per) {
  std::string text = std::to_string(amount / per);
  std::uint64_t rest = amount % per;
  if (rest == 0) return text;
  text += '.';
  for (; rest != 0; rest %= per) {
    per /= 10;
    text += static_cast<char>('0' + rest / per);
  }
  return text;
}

}  // namespace

Parsed<Duration> parse_duration(std::string_view text) {
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative) rest.remove_prefix(1);
  if (rest.empty()) return wrong(a_duration, text, "");
  Int128 total = 0;
  bool fraction = false;
  const Unit* smallest = nullptr;
  while (!rest.empty()) {
    const std::string_view start = rest;
    Decimal number;
    if (!take_decimal(rest, number)) return wrong(a_duration, text, "");
    std::size_t length = 0;
    while (length < rest.size() && !is_digit(rest[length])) ++length;
    const std::string_view name = rest.substr(0, length);
    rest.remove_prefix(length);
    const Unit* unit = nullptr;
    for (const Unit& candidate : units) unit = candidate.name == name ? &candidate : unit;
    if (name.empty()) {
      return wrong(a_duration, text, fmt::format("{} has no unit", quoted(start)),
                   std::string(text) + "s");
    }
    if (!unit) {
      const std::size_t dash = text.find('-', 1);
      if (dash != std::string_view::npos) {
        return wrong(
            a_duration, text, "a range has two dots",
            fmt::format("{}..{}", trimmed(text.substr(0, dash)), trimmed(text.substr(dash + 1))));
      }
      const std::string dense = without_spaces(text);
      if (dense != text && parse_duration(dense)) {
        return wrong(a_duration, text, "no space stands between a number and its unit", dense);
      }
      const std::string_view meant = unit_called(trimmed(name));
      const bool is_last = rest.empty() && !meant.empty();
      return wrong(
          a_duration, text,
          fmt::format("no unit {}; there are ns, us, ms, s, min, h and d", quoted(trimmed(name))),
          is_last ? fmt::format("{}{}", trimmed(text.substr(0, text.size() - name.size())), meant)
                  : "");
    }
    if (fraction) return wrong(a_duration, text, "only the last number may have a fraction");
    if (smallest && unit->size >= smallest->size) {
      return wrong(a_duration, text, "each unit comes once, the largest first");
    }
    smallest = unit;
    fraction = number.places > 0;
    if (number.overflow || number.places > 19) return wrong(a_duration, text, too_fine);
    const Int128 scaled = static_cast<Int128>(number.digits) * unit->size;
    const auto power = static_cast<Int128>(power_of_ten(number.places));
    if (scaled % power != 0) {
      return wrong(a_duration, text, "it is not a whole number of nanoseconds");
    }
    total += scaled / power;
  }
  if (negative) total = -total;
  if (total > Duration::max().count() || total < Duration::min().count()) {
    return wrong(a_duration, text, "it is longer than 292 years");
  }
  return Duration::nanoseconds(static_cast<std::int64_t>(total));
}

std::string duration_text(Duration duration) {
  const std::int64_t count = duration.count();
  std::uint64_t rest = static_cast<std::uint64_t>(count);
  if (count < 0) rest = 0 - rest;
  if (rest == 0) return "0s";
  std::string text = count < 0 ? "-" : "";
  for (const Unit& unit : units) {
    const auto size = static_cast<std::uint64_t>(unit.size);
    if (rest < size) continue;
    // From seconds down one number with a fraction reads better than three without.
    if (size <= 1'000'000'000) return text + decimal_text(rest, size) + std::string(unit.name);
    text += std::to_string(rest / size) + std::string(unit.name);
    rest %= size;
    if (rest != 0 && rest < 1'000'000'000) return text + decimal_text(rest, 1'000'000'000) + "s";
    if (rest == 0) break;
  }
  return text;
}

Parsed<Ratio> parse_probability(std::string_view text) {
  auto ratio = parse_ratio(text, a_probability);
  if (ratio && *ratio > Ratio(1, 1)) {
    const bool percent = text.ends_with('%');
    const bool lacks_sign = !percent && *ratio <= Ratio(100, 1);
    return wrong(a_probability, text, percent ? "it is more than 100%" : "it is more than 1",
                 lacks_sign ? std::string(text) + "%" : "");
  }
  return ratio;
}

std::string probability_text(Ratio probability) {
  const std::uint64_t millionths = std::uint64_t{probability.numerator()} * 100'000'000;
  if (millionths % probability.denominator() != 0) return factor_text(probability);
  return decimal_text(millionths / probability.denominator(), 1'000'000) + "%";
}

Parsed<Ratio> parse_factor(std::string_view text) {
  auto ratio = parse_ratio(text, a_factor);
  if (ratio && *ratio < Ratio(1, 1)) return wrong(a_factor, text, "it is less than 1");
  return ratio;
}

std::string factor_text(Ratio factor) {
  if (factor.denominator() == 1) return std::to_string(factor.numerator());
  return fmt::format("{}/{}", factor.numerator(), factor.denominator());
}

Parsed<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    return wrong("an integer", text, "it does not fit 64 bits");
  }
  if (error != std::errc{} || end != text.data() + text.size()) {
    return wrong("an integer", text, "");
  }
  return value;
}

Parsed<std::int64_t> parse_rate(std::string_view text) {
  std::string_view rest = text;
  Decimal number;
  if (!take_decimal(rest, number)) return wrong(a_rate, text, "");
  if (rest.empty()) {
    return wrong(a_rate, text, "it has no unit; there are bit, kbit, Mbit and Gbit per second",
                 std::string(text) + "bit");
  }
  const Unit* unit = nullptr;
  for (const Unit& candidate : rate_units) unit = candidate.name == rest ? &candidate : unit;
  if (!unit) {
    const std::string meant = rate_called(text, rest);
    const bool is_bytes = meant.empty() && rest.find('B') != std::string_view::npos;
    return wrong(a_rate, text,
                 fmt::format("no unit {}; there are bit, kbit, Mbit and Gbit per second{}",
                             quoted(rest), is_bytes ? ", and a byte is 8 bit" : ""),
                 meant);
  }
  if (number.overflow || number.places > 19) return wrong(a_rate, text, too_fine);
  const Uint128 scaled = static_cast<Uint128>(number.digits) * static_cast<Uint128>(unit->size);
  const Uint128 power = power_of_ten(number.places);
  if (scaled % power != 0) return wrong(a_rate, text, "it is not a whole number of bits");
  if (scaled / power > static_cast<Uint128>(std::numeric_limits<std::int64_t>::max())) {
    return wrong(a_rate, text, "it does not fit 64 bits");
  }
  return static_cast<std::int64_t>(scaled / power);
}

std::string rate_text(std::int64_t bits_per_second) {
  const auto amount = static_cast<std::uint64_t>(bits_per_second);
  for (const Unit& unit : rate_units) {
    const auto size = static_cast<std::uint64_t>(unit.size);
    if (amount >= size) return decimal_text(amount, size) + std::string(unit.name);
  }
  return "0bit";
}

Parsed<std::uint64_t> parse_seed(std::string_view text) {
  constexpr std::size_t full_hash = 40;
  constexpr std::size_t short_hash = 7;
  std::string_view digits = text;
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    digits.remove_prefix(2);
    base = 16;
  } else if (text.size() == full_hash ||
             (text.size() < full_hash && text.size() >= short_hash &&
              text.find_first_not_of("0123456789") != std::string_view::npos)) {
    if (text.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos) {
      return wrong(a_seed, text, "");
    }
    digits = text.substr(0, 16);
    base = 16;
  }
  std::uint64_t seed = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), seed, base);
  if (error == std::errc::result_out_of_range) return wrong(a_seed, text, "it exceeds 64 bits");
  if (error != std::errc{} || end != digits.data() + digits.size()) return wrong(a_seed, text, "");
  return seed;
}

std::string seed_text(std::uint64_t seed) {
  return seed < 1'000'000 ? std::to_string(seed) : fmt::format("0x{:x}", seed);
}

}  // namespace tickover::sim
