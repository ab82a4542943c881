#include "sim/program/replay_line.h"

#include <fmt/core.h>

#include <algorithm>

namespace tickover::sim {

std::string shell_word(std::string_view word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,";
  const bool is_plain = !word.empty() && std::ranges::all_of(word, [&](char c) {
    return plain.find(c) != std::string_view::npos;
  });
  if (is_plain) return std::string(word);
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string fault_option(std::string_view fault) {
  return " --fault " + shell_word(fault);
}

std::string_view replay_command(std::string_view line) {
  constexpr std::string_view label = "replay: ";
  return line.starts_with(label) ? line.substr(label.size()) : line;
}

std::string case_words(const SweepItem& item) {
  if (item.invent) return " sweep --swarm --seeds 1 --from ";
  // A leading dash would make the file an option.
  return fmt::format(" run {}{} --seed ", item.path.starts_with('-') ? "./" : "",
                     shell_word(item.path));
}

std::string replay_line_of_case(std::string_view program, const SweepItem& item, std::uint64_t seed,
                                std::uint64_t steps) {
  std::string line = fmt::format("replay: {}{}0x{:x}", shell_word(program), case_words(item), seed);
  if (steps != RunLimits{}.steps) line += fmt::format(" --steps {}", steps);
  line += item.options;
  return line;
}

std::string replay_line(std::string_view program, std::string_view file, std::uint64_t seed,
                        std::uint64_t steps) {
  return replay_line_of_case(program, {.path = std::string(file)}, seed, steps);
}

}  // namespace tickover::sim
