#pragma once

#include <cstdint>
#include <string_view>

namespace tickover {

/// Whether the text is well-formed UTF-8: no stray or missing continuation bytes, no overlong
/// forms, no surrogates, nothing above U+10FFFF (RFC 3629, section 3).
constexpr bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<std::uint8_t>(text[i++]);
    if (first < 0x80) continue;
    if (first < 0xc2 || first > 0xf4) return false;
    const int more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    std::uint32_t point = first & (0x3fu >> more);
    for (int k = 0; k < more; ++k) {
      if (i == text.size() || (static_cast<std::uint8_t>(text[i]) & 0xc0) != 0x80) return false;
      point = point << 6 | (static_cast<std::uint8_t>(text[i++]) & 0x3f);
    }
    const std::uint32_t smallest = more == 1 ? 0x80 : more == 2 ? 0x800 : 0x10000;
    if (point < smallest || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return false;
  }
  return true;
}

}  // namespace tickover
