#include "sim/search/failure_shape.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

namespace tickover::sim {
namespace {

constexpr std::string_view marks = "\"'(),:;.!?";

bool is_host(std::string_view word, const Plan& plan) {
  while (!word.empty() && marks.contains(word.front())) word.remove_prefix(1);
  while (!word.empty() && marks.contains(word.back())) word.remove_suffix(1);
  if (word.ends_with("'s")) word.remove_suffix(2);
  return std::ranges::any_of(plan.hosts,
                             [&](const HostPlan& host) { return host.info.name == word; });
}

/// " (line 41)" where the sentence that broke says so: two lines of a file are two failures.
std::string_view line_of(std::string_view what) {
  const std::size_t at = what.find(" (line ");
  const std::size_t end = what.find(')', at);
  return end == what.npos ? std::string_view() : what.substr(at, end + 1 - at);
}

}  // namespace

std::string failure_id(const Outcome& outcome) {
  return outcome.breach ? outcome.breach->oracle : std::string(name_of(outcome.stop));
}

std::string shape_of(std::string_view sentence, const Plan& plan) {
  std::string shape;
  while (!sentence.empty()) {
    const std::size_t end = std::min(sentence.find(' '), sentence.size());
    const std::string_view word = sentence.substr(0, end);
    sentence.remove_prefix(std::min(end + 1, sentence.size()));
    const bool has_digit = word.find_first_of("0123456789") != std::string_view::npos;
    const std::string_view token = is_host(word, plan) ? "host" : has_digit ? "#" : word;
    // "1min 3.5s" is as "4s".
    if (token == "#" && shape.ends_with('#')) continue;
    if (!shape.empty()) shape += ' ';
    shape += token;
  }
  return shape;
}

std::string failure_kind(const Outcome& outcome, const Plan& plan) {
  if (!outcome.breach || !outcome.breach->of) return failure_id(outcome);
  const Broken& of = *outcome.breach->of;
  return fmt::format("{} {} \"{}\"", outcome.breach->oracle, name_of(of.part),
                     shape_of(of.sentence, plan));
}

std::string failure_shape(const Outcome& outcome, const Plan& plan) {
  if (!outcome.breach || outcome.exit == ExitCode::nondeterminism) return failure_id(outcome);
  // What follows the first sentence tells of the whole world.
  std::string_view what = outcome.breach->what;
  what = what.substr(0, what.find(". "));
  std::string shape = outcome.breach->oracle + std::string(line_of(what));
  // How many others fare as the first is a matter of the seed.
  std::set<std::string> told;
  while (!what.empty()) {
    const std::string_view part = what.substr(0, std::min(what.find("; "), what.find(": ")));
    what.remove_prefix(std::min(part.size() + 2, what.size()));
    if (const auto [at, is_new] = told.insert(shape_of(part, plan)); is_new) shape += " " + *at;
  }
  return shape;
}

}  // namespace tickover::sim
