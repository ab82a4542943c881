#include "sim/program/usage.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "sim/scenario/nearest.h"

namespace tickover::sim {
namespace {

std::string meant(std::string_view word, const std::vector<std::string>& words) {
  const std::string close = nearest(word, words);
  return close.empty() ? "" : fmt::format(" (did you mean {}?)", close);
}

}  // namespace

std::string unknown_verb(std::string_view verb, const std::vector<std::string>& verbs) {
  const std::string close = meant(verb, verbs);
  if (!close.empty()) return fmt::format("there is no verb {}{}", quoted(verb), close);
  std::string all;
  for (const std::string& each : verbs) all += (all.empty() ? "" : ", ") + each;
  return fmt::format("there is no verb {}; there are {}", quoted(verb), all);
}

std::string unknown_arguments(const std::vector<std::string>& extras,
                              const std::vector<std::string>& options) {
  const auto option = std::ranges::find_if(
      extras, [](const std::string& word) { return word.starts_with('-') && word != "-"; });
  if (option == extras.end()) {
    return fmt::format("one argument too many: {}", extras.empty() ? "" : quoted(extras.front()));
  }
  const std::string_view name = std::string_view(*option).substr(0, option->find('='));
  // Of single letters any is as near as any other.
  return fmt::format("there is no option {}{}", name,
                     name.starts_with("--") ? meant(name, options) : "");
}

std::expected<std::uint64_t, std::string> parse_count(std::string_view text, std::uint64_t least,
                                                      std::uint64_t most) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc{} && end == text.data() + text.size() && count >= least && count <= most) {
    return count;
  }
  return std::unexpected(
      fmt::format("expected a whole number from {} to {}, found {}", least, most, quoted(text)));
}

bool is_folder_name(std::string_view verb, const std::string& folder) {
  if (!folder.empty()) return true;
  fmt::print(stderr, "tickover {}: --out needs the name of a folder\n", verb);
  return false;
}

}  // namespace tickover::sim
