#include "sim/report/utf8.h"

#include <algorithm>
#include <cstdint>

namespace tickover::sim {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

/// How many bytes the character takes that the text begins with; 0 if it is none (RFC 3629).
std::size_t length_of_first(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = at(0);
  if (first < 0x80) return 1;
  const std::size_t length = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (length == 0 || first > 0xF4 || text.size() < length) return 0;
  const auto is_more = [](std::uint8_t byte) { return (byte & 0xC0) == 0x80; };
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_more(at(i))) return 0;
  }
  // Nothing is longer than it need be, a surrogate, or beyond U+10FFFF.
  const bool is_odd = (first == 0xE0 && at(1) < 0xA0) || (first == 0xED && at(1) > 0x9F) ||
                      (first == 0xF0 && at(1) < 0x90) || (first == 0xF4 && at(1) > 0x8F);
  return is_odd ? 0 : length;
}

}  // namespace

std::string utf8_text(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = length_of_first(text);
    result += length == 0 ? replacement : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return result;
}

}  // namespace tickover::sim
