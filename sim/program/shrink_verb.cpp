#include <fmt/core.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "sim/program/counterexample.h"
#include "sim/program/crash_note.h"
#include "sim/program/load.h"
#include "sim/program/replay_line.h"
#include "sim/program/replay_verb.h"
#include "sim/program/sweep_table.h"
#include "sim/report/json.h"
#include "sim/scenario/reader.h"

namespace tickover::sim {
namespace {

std::string json_of(const ShrinkRequest& request, const Shrunk& shrunk, const std::string& path) {
  std::string text;
  JsonWriter json(text);
  json.begin_object()
      .member("file", std::string_view(request.file))
      .member("exit", static_cast<int>(shrunk.outcome.exit))
      .member("end", name_of(shrunk.end))
      .member("runs", shrunk.runs)
      .member("faults", shrunk.faults)
      .member("milliseconds", shrunk.wall.count() / 1'000'000)
      .member("what", std::string_view(summary(shrunk.outcome)));
  if (!path.empty()) json.member("saved", std::string_view(path));
  json.end_object();
  return text;
}

}  // namespace

int shrink_verb(const ShrinkRequest& request, const RoleRegistry& registry) {
  std::vector<SweepItem> items;
  if (!load_scenarios({request.file}, registry, items)) return static_cast<int>(ExitCode::usage);
  const Scenario& scenario = items.front().scenario;
  const std::uint64_t seed = request.seed.value_or(scenario.seed.value_or(1));
  const RunLimits limits{.steps = request.steps};
  note_running_case(replay_line(request.program, request.file, seed, request.steps) + "\n");
  const auto plan = make_plan(scenario, seed, registry);
  if (!plan) {
    fmt::print(stderr, "{}: {} (with seed 0x{:x})\n", request.file, plan.error().what, seed);
    return static_cast<int>(ExitCode::usage);
  }
  Outcome outcome = run_case(*plan, limits);
  confirm(outcome, *plan, limits);
  Shrunk shrunk{.scenario = scenario, .outcome = outcome, .end = ShrinkEnd::not_a_breach};
  std::string path;
  if (outcome.exit != ExitCode::held) {
    shrunk = shrink(scenario, outcome, registry, limits, {.runs = request.runs});
    const std::string stem = std::filesystem::path(request.file).stem().string();
    const std::string name = failure_file_name(stem, failure_id(shrunk.outcome), seed) + "-shrunk";
    path = save_failure(as_found(shrunk.scenario, shrunk.outcome),
                        {fmt::format("{} with seed 0x{:x}", request.file, seed), effort(shrunk)},
                        request.out, name, registry, limits);
    if (path.empty()) {
      fmt::print(stderr, "{}: cannot be written: {}\n", request.out, std::strerror(errno));
      return static_cast<int>(ExitCode::usage);
    }
  }
  note_running_case("");
  if (request.json) {
    fmt::print("{}\n", json_of(request, shrunk, path));
  } else if (path.empty()) {
    fmt::print("{}, seed 0x{:x}: held, and there is nothing to shrink\n", request.file, seed);
  } else {
    if (const auto text = read_small_file(path)) fmt::print("{}\n", *text);
    fmt::print("{}; {} in {} s\nsaved: {}\n{}\n", summary(shrunk.outcome), effort(shrunk),
               hundredths_text(shrunk.wall), path,
               replay_line_of_saved(request.program, path, request.steps));
  }
  return static_cast<int>(shrunk.outcome.exit);
}

}  // namespace tickover::sim
