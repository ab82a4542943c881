#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace tickover::sim {

/// What is wrong with words that nobody knows, and the word that was perhaps meant.
std::string unknown_verb(std::string_view verb, const std::vector<std::string>& verbs);
/// `extras` are the arguments of a verb that it does not take; `options` those that it does.
std::string unknown_arguments(const std::vector<std::string>& extras,
                              const std::vector<std::string>& options);

/// A whole number in [least, most], or what was expected instead of the text.
std::expected<std::uint64_t, std::string> parse_count(std::string_view text, std::uint64_t least,
                                                      std::uint64_t most);

/// False, with a word on stderr, where `folder` is no name of one: a verb would write to "/".
bool is_folder_name(std::string_view verb, const std::string& folder);

}  // namespace tickover::sim
