#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/random.h"
#include "core/ratio.h"
#include "core/time.h"

namespace tickover::sim {

/// Where a word stands in its file; line 0 for what no file says.
struct Place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  bool operator==(const Place&) const {
    return true;
  }  // two scenarios are equal wherever they stand
};

/// A setting that is fixed (low == high) or drawn once per run, both ends possible.
template <class T>
struct Range {
  T low{};
  T high{};

  Range() = default;
  Range(T fixed) : low(fixed), high(fixed) {}  // NOLINT: a fixed value is a range
  Range(T l, T h) : low(l), high(h) {}
  bool is_fixed() const { return low == high; }
  bool operator==(const Range&) const = default;
};

/// The value for one uniform word: every value of [low, high] can come.
Duration draw(const Range<Duration>& range, std::uint64_t word);
std::int64_t draw(const Range<std::int64_t>& range, std::uint64_t word);
/// Ratios are drawn on the grid of millionths between the ends.
Ratio draw(const Range<Ratio>& range, std::uint64_t word);

struct Setting;

/// The settings of one table, in the order of the file. Keys are unique.
struct Settings {
  std::vector<Setting> entries;

  const Setting* find(std::string_view key) const;
  bool operator==(const Settings&) const;
};

using Value = std::variant<bool, Range<std::int64_t>, Range<Duration>, Range<Ratio>, std::string,
                           std::vector<std::string>, Settings>;

struct Setting {
  std::string key;
  Value value;
  Place place;
  bool operator==(const Setting&) const = default;
};

inline bool Settings::operator==(const Settings& other) const {
  return entries == other.entries;
}

/// What a key accepts, for the reader, for `nearest valid word`, and for help texts.
enum class ValueType {
  flag,         // true or false
  integer,      // 3, or "3..7"
  duration,     // "500ms", "20ms..80ms", "1h30min"
  probability,  // "1%", "0.5%..2%", "1/3"
  text,
  texts,   // "one" or ["one", "two"]
  host,    // the name of a host
  factor,  // an exact growth factor >= 1: "2", "3/2", "1.5"
  table,   // a table with the keys of `children`
  text_or_table,
  text_or_flag,
  duration_or_table,
  moment,        // a duration, or "2s after alice has an allocation"
  rate,          // bits per second: "64kbit", "2Mbit..10Mbit"
  tables,        // [[key]], or a list of tables with the keys of `children`
  named_tables,  // [key.NAME], each a table with the keys of whatever it stands for
  pair,          // ["one", "other"]: the ends of a link
  addresses,     // "192.0.2.1" or ["192.0.2.1", "2001:db8::1"]
  seed,          // 64 bits: 7, "0x1f", or a commit hash
};

struct KeySpec {
  std::string name;
  ValueType type{};
  std::string help;
  std::vector<KeySpec> children;
  bool required = false;
  /// For a text, or each of several, the only words allowed; for other types words that may stand
  /// instead of a value.
  std::vector<std::string> choices = {};
  bool fixed = false;      // one value, never a range
  std::int64_t least = 0;  // of an integer, or of a duration in nanoseconds
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
};

}  // namespace tickover::sim
