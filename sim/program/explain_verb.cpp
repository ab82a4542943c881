#include "sim/program/explain_verb.h"

#include <fmt/core.h>

#include "sim/program/load.h"
#include "sim/report/explain.h"
#include "sim/report/json.h"
#include "sim/search/run_case.h"

namespace tickover::sim {
namespace {

std::string json_of(const ExplainRequest& request, const Plan& plan) {
  std::string text;
  JsonWriter json(text);
  json.begin_object()
      .member("file", std::string_view(request.file))
      .member("seed", std::string_view(fmt::format("0x{:x}", plan.seed)))
      .member("sentence", std::string_view(plan.scenario.sentence));
  json.key("chapters").begin_array();
  for (const Chapter& chapter : explain(plan)) {
    json.begin_object().member("title", std::string_view(chapter.title));
    json.key("lines").begin_array();
    for (const std::string& line : chapter.lines) json.value(std::string_view(line));
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return text;
}

}  // namespace

int explain_verb(const ExplainRequest& request, const RoleRegistry& registry) {
  constexpr int bad_file = static_cast<int>(ExitCode::usage);
  std::vector<SweepItem> items;
  if (!load_scenarios({request.file}, registry, items)) return bad_file;
  const Scenario& scenario = items.front().scenario;
  const std::uint64_t seed = request.seed.value_or(scenario.seed.value_or(1));
  const std::vector<Problem> problems = plan_problems(scenario, request.file, seed, registry);
  for (const Problem& problem : problems) {
    fmt::print(stderr, "{} (with seed 0x{:x})\n", problem.text(), seed);
  }
  if (!problems.empty()) return bad_file;
  const auto plan = make_plan(scenario, seed, registry);
  if (request.json) {
    fmt::print("{}\n", json_of(request, **plan));
    return 0;
  }
  fmt::print("{}, seed 0x{:x}\n", request.file, seed);
  if (!scenario.sentence.empty()) fmt::print("{}\n", scenario.sentence);
  for (const Chapter& chapter : explain(**plan)) {
    fmt::print("\n{}\n", chapter.title);
    for (const std::string& line : chapter.lines) fmt::print("  {}\n", line);
  }
  return 0;
}

}  // namespace tickover::sim
