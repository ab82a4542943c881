#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/scenario/value.h"

namespace tickover::sim {

struct Flaw {
  Place place;
  std::string what;
};

/// Why these bytes are not worth parsing: a NUL, a byte that is not UTF-8, or lists, tables and
/// dotted keys nested deeper than any scenario (a parser that recurses could run out of stack).
/// Nothing for plain text, whatever it says.
std::optional<Flaw> find_flaw(std::string_view text);

/// Where a byte offset stands. Columns count characters.
Place place_at(std::string_view text, std::size_t offset);

/// The length of the UTF-8 character that `text` begins with; 0 if it is none (RFC 3629).
std::size_t character_length(std::string_view text);

}  // namespace tickover::sim
