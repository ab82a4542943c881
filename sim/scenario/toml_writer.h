#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/scenario/value.h"

namespace tickover::sim {

/// The text in TOML's double quotes, with escapes where TOML or a reader's eye needs them.
std::string toml_quoted(std::string_view text);
std::string toml_key(std::string_view key);
std::string toml_list(const std::vector<std::string>& texts);
/// One text to a line.
std::string toml_tall_list(const std::vector<std::string>& texts);
std::string toml_value(const Value& value);

/// The keys of one table, in order; written one to a line with their `=` in a column, or inline.
class TomlTable {
 public:
  void add(std::string_view key, std::string value) {
    lines_.emplace_back(toml_key(key), std::move(value));
  }
  void add_text(std::string_view key, std::string_view text) { add(key, toml_quoted(text)); }
  void add_flag(std::string_view key, bool flag) { add(key, flag ? "true" : "false"); }
  void add_value(std::string_view key, const Value& value) { add(key, toml_value(value)); }

  bool empty() const { return lines_.empty(); }
  std::string inline_text() const;
  std::string block() const;

 private:
  std::vector<std::pair<std::string, std::string>> lines_;
};

}  // namespace tickover::sim
