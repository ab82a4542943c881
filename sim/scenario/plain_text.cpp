#include "sim/scenario/plain_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace tickover::sim {
namespace {

constexpr std::size_t most_key_parts = 16;
constexpr std::size_t most_brackets = 32;

std::uint8_t byte_at(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<std::uint8_t>(text[at]) : std::uint8_t{0};
}

std::optional<Flaw> find_binary(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::uint8_t byte = byte_at(text, at);
    const std::size_t length = character_length(text.substr(at));
    if (byte == 0) return Flaw{place_at(text, at), "a NUL byte: this is not a text file"};
    if (length == 0) {
      return Flaw{place_at(text, at),
                  fmt::format("the byte 0x{:02x} is not UTF-8: this is not a text file", byte)};
    }
    at += length;
  }
  return {};
}

/// Past a string or a comment that begins at `at`; `at` itself if none does. Unclosed ones end with
/// their line or with the text: there the parser stops, too.
std::size_t skip_quoted(std::string_view text, std::size_t at) {
  const char quote = text[at];
  if (quote == '#') return std::min(text.find('\n', at), text.size());
  if (quote != '"' && quote != '\'') return at;
  const std::string fence(3, quote);
  const bool long_form = text.substr(at).starts_with(fence);
  at += long_form ? 3 : 1;
  while (at < text.size()) {
    if (quote == '"' && text[at] == '\\') {
      at += 2;
    } else if (long_form ? text.substr(at).starts_with(fence) : text[at] == quote) {
      at += long_form ? 3 : 1;
      // Up to two more quotes may belong to the end of a long string.
      while (long_form && at < text.size() && text[at] == quote) ++at;
      return at;
    } else if (!long_form && text[at] == '\n') {
      return at;
    } else {
      ++at;
    }
  }
  return text.size();
}

std::optional<Flaw> find_deep_nesting(std::string_view text) {
  std::size_t dots = 0;
  std::size_t open = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t after = skip_quoted(text, at);
    if (after != at) {
      at = after;
      continue;
    }
    const char c = text[at];
    if (c == '.' && ++dots >= most_key_parts) {
      return Flaw{place_at(text, at),
                  fmt::format("a key of more than {} parts, joined by dots", most_key_parts)};
    }
    if ((c == '[' || c == '{') && ++open > most_brackets) {
      return Flaw{place_at(text, at), fmt::format("more than {} open brackets", most_brackets)};
    }
    if ((c == ']' || c == '}') && open > 0) --open;
    if (c == '\n' || c == '=' || c == ',' || c == '[' || c == '{') dots = 0;
    ++at;
  }
  return {};
}

}  // namespace

std::size_t character_length(std::string_view text) {
  const std::uint8_t lead = byte_at(text, 0);
  if (text.empty()) return 0;
  if (lead < 0x80) return 1;
  std::size_t length = 0;
  std::uint8_t lowest = 0x80;  // of the second byte
  std::uint8_t highest = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) length = 2;
  if (lead >= 0xE0 && lead <= 0xEF) length = 3;
  if (lead >= 0xF0 && lead <= 0xF4) length = 4;
  if (lead == 0xE0) lowest = 0xA0;   // overlong
  if (lead == 0xED) highest = 0x9F;  // surrogates
  if (lead == 0xF0) lowest = 0x90;   // overlong
  if (lead == 0xF4) highest = 0x8F;  // beyond U+10FFFF
  if (length == 0 || byte_at(text, 1) < lowest || byte_at(text, 1) > highest) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (byte_at(text, i) < 0x80 || byte_at(text, i) > 0xBF) return 0;
  }
  return length;
}

Place place_at(std::string_view text, std::size_t offset) {
  Place place{1, 1};
  for (std::size_t at = 0; at < offset && at < text.size(); ++at) {
    if (text[at] == '\n') {
      ++place.line;
      place.column = 1;
    } else if ((byte_at(text, at) & 0xC0) != 0x80) {
      ++place.column;
    }
  }
  return place;
}

std::optional<Flaw> find_flaw(std::string_view text) {
  if (auto flaw = find_binary(text)) return flaw;
  return find_deep_nesting(text);
}

}  // namespace tickover::sim
