#include "sim/program/load.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

#include "sim/oracles/expectation.h"
#include "sim/oracles/oracles.h"
#include "sim/scenario/nearest.h"
#include "sim/scenario/reader.h"
#include "sim/scenario/toml_tree.h"

namespace tickover::sim {
namespace {

/// A range may be drawn badly by some seeds only. This many find what is wrong for many of them.
constexpr std::uint64_t probes = 8;

Problem problem_of(const PlanError& error, const std::string& path) {
  return {path, error.place.line, error.place.column, error.what};
}

/// That the oracle which must catch it judges no such run.
std::vector<Problem> caught_by_problems(const Scenario& scenario, const std::string& text,
                                        const std::string& path, std::uint64_t seed,
                                        const RoleRegistry& registry) {
  const auto plan = scenario.caught_by.empty() ? std::unexpected(PlanError{})
                                               : make_plan(scenario, seed, registry);
  if (!plan) return {};
  std::vector<std::string> names;
  const Oracles oracles = make_oracles(**plan);
  for (const auto& oracle : oracles.all()) {
    if (oracle->id() != "marks") names.emplace_back(oracle->id());
  }
  if (std::ranges::find(names, scenario.caught_by) != names.end()) return {};
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  const auto tree = parse_toml(text);
  const TomlEntry* const entry = tree ? tree->find("caught-by") : nullptr;
  const Place place = entry ? entry->value.place : Place{};
  return {{path, place.line, place.column,
           fmt::format("`caught-by`: no oracle {} judges this; there are {}",
                       quoted(scenario.caught_by), listed(names)),
           Severity::error, nearest(scenario.caught_by, names)}};
}

}  // namespace

std::vector<Problem> plan_problems(const Scenario& scenario, const std::string& path,
                                   std::uint64_t seed, const RoleRegistry& registry) {
  std::vector<Problem> problems;
  const auto plan = make_plan(scenario, seed, registry);
  if (!plan) return {problem_of(plan.error(), path)};
  for (const PlanError& error : check_expectations(**plan)) {
    problems.push_back(problem_of(error, path));
  }
  std::ranges::sort(problems, {}, [](const Problem& p) { return std::tie(p.line, p.column); });
  return problems;
}

std::optional<Scenario> load_scenario(const std::string& path, const RoleRegistry& registry,
                                      std::vector<Problem>& problems,
                                      const std::vector<std::string>& faults) {
  const auto file = read_small_file(path);
  std::string text = file.value_or("");
  for (const std::string& fault : faults) text += "\n[[fault]]\n" + fault + "\n";
  auto read = file ? read_scenario_text(text, path, registry, &problems)
                   : read_scenario_file(path, registry, &problems);
  if (!read) {
    problems = std::move(read.error());
    return {};
  }
  const std::uint64_t first = read->seed.value_or(1);
  const std::uint64_t last = read->seed ? first : probes;
  for (std::uint64_t seed = first;; ++seed) {
    std::vector<Problem> found = plan_problems(*read, path, seed, registry);
    if (!found.empty()) {
      if (seed != first) found.front().what += fmt::format(" (with seed 0x{:x})", seed);
      problems.insert(problems.end(), found.begin(), found.end());
      return {};
    }
    if (seed != last) continue;
    found = caught_by_problems(*read, text, path, first, registry);
    if (found.empty()) return std::move(*read);
    problems.insert(problems.end(), found.begin(), found.end());
    return {};
  }
}

bool load_scenarios(const std::vector<std::string>& paths, const RoleRegistry& registry,
                    std::vector<SweepItem>& items, const std::vector<std::string>& faults) {
  bool ok = true;
  for (const std::string& path : paths) {
    std::vector<Problem> problems;
    auto scenario = load_scenario(path, registry, problems, faults);
    for (const Problem& problem : problems) fmt::print(stderr, "{}\n", problem.text());
    if (scenario) {
      items.push_back({path, std::move(*scenario)});
    } else {
      ok = false;
    }
  }
  return ok;
}

}  // namespace tickover::sim
