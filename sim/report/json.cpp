#include "sim/report/json.h"

#include <algorithm>
#include <string>

#include "sim/report/utf8.h"

namespace tickover::sim {

void JsonWriter::quote(std::string_view text) {
  const bool is_ascii = std::ranges::none_of(text, [](char c) { return (c & 0x80) != 0; });
  const std::string whole = is_ascii ? std::string() : utf8_text(text);
  if (!is_ascii) text = whole;
  constexpr std::string_view hex = "0123456789abcdef";
  out_ += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
        out_ += "\\\"";
        break;
      case '\\':
        out_ += "\\\\";
        break;
      case '\n':
        out_ += "\\n";
        break;
      case '\t':
        out_ += "\\t";
        break;
      default:
        if (byte < 0x20 || byte == 0x7f) {
          out_ += "\\u00";
          out_ += hex[byte >> 4];
          out_ += hex[byte & 15];
        } else {
          out_ += c;
        }
    }
  }
  out_ += '"';
}

}  // namespace tickover::sim
