#include <fmt/core.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "sim/program/crash_note.h"
#include "sim/program/interrupt.h"
#include "sim/program/keep_failure.h"
#include "sim/program/load.h"
#include "sim/program/replay_line.h"
#include "sim/program/replay_verb.h"
#include "sim/program/sweep_table.h"
#include "sim/program/usage.h"
#include "sim/report/json.h"
#include "sim/scenario/reader.h"

namespace tickover::sim {
namespace {

int exit_of(const Outcome& outcome, const KeptFailure& kept) {
  return kept.end == ShrinkEnd::cancelled ? interrupted_exit : static_cast<int>(outcome.exit);
}

std::string json_of(const ShrinkRequest& request, const Outcome& outcome, const KeptFailure& kept) {
  std::string text;
  JsonWriter json(text);
  json.begin_object()
      .member("file", std::string_view(request.file))
      .member("exit", exit_of(outcome, kept))
      .member("end", name_of(kept.end))
      .member("runs", kept.runs)
      .member("faults", kept.faults)
      .member("milliseconds", kept.wall.count() / 1'000'000)
      .member("what", std::string_view(kept.what));
  if (!kept.as_found.empty()) {
    json.member("saved", std::string_view(kept.smallest()))
        .member("replay", replay_command(kept.replay));
  }
  json.end_object();
  return text;
}

}  // namespace

int shrink_verb(const ShrinkRequest& request, const RoleRegistry& registry) {
  if (!is_folder_name("shrink", request.out)) return static_cast<int>(ExitCode::usage);
  std::vector<SweepItem> items;
  if (!load_scenarios({request.file}, registry, items)) return static_cast<int>(ExitCode::usage);
  run_left_candidates(request.program, request.out, {.steps = request.steps}, registry);
  const Scenario& scenario = items.front().scenario;
  const std::uint64_t seed = request.seed.value_or(scenario.seed.value_or(1));
  // What is being made small when somebody asks to stop stays as small as it is.
  Interrupt interrupt([] {}, grace_for_saving);
  const RunLimits limits{.steps = request.steps, .cancel = &interrupt.flag()};
  note_running_case(replay_line(request.program, request.file, seed, request.steps) + "\n");
  const auto plan = make_plan(scenario, seed, registry);
  if (!plan) {
    fmt::print(stderr, "{}: {} (with seed 0x{:x})\n", request.file, plan.error().what, seed);
    return static_cast<int>(ExitCode::usage);
  }
  Outcome outcome = run_case(*plan, limits);
  confirm(outcome, *plan, limits);
  if (interrupt.requested()) {
    fmt::print(stderr, "interrupted before it was known whether the run fails\n");
    return interrupted_exit;
  }
  KeptFailure kept{.what = summary(outcome), .faults = scenario.faults.size()};
  if (outcome.exit != ExitCode::held) {
    kept = keep_failure(scenario, outcome,
                        {.program = request.program,
                         .folder = request.out,
                         .name = std::filesystem::path(request.file).stem().string(),
                         .origin = fmt::format("{} with seed 0x{:x}", request.file, seed),
                         .replay = replay_line(request.program, request.file, seed, request.steps),
                         .limits = limits,
                         .shrink_limits = {.runs = request.runs}},
                        registry);
    if (kept.as_found.empty()) {
      fmt::print(stderr, "{}: cannot be written: {}\n", request.out, std::strerror(errno));
      return static_cast<int>(ExitCode::usage);
    }
  }
  note_running_case("");
  if (request.json) {
    fmt::print("{}\n", json_of(request, outcome, kept));
  } else if (kept.as_found.empty()) {
    fmt::print("{}, seed 0x{:x}: held, and there is nothing to shrink\n", request.file, seed);
  } else {
    if (const auto text = read_small_file(kept.smallest())) fmt::print("{}\n", *text);
    const std::string spent =
        kept.shrunk.empty() ? std::string(name_of(kept.end))
                            : fmt::format("{} in {} s", kept.effort, hundredths_text(kept.wall));
    fmt::print("{}; {}\nsaved: {}\n{}\n", kept.what, spent, kept.smallest(), kept.replay);
  }
  if (kept.end == ShrinkEnd::cancelled) {
    fmt::print(stderr, "interrupted: this is the smallest so far\n");
  }
  return exit_of(outcome, kept);
}

}  // namespace tickover::sim
