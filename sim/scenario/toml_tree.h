#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/value.h"

namespace tickover::sim {

struct TomlEntry;

/// A TOML document as plain values with their places. Columns count characters, from 1.
struct TomlNode {
  enum class Kind : std::uint8_t { text, integer, real, flag, date, list, table };

  Kind kind = Kind::table;
  Place place;
  std::string text;  // a text's content; of a number or a date its word
  std::int64_t integer = 0;
  bool flag = false;
  std::vector<TomlNode> items;     // of a list
  std::vector<TomlEntry> entries;  // of a table, in the order of the file

  const TomlEntry* find(std::string_view key) const;
  /// The kind and the value, for messages: `the integer 40`, `a table`.
  std::string description() const;
};

struct TomlEntry {
  std::string key;
  Place place;  // of the key
  TomlNode value;
};

struct TomlError {
  Place place;
  std::string what;
  std::string meant = {};  // what was perhaps to be written there; may be empty
};

/// Total: any bytes give a tree or the first error. Refuses bytes that are not UTF-8 text, and
/// nesting deeper than any scenario needs.
std::expected<TomlNode, TomlError> parse_toml(std::string_view text);

}  // namespace tickover::sim
