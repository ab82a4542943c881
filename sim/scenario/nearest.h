#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tickover::sim {

/// The candidate that `word` was most likely meant to be: the one with the fewest edits (insert,
/// remove, replace, swap neighbours; case is free), the first of equals. Empty if none is close:
/// more than a third of the longer word would have to change. Only the first thousand are looked
/// at.
inline constexpr std::size_t most_candidates = 1000;
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// `"a", "b" or "c"`, for errors that list what is valid. Shows the first two dozen.
std::string listed(const std::vector<std::string>& words);

/// The text in double quotes, on one line and not longer than a message bears.
std::string quoted(std::string_view text);

}  // namespace tickover::sim
