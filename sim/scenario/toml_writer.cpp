#include "sim/scenario/toml_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/scenario/plain_text.h"
#include "sim/scenario/text.h"

namespace tickover::sim {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

/// The code point of one valid UTF-8 character.
std::uint32_t code_point(std::string_view character) {
  auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(character[i]); };
  if (character.size() == 1) return byte(0);
  std::uint32_t point = byte(0) & (0x7Fu >> character.size());
  for (std::size_t i = 1; i < character.size(); ++i) point = point << 6 | (byte(i) & 0x3Fu);
  return point;
}

/// Characters that no eye sees, or that a TOML parser may take for the end of a line.
bool is_invisible(std::uint32_t point) {
  return point < 0x20 || (point >= 0x7F && point <= 0xA0) || point == 0x1680 || point == 0x180E ||
         (point >= 0x2000 && point <= 0x200F) || (point >= 0x2028 && point <= 0x202F) ||
         (point >= 0x205F && point <= 0x206F) || point == 0x3000 || point == 0xFEFF;
}

std::string bare(std::int64_t value) {
  return std::to_string(value);
}

}  // namespace

std::string toml_quoted(std::string_view text) {
  std::string result = "\"";
  while (!text.empty()) {
    const std::size_t length = std::max<std::size_t>(character_length(text), 1);
    const std::string_view character = text.substr(0, length);
    const std::uint32_t point = code_point(character);
    text.remove_prefix(length);
    if (character == "\"" || character == "\\") {
      result += '\\';
      result += character;
    } else if (character == "\n") {
      result += "\\n";
    } else if (character == "\t") {
      result += "\\t";
    } else if (is_invisible(point)) {
      result += fmt::format("\\u{:04X}", point);
    } else {
      result += character;
    }
  }
  return result + "\"";
}

std::string toml_key(std::string_view key) {
  const bool bare_key =
      !key.empty() &&
      key.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
          std::string_view::npos;
  return bare_key ? std::string(key) : toml_quoted(key);
}

std::string toml_list(const std::vector<std::string>& texts) {
  std::string result = "[";
  for (const std::string& text : texts) {
    if (result.size() > 1) result += ", ";
    result += toml_quoted(text);
  }
  return result + "]";
}

std::string toml_tall_list(const std::vector<std::string>& texts) {
  std::string result = "[\n";
  for (const std::string& text : texts) result += "  " + toml_quoted(text) + ",\n";
  return result + "]";
}

std::string toml_value(const Value& value) {
  return std::visit(
      Overloaded{[](bool flag) -> std::string { return flag ? "true" : "false"; },
                 [](const Range<std::int64_t>& range) {
                   return range.is_fixed() ? bare(range.low) : toml_quoted(range_text(range));
                 },
                 [](const Range<Duration>& range) { return toml_quoted(range_text(range)); },
                 [](const Range<Ratio>& range) { return toml_quoted(range_text(range)); },
                 [](const std::string& text) { return toml_quoted(text); },
                 [](const std::vector<std::string>& texts) { return toml_list(texts); },
                 [](const Settings& settings) {
                   TomlTable table;
                   for (const Setting& entry : settings.entries) {
                     table.add_value(entry.key, entry.value);
                   }
                   return table.inline_text();
                 }},
      value);
}

std::string TomlTable::inline_text() const {
  if (lines_.empty()) return "{}";
  std::string result = "{ ";
  for (const auto& [key, value] : lines_) {
    if (result.size() > 2) result += ", ";
    result += key + " = " + value;
  }
  return result + " }";
}

std::string TomlTable::block() const {
  std::size_t width = 0;
  for (const auto& [key, value] : lines_) width = std::max(width, key.size());
  std::string result;
  for (const auto& [key, value] : lines_) {
    result += key + std::string(width - key.size(), ' ') + " = " + value + "\n";
  }
  return result;
}

}  // namespace tickover::sim
