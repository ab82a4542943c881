// The one door of toml++.
#include "sim/scenario/toml_tree.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <tuple>

#include "sim/scenario/nearest.h"
#include "sim/scenario/plain_text.h"

namespace tickover::sim {
namespace {

class Converter {
 public:
  explicit Converter(std::string_view text) : text_(text) {
    line_starts_.push_back(0);
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') line_starts_.push_back(i + 1);
    }
  }

  TomlNode convert(const toml::node& node) const {
    TomlNode result;
    result.place = place_of(node.source());
    if (const auto* table = node.as_table()) {
      result.kind = TomlNode::Kind::table;
      convert_entries(*table, result);
    } else if (const auto* array = node.as_array()) {
      result.kind = TomlNode::Kind::list;
      result.items.reserve(array->size());
      for (const toml::node& item : *array) result.items.push_back(convert(item));
    } else if (const auto* text = node.as_string()) {
      result.kind = TomlNode::Kind::text;
      result.text = text->get();
    } else if (const auto* integer = node.as_integer()) {
      result.kind = TomlNode::Kind::integer;
      result.integer = integer->get();
      result.text = word_at(result.place);
    } else if (const auto* flag = node.as_boolean()) {
      result.kind = TomlNode::Kind::flag;
      result.flag = flag->get();
    } else {
      result.kind = node.is_floating_point() ? TomlNode::Kind::real : TomlNode::Kind::date;
      result.text = word_at(result.place);
    }
    return result;
  }

 private:
  static Place place_of(const toml::source_region& region) {
    return {region.begin.line, region.begin.column};
  }

  void convert_entries(const toml::table& table, TomlNode& result) const {
    result.entries.reserve(table.size());
    for (const auto& [key, value] : table) {
      result.entries.push_back({std::string(key.str()), place_of(key.source()), convert(value)});
    }
    // toml++ sorts by name.
    std::sort(
        result.entries.begin(), result.entries.end(), [](const TomlEntry& a, const TomlEntry& b) {
          return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
        });
  }

  /// The bare word that begins at a place: a real is judged as written, not as a double.
  std::string word_at(Place place) const {
    if (place.line == 0 || place.line > line_starts_.size()) return {};
    std::size_t at = line_starts_[place.line - 1];
    for (std::uint32_t column = 1; at < text_.size() && column < place.column; ++column) {
      ++at;
      while (at < text_.size() && (text_[at] & '\xC0') == '\x80') ++at;
    }
    const std::size_t end = std::min(text_.find_first_of(" \t\r\n,]}#", at), text_.size());
    return at < end ? std::string(text_.substr(at, end - at)) : std::string();
  }

  std::string_view text_;
  std::vector<std::size_t> line_starts_;
};

}  // namespace

std::expected<TomlNode, TomlError> parse_toml(std::string_view text) {
  if (const auto flaw = find_flaw(text)) return std::unexpected(TomlError{flaw->place, flaw->what});
  try {
    const toml::table table = toml::parse(text);
    return Converter(text).convert(table);
  } catch (const toml::parse_error& error) {
    const toml::source_position& begin = error.source().begin;
    return std::unexpected(
        TomlError{{begin.line, begin.column}, fmt::format("not TOML: {}", error.description())});
  }
}

const TomlEntry* TomlNode::find(std::string_view key) const {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [key](const TomlEntry& entry) { return entry.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

std::string TomlNode::description() const {
  switch (kind) {
    case Kind::text:
      return "the text " + quoted(text);
    case Kind::integer:
      return "the integer " + std::to_string(integer);
    case Kind::real:
      return "the number " + text;
    case Kind::flag:
      return flag ? "true" : "false";
    case Kind::date:
      return "the date or time " + text;
    case Kind::list:
      return items.empty() ? "an empty list" : "a list";
    case Kind::table:
      return "a table";
  }
  return {};
}

}  // namespace tickover::sim
