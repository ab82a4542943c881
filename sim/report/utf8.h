#pragma once

#include <string>
#include <string_view>

namespace tickover::sim {

/// The same text, but that bytes which are not UTF-8 become U+FFFD. Names of files may be of any
/// bytes; JSON and TOML may not.
std::string utf8_text(std::string_view text);

}  // namespace tickover::sim
