#include "sim/scenario/toml_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "sim/scenario/nearest.h"
#include "sim/scenario/plain_text.h"

namespace tickover::sim {
namespace {

/// The line with that place, and how many of its bytes are before it.
struct Spot {
  std::string_view line;
  std::size_t before = 0;

  bool is_at_end() const { return before >= line.size(); }
};

Spot spot_of(Place place, std::string_view text) {
  for (std::uint32_t line = 1; line < place.line && !text.empty(); ++line) {
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  }
  Spot spot{text.substr(0, text.find('\n'))};
  if (spot.line.ends_with('\r')) spot.line.remove_suffix(1);
  for (std::uint32_t column = 1; column < place.column && !spot.is_at_end(); ++column) {
    spot.before += std::max<std::size_t>(character_length(spot.line.substr(spot.before)), 1);
  }
  spot.before = std::min(spot.before, spot.line.size());
  return spot;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(blank), text.size()));
  return text.substr(0, text.find_last_not_of(blank) + 1);
}

/// The value around the spot, as written; empty if it stands in quotes.
std::string_view bare_value(const Spot& spot) {
  const std::size_t end = std::min(spot.line.find_first_of(",]}#", spot.before), spot.line.size());
  const std::string_view ahead = spot.line.substr(0, std::min(spot.before, end));
  const std::size_t begin = ahead.find_last_of("=,[{");
  if (begin == std::string_view::npos) return {};
  const std::string_view value = trimmed(spot.line.substr(begin + 1, end - begin - 1));
  return value.find_first_of("\"' ") == std::string_view::npos ? value : std::string_view();
}

/// What an editor of prose makes of quotes.
std::string without_curly_quotes(std::string_view word) {
  std::string plain(word);
  for (const std::string_view curly : {"\u201c", "\u201d", "\u201e", "\u2018", "\u2019"}) {
    for (std::size_t at = plain.find(curly); at != std::string::npos; at = plain.find(curly)) {
      plain.erase(at, curly.size());
    }
  }
  return plain;
}

/// A value that begins like something else because its quotes are missing.
TomlError unquoted(std::string_view word, Place place) {
  const std::string plain = without_curly_quotes(word);
  if (plain != word) {
    return {place, fmt::format("not TOML: texts stand in straight quotes, found {}", word), plain};
  }
  const std::string flag = nearest(word, {"true", "false"});
  if (!flag.empty()) {
    return {place, fmt::format("not TOML: expected {}, found {} without quotes", flag, word)};
  }
  return {place, fmt::format("not TOML: {} needs quotes around it", word), std::string(word)};
}

/// What begins with `description`'s part between single quotes.
std::string_view named_in(std::string_view description) {
  const std::size_t begin = description.find('\'');
  if (begin == std::string_view::npos) return {};
  const std::string_view rest = description.substr(begin + 1);
  return rest.substr(0, rest.find('\''));
}

/// Where the heading begins a line; line 0 if nowhere.
Place find_heading(const std::string& heading, std::string_view text) {
  for (std::uint32_t line = 1; !text.empty(); ++line) {
    const std::string_view whole = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(whole.size() + 1, text.size()));
    const std::size_t indent = std::min(whole.find_first_not_of(" \t"), whole.size());
    if (whole.substr(indent).starts_with(heading)) {
      return {line, static_cast<std::uint32_t>(indent + 1)};
    }
  }
  return {};
}

/// A table that is one of several elsewhere: the slip is where it stands alone.
std::optional<TomlError> single_and_several(std::string_view name, std::string_view text) {
  const Place single = find_heading(fmt::format("[{}]", name), text);
  const Place several = find_heading(fmt::format("[[{}]]", name), text);
  if (single.line == 0 || several.line == 0) return {};
  return TomlError{single, fmt::format("not TOML: [{0}] stands alone, and line {1} has [[{0}]]: "
                                       "write [[{0}]] here, too",
                                       name, several.line)};
}

struct Rule {
  std::string_view during;  // what was being parsed
  std::string_view saw;     // a part of the complaint
  std::string_view sentence;
};
constexpr std::array<Rule, 8> rules{{
    {"key-value pair", "expected '='", "a `=` is missing after the key"},
    {"key-value pair", "expected value", "the value is missing"},
    {"key-value pair", "expected a comment", "one setting to a line; this is too much"},
    {"table header", "expected ']'", "the heading is not closed: a `]` is missing"},
    {"inline table", "dangling comma", "the last setting in { … } has no comma after it"},
    {"inline table", "saw '\\n'", "{ … } stands on one line, and its `}` is missing"},
    {"array", "end-of-file", "the list is not closed: a `]` is missing"},
    {"array", "expected comma or closing", "the list is not closed, or a comma is missing in it"},
}};

std::string on_one_line(std::string_view text) {
  std::string line(trimmed(text));
  std::ranges::replace_if(line, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return line;
}

}  // namespace

TomlError in_plain_words(std::string_view description, Place place, std::string_view text) {
  constexpr std::string_view opening = "Error while parsing ";
  std::string_view rest = description;
  if (rest.starts_with(opening)) rest.remove_prefix(opening.size());
  const std::string_view during = rest.substr(0, rest.find(':'));
  const Spot spot = spot_of(place, text);
  if (rest.find("cannot redefine") != std::string_view::npos) {
    const std::string_view name = named_in(rest);
    if (auto mixed = single_and_several(name, text)) return *mixed;
    return {place, fmt::format("not TOML: `{}` is given twice", name)};
  }
  if (during.ends_with("string") && spot.is_at_end()) {
    return {place, "not TOML: the text is not ended on its line: a quote is missing"};
  }
  constexpr std::array bare{"value", "decimal integer", "floating-point", "boolean", "date",
                            "time",  "date-time"};
  if (std::ranges::find(bare, during) != bare.end()) {
    const std::string_view word = bare_value(spot);
    const bool is_number = word.find_first_not_of("0123456789+-_.") == std::string_view::npos;
    if (!word.empty() && !is_number) return unquoted(word, place);
  }
  for (const Rule& rule : rules) {
    if (during == rule.during && rest.find(rule.saw) != std::string_view::npos) {
      return {place, fmt::format("not TOML: {}", rule.sentence)};
    }
  }
  return {place, "not TOML: " + on_one_line(description)};
}

}  // namespace tickover::sim
