#include "sim/program/keep_failure.h"

#include <fmt/core.h>
#include <unistd.h>

#include <filesystem>

#include "sim/program/case_notes.h"
#include "sim/program/crash_note.h"
#include "sim/program/replay_line.h"
#include "sim/program/replay_verb.h"
#include "sim/scenario/reader.h"
#include "sim/search/failure_shape.h"

namespace tickover::sim {
namespace {

constexpr std::string_view candidate_mark = "-candidate-";  // and the number of the process

/// The files that a shrinker leaves on its way.
class Trail {
 public:
  Trail(const KeepRequest& request, const std::string& file, std::uint64_t seed)
      : smallest_(request.folder + "/" + file + "-shrunk.toml"),
        candidate_(fmt::format("{}/{}{}{}.toml", request.folder, file, candidate_mark, ::getpid())),
        line_(replay_line(request.program, candidate_, seed, request.limits.steps) + "\n"),
        before_(request.replay + "\n") {}
  ~Trail() {
    std::error_code error;
    std::filesystem::remove(candidate_, error);
    note_running_case(before_);
  }
  Trail(const Trail&) = delete;
  Trail& operator=(const Trail&) = delete;

  ShrinkHooks hooks() {
    ShrinkHooks hooks;
    hooks.before = [this](const Scenario& scenario) {
      // Where it cannot be written the result cannot either, and that is told.
      static_cast<void>(write_scenario(candidate_, scenario));
      note_running_case(line_);
    };
    hooks.smaller = [this](const Scenario& scenario, const Outcome& outcome) {
      static_cast<void>(write_scenario(smallest_, as_found(scenario, outcome)));
    };
    return hooks;
  }

 private:
  std::string smallest_;
  std::string candidate_;
  std::string line_;
  std::string before_;
};

}  // namespace

std::string path_of_running(const std::string& folder, const std::string& name,
                            std::uint64_t seed) {
  return fmt::format("{}/{}-{:x}-running.toml", folder, name, seed);
}

void run_left_candidates(const std::string& program, const std::string& folder,
                         const RunLimits& limits, const RoleRegistry& registry) {
  for (const std::string& file : abandoned_files(folder, candidate_mark, ".toml")) {
    const auto scenario = read_scenario_file(file, registry);
    const auto plan = scenario && scenario->seed ? make_plan(*scenario, *scenario->seed, registry)
                                                 : std::unexpected(PlanError{});
    if (!plan) {
      fmt::print(stderr, "{}: a shrinker was killed at it; it cannot be run by this program\n",
                 file);
      continue;
    }
    note_running_case(replay_line(program, file, *scenario->seed, limits.steps) + "\n");
    const Outcome outcome = run_case(*plan, limits);
    note_running_case("");
    if (outcome.stop == StopReason::cancelled) return;
    fmt::print(stderr,
               "{}: a shrinker was killed at it; it runs to its end now ({}), and is removed\n",
               file, summary(outcome));
    std::error_code error;
    std::filesystem::remove(file, error);
  }
}

KeptFailure keep_failure(const Scenario& scenario, const Outcome& outcome,
                         const KeepRequest& request, const RoleRegistry& registry) {
  FailureStory story{request.origin, ""};
  const std::string file = failure_file_name(request.folder, request.name, outcome, story);
  KeptFailure kept;
  kept.replay = request.replay;
  kept.faults = scenario.faults.size();
  kept.what = summary(outcome);
  RunLimits limits = request.limits;
  limits.cancel = nullptr;  // a story is told to its end
  kept.as_found =
      save_failure(as_found(scenario, outcome), story, request.folder, file, registry, limits);
  if (kept.as_found.empty() || !request.may_shrink) return kept;
  Shrunk shrunk;
  {
    Trail trail(request, file, outcome.seed);
    shrunk =
        shrink(scenario, outcome, registry, request.limits, request.shrink_limits, trail.hooks());
  }
  if (shrunk.end == ShrinkEnd::not_a_breach) return kept;
  kept.effort = story.effort = effort(shrunk);
  kept.what = summary(shrunk.outcome);
  const auto plan = make_plan(shrunk.scenario, outcome.seed, registry);
  kept.kind = plan ? failure_kind(shrunk.outcome, **plan) : failure_id(shrunk.outcome);
  kept.cause = cause_of(shrunk.scenario);
  kept.end = shrunk.end;
  kept.runs = shrunk.runs;
  kept.faults = shrunk.faults;
  kept.wall = shrunk.wall;
  kept.shrunk = save_failure(as_found(shrunk.scenario, shrunk.outcome), story, request.folder,
                             file + "-shrunk", registry, limits);
  if (!kept.shrunk.empty()) {
    kept.replay = replay_line_of_saved(request.program, kept.shrunk, request.limits.steps);
  }
  return kept;
}

std::string run_and_keep(const Scenario& scenario, std::uint64_t seed, KeepRequest request,
                         const RoleRegistry& registry) {
  const std::string path = path_of_running(request.folder, request.name, seed);
  std::error_code error;
  std::filesystem::create_directories(request.folder, error);
  if (!write_scenario(path, scenario)) return path + " cannot be written";
  request.replay = replay_line(request.program, path, seed, request.limits.steps);
  request.origin = fmt::format("an invented world with seed 0x{:x}", seed);
  const auto plan = make_plan(scenario, seed, registry);
  // It stays, so that the replay line says why.
  if (!plan) return fmt::format("no plan: {}\n{}", plan.error().what, request.replay);
  note_running_case(request.replay + "\n");
  Outcome outcome = run_case(*plan, request.limits);
  const bool held = outcome.exit == ExitCode::held;
  if (!held) confirm(outcome, *plan, request.limits);
  note_running_case("");
  if (held) {
    std::filesystem::remove(path, error);
    return "";
  }
  const KeptFailure kept = keep_failure(scenario, outcome, request, registry);
  note_running_case("");
  std::string text = summary(outcome) + "\nsaved: " + kept.as_found;
  if (!kept.shrunk.empty()) {
    text += fmt::format("\nafter {}: {}\n{}", kept.effort, kept.shrunk, kept.what);
    std::filesystem::remove(path, error);  // what was saved says more
  }
  return text + "\n" + kept.replay;
}

}  // namespace tickover::sim
