// The one door of toml++.
#include "sim/scenario/toml_tree.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <tuple>

#include "sim/scenario/nearest.h"
#include "sim/scenario/plain_text.h"
#include "sim/scenario/toml_words.h"

namespace tickover::sim {
namespace {

Place place_of(const toml::source_region& region) {
  return {region.begin.line, region.begin.column};
}

std::tuple<std::uint32_t, std::uint32_t> order(Place place) {
  return {place.line, place.column};
}

/// All but the words of reals and dates.
TomlNode convert(const toml::node& node) {
  TomlNode result;
  result.place = place_of(node.source());
  if (const auto* table = node.as_table()) {
    result.kind = TomlNode::Kind::table;
    result.entries.reserve(table->size());
    for (const auto& [key, value] : *table) {
      result.entries.push_back({std::string(key.str()), place_of(key.source()), convert(value)});
    }
    // toml++ sorts by name.
    std::sort(result.entries.begin(), result.entries.end(),
              [](const TomlEntry& a, const TomlEntry& b) {
                return std::tuple(order(a.place), std::string_view(a.key)) <
                       std::tuple(order(b.place), std::string_view(b.key));
              });
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
    result.text = std::to_string(result.integer);
  } else if (const auto* flag = node.as_boolean()) {
    result.kind = TomlNode::Kind::flag;
    result.flag = flag->get();
  } else {
    result.kind = node.is_floating_point() ? TomlNode::Kind::real : TomlNode::Kind::date;
  }
  return result;
}

void collect_wordless(TomlNode& node, std::vector<TomlNode*>& wordless) {
  const bool lacks_word = node.kind == TomlNode::Kind::real || node.kind == TomlNode::Kind::date;
  if (lacks_word) wordless.push_back(&node);
  for (TomlNode& item : node.items) collect_wordless(item, wordless);
  for (TomlEntry& entry : node.entries) collect_wordless(entry.value, wordless);
}

/// Gives reals and dates the word they were written with, because a double is not exact. One sweep
/// over the text, whatever the order in the tree.
void add_words(TomlNode& root, std::string_view text) {
  std::vector<TomlNode*> wordless;
  collect_wordless(root, wordless);
  std::sort(wordless.begin(), wordless.end(),
            [](const TomlNode* a, const TomlNode* b) { return order(a->place) < order(b->place); });
  Place at{1, 1};
  std::size_t offset = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;  // a byte order mark has no column
  for (TomlNode* node : wordless) {
    while (offset < text.size() && order(at) < order(node->place)) {
      const bool line_ends = text[offset] == '\n';
      at = line_ends ? Place{at.line + 1, 1} : Place{at.line, at.column + 1};
      ++offset;
      while (offset < text.size() && (text[offset] & '\xC0') == '\x80') ++offset;
    }
    const std::size_t end = std::min(text.find_first_of(" \t\r\n,]}#", offset), text.size());
    node->text = text.substr(offset, end - offset);
  }
}

}  // namespace

std::expected<TomlNode, TomlError> parse_toml(std::string_view text) {
  if (const auto flaw = find_flaw(text)) return std::unexpected(TomlError{flaw->place, flaw->what});
  try {
    const toml::table table = toml::parse(text);
    TomlNode root = convert(table);
    add_words(root, text);
    return root;
  } catch (const toml::parse_error& error) {
    const toml::source_position& begin = error.source().begin;
    return std::unexpected(in_plain_words(error.description(), {begin.line, begin.column}, text));
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
