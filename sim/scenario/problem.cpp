#include "sim/scenario/problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "sim/scenario/nearest.h"

namespace tickover::sim {
namespace {

constexpr std::size_t most_problems = 1000;

}  // namespace

std::string Problem::text() const {
  std::string result = file;
  if (line > 0) result += fmt::format(":{}:{}", line, column);
  result += severity == Severity::warning ? ": warning: " : ": ";
  result += what;
  if (!meant.empty()) result += fmt::format(" (did you mean {}?)", quoted(meant));
  return result;
}

bool Problems::is_full() const {
  return problems_.size() >= most_problems;
}

std::vector<Problem> Problems::sorted() const {
  std::vector<Problem> result = problems_;
  std::sort(result.begin(), result.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.line, a.column, a.what) < std::tie(b.line, b.column, b.what);
  });
  // What stands in a template is wrong once, however many tables are like it.
  const auto is_same = [](const Problem& a, const Problem& b) {
    return std::tie(a.line, a.column, a.what) == std::tie(b.line, b.column, b.what);
  };
  result.erase(std::unique(result.begin(), result.end(), is_same), result.end());
  if (unlisted_ > 0) {
    const Severity severity = has_errors() ? Severity::error : Severity::warning;
    result.push_back({file_, 0, 0, fmt::format("and {} more problems", unlisted_), severity});
  }
  return result;
}

void Problems::error(Place place, std::string what, std::string meant) {
  ++errors_;
  add(place, std::move(what), Severity::error, std::move(meant));
}

void Problems::warning(Place place, std::string what, std::string meant) {
  add(place, std::move(what), Severity::warning, std::move(meant));
}

void Problems::add(Place place, std::string what, Severity severity, std::string meant) {
  if (is_full()) {
    ++unlisted_;
    return;
  }
  problems_.push_back(
      {file_, place.line, place.column, std::move(what), severity, std::move(meant)});
}

}  // namespace tickover::sim
