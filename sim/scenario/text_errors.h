#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "sim/scenario/nearest.h"
#include "sim/scenario/text.h"

namespace tickover::sim {

/// What the parsers of values say of a text that is none.
inline std::unexpected<TextError> wrong(std::string_view expected, std::string_view found,
                                        std::string_view why, std::string meant = {}) {
  std::string what = fmt::format("expected {}, found {}", expected, quoted(found));
  if (!why.empty()) what += fmt::format(": {}", why);
  return std::unexpected(TextError{std::move(what), std::move(meant)});
}

inline std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace tickover::sim
