#include "sim/program/run_verb.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include "sim/program/counterexample.h"
#include "sim/program/crash_note.h"
#include "sim/program/explicit_file.h"
#include "sim/program/fates_file.h"
#include "sim/program/herd_report.h"
#include "sim/program/load.h"
#include "sim/program/replay_line.h"
#include "sim/report/json.h"
#include "sim/report/log.h"
#include "sim/report/timeline.h"
#include "sim/search/run_case.h"

namespace tickover::sim {
namespace {

/// A short timeline has so many lines.
constexpr std::size_t shown_lines = 40;
/// Of a crash, the last lines say most.
constexpr std::size_t last_lines = 20;
/// A run of up to this many steps is run twice, so that a machine which is not deterministic shows.
constexpr std::uint64_t most_steps_twice = 1'000'000;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

void print_timeline(const Timeline& timeline, bool whole) {
  if (whole) {
    for (const std::string& line : timeline.lines()) fmt::print("{}\n", line);
    return;
  }
  const std::vector<std::string> lines = timeline.shortened(shown_lines);
  for (const std::string& line : lines) fmt::print("{}\n", line);
  if (timeline.lines().size() > shown_lines) fmt::print("{:>16}  -v shows all of it\n", "");
}

/// Whether that [[fault]] was to do something by then; one that waits for an event may still wait.
bool was_due(const Plan& plan, std::size_t number, Instant now) {
  return std::ranges::any_of(plan.faults, [&](const FaultPlan& fault) {
    return plan.number_of(fault) == number && !fault.after && fault.begin < now;
  });
}

std::vector<std::string> complaints(const Outcome& outcome, const Plan& plan,
                                    const std::string& file) {
  std::vector<std::string> result;
  // A run that broke ended too soon for some of them.
  const bool is_whole = outcome.exit == ExitCode::held;
  for (const auto& [oracle, count] : outcome.judgements) {
    if (is_whole && count == 0)
      result.push_back(fmt::format("oracle {} never judged in this run", oracle));
  }
  for (std::size_t i = 0; i < outcome.fault_matches.size(); ++i) {
    if (outcome.fault_matches[i] != 0) continue;
    if (!is_whole && !was_due(plan, i, Instant::at(outcome.simulated))) continue;
    const Place place = plan.scenario.faults[i].place;
    result.push_back(
        fmt::format("{}:{}:{}: this fault never matched anything", file, place.line, place.column));
  }
  for (std::size_t i = 0; i < outcome.claim_judgements.size(); ++i) {
    if (!is_whole || outcome.claim_judgements[i] != 0) continue;
    const Place place = plan.scenario.expect.within[i].place;
    result.push_back(fmt::format(
        "{}:{}:{}: this claim was never judged: what it counts from did not come, or too late",
        file, place.line, place.column));
  }
  return result;
}

std::string replay_of(std::uint64_t seed, const RunRequest& request) {
  std::string line = replay_line(request.program, request.file, seed, request.steps);
  line += driver_option(request.driver);
  for (const std::string& fault : request.faults) line += fault_option(fault);
  return line;
}

std::string replay_of(const Outcome& outcome, const RunRequest& request) {
  return replay_of(outcome.seed, request);
}

/// What a run exits with: for scenarios/negative, 0 only if what the file names has caught it.
int exit_of(const Outcome& outcome, const RunRequest& request, const Scenario& scenario) {
  if (!request.caught) return static_cast<int>(outcome.exit);
  const bool is_caught = outcome.breach && outcome.breach->oracle == scenario.caught_by;
  return is_caught ? 0 : static_cast<int>(ExitCode::invariant);
}

std::string json_of(const Outcome& outcome, const RunRequest& request, const Plan& plan,
                    const std::vector<Herd>& herds) {
  std::string text;
  JsonWriter json(text);
  json.begin_object()
      .member("file", std::string_view(request.file))
      .member("seed", std::string_view(fmt::format("0x{:x}", outcome.seed)))
      .member("driver", std::string_view(request.driver ? driver_text(*request.driver) : "file"))
      .member("verdict", outcome.exit == ExitCode::held ? "held" : "failed")
      .member("exit", static_cast<int>(outcome.exit))
      .member("digest", std::string_view(fmt::format("{:016x}", outcome.digest)))
      .member("stopped", name_of(outcome.stop))
      .member("simulated_ns", outcome.simulated.count())
      .member("steps", outcome.steps);
  if (request.caught) json.member("caught", exit_of(outcome, request, plan.scenario) == 0);
  json.key("datagrams")
      .begin_object()
      .member("sent", outcome.datagrams.sent)
      .member("duplicated", outcome.datagrams.duplicated)
      .member("forged", outcome.datagrams.forged)
      .member("overheard", outcome.datagrams.overheard)
      .member("delivered", outcome.datagrams.delivered)
      .member("dropped", outcome.datagrams.dropped)
      .member("in_flight", outcome.datagrams.in_flight)
      .end_object();
  json.key("judgements").begin_object();
  for (const auto& [oracle, count] : outcome.judgements) json.member(oracle, count);
  json.end_object();
  if (outcome.breach) {
    json.key("breach")
        .begin_object()
        .member("oracle", std::string_view(outcome.breach->oracle))
        .member("statement", std::string_view(outcome.breach->statement))
        .member("what", std::string_view(outcome.breach->what))
        .member("step", outcome.breach->step)
        .member("time", std::string_view(rfc3339_text(outcome.breach->time)))
        .end_object();
  }
  json.key("complaints").begin_array();
  for (const std::string& line : complaints(outcome, plan, request.file)) {
    json.value(std::string_view(line));
  }
  json.end_array();
  write_herds(json, herds, plan);
  if (!outcome.trials.empty()) {
    json.key("trials").begin_array();
    for (const Trial trial : outcome.trials) {
      if (trial == Trial::unjudged) {
        json.null();
      } else {
        json.value(trial == Trial::kept);
      }
    }
    json.end_array();
  }
  if (!outcome.demanded.empty()) {
    json.key("demands").begin_object();
    for (std::size_t i = 0; i < outcome.demanded.size(); ++i) {
      json.member(plan.scenario.expect.marks[i].text, outcome.demanded[i]);
    }
    json.end_object();
  }
  const bool is_unmet = request.caught && exit_of(outcome, request, plan.scenario) != 0;
  if (outcome.exit != ExitCode::held || is_unmet) {
    json.member("replay",
                replay_command(replay_of(outcome, request) + (is_unmet ? " --caught" : "")));
  }
  json.end_object();
  return text;
}

std::string_view trial_text(Trial trial) {
  if (trial == Trial::unjudged) return "had no occasion for it";
  return trial == Trial::kept ? "kept it" : "did not keep it";
}

std::string met_text(std::uint64_t times) {
  if (times == 0) return "did not";
  return times == 1 ? "met it once" : fmt::format("met it {} times", times);
}

void print_outcome(const Outcome& outcome, const RunRequest& request, const Plan& plan) {
  for (const std::string& line : complaints(outcome, plan, request.file)) {
    fmt::print("warning: {}\n", line);
  }
  std::uint64_t judgements = 0;
  for (const auto& [oracle, count] : outcome.judgements) judgements += count;
  fmt::print(
      "{} of simulated time, {} steps, {} datagrams delivered, {} judgements by {} oracles\n",
      short_text(outcome.simulated), outcome.steps, outcome.datagrams.delivered, judgements,
      outcome.judgements.size());
  const std::vector<ProbabilitySpec>& likely = plan.scenario.expect.probability;
  for (std::size_t i = 0; i < outcome.trials.size(); ++i) {
    fmt::print("not judged: how likely \"{}\" is, which a sweep decides; this run {}\n",
               likely[i].of.text, trial_text(outcome.trials[i]));
  }
  for (std::size_t i = 0; i < outcome.demanded.size(); ++i) {
    fmt::print("not judged: whether some seed meets \"{}\", which a sweep decides; this run {}\n",
               plan.scenario.expect.marks[i].text, met_text(outcome.demanded[i]));
  }
  if (outcome.breach) {
    fmt::print("BROKEN {}: {}\n", outcome.breach->oracle, outcome.breach->statement);
  }
  fmt::print("verdict: {}\ndigest: {:016x}\n", summary(outcome), outcome.digest);
  if (outcome.exit != ExitCode::held) {
    fmt::print("{}\n", replay_of(outcome, request));
  }
}

void print_catch(const Outcome& outcome, const Scenario& scenario, const RunRequest& request) {
  const bool as_said = exit_of(outcome, request, scenario) == 0;
  fmt::print("{}: caught by {}, as it should be by {}\n", as_said ? "ok" : "FAILED",
             outcome.breach ? outcome.breach->oracle : "nothing", scenario.caught_by);
  if (!as_said) fmt::print("{} --caught\n", replay_of(outcome, request));
}

int refuse(const std::string& file, std::string_view why) {
  fmt::print(stderr, "{}: {}\n", file, why);
  return static_cast<int>(ExitCode::usage);
}

/// Whether every file that is asked for is one of its own; an exit code if not.
int check_outputs(const RunRequest& request) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<std::pair<fs::path, std::string_view>> taken = {
      {fs::weakly_canonical(fs::absolute(request.file, error), error), "scenario"}};
  for (const auto& [path, what] : {std::pair(&request.log, "log"),
                                   {&request.fates, "list"},
                                   {&request.explicit_file, "explicit scenario"}}) {
    if (path->empty()) continue;
    const fs::path whole = fs::weakly_canonical(fs::absolute(*path, error), error);
    for (const auto& [other, name] : taken) {
      std::error_code missing;
      if (whole != other && !fs::equivalent(whole, other, missing)) continue;
      return refuse(*path, fmt::format("the {} would overwrite the {}", what, name));
    }
    taken.emplace_back(whole, what);
  }
  return 0;
}

using LogFile = std::unique_ptr<std::FILE, CloseFile>;

/// What a run shows of itself while it goes on; on a crash, all that it has seen until then.
struct Watching {
  Timeline timeline;
  HerdWatch herds;
  std::unique_ptr<JsonLog> log;
  std::unique_ptr<FateRecorder> fates;
  bool shows_timeline = false;

  std::vector<std::string> herd_texts(const Plan& plan) const {
    std::vector<std::string> lines;
    for (const Herd& herd : herds.herds()) {
      std::ranges::move(herd_lines(herd, plan), std::back_inserter(lines));
    }
    return lines;
  }
  /// False if something could not be written.
  bool end_log(const std::vector<std::string>& texts, const Outcome& outcome) const {
    const Instant end = Instant::at(outcome.simulated);
    for (const std::string& text : texts) log->note(end, Weight::info, text);
    const bool held = outcome.exit == ExitCode::held;
    log->note(end, held ? Weight::info : Weight::error, summary(outcome));
    return log->flush();
  }

  static void last_words(void* of) {
    const auto* self = static_cast<const Watching*>(of);
    if (self->log) self->log->spill();
    if (!self->shows_timeline) return;
    const std::vector<std::string>& lines = self->timeline.lines();
    for (std::size_t i = lines.size() - std::min(lines.size(), last_lines); i < lines.size(); ++i) {
      [[maybe_unused]] auto written = ::write(STDOUT_FILENO, lines[i].data(), lines[i].size());
      written = ::write(STDOUT_FILENO, "\n", 1);
    }
  }
};

Outcome watch_case(const std::shared_ptr<const Plan>& plan, const RunRequest& request,
                   Watching& watching) {
  std::vector<Watcher*> watchers{&watching.herds};
  if (watching.shows_timeline) watchers.push_back(&watching.timeline);
  if (watching.log) watchers.push_back(watching.log.get());
  if (watching.fates) watchers.push_back(watching.fates.get());
  const RunLimits limits{.steps = request.steps};
  std::fflush(stdout);
  on_crash(&Watching::last_words, &watching);
  Outcome outcome = run_case(plan, limits, watchers);
  on_crash(nullptr, nullptr);
  if (outcome.exit != ExitCode::held || outcome.steps <= most_steps_twice) {
    confirm(outcome, plan, limits);
  }
  note_running_case("");
  return outcome;
}

/// The run as other scenarios, as far as they are asked for; an exit code if that fails. `lines`
/// gets what there is to say of them.
int write_scenarios(const RunRequest& request, const Plan& plan, const Outcome& outcome,
                    Watching& watching, const RoleRegistry& registry,
                    std::vector<std::string>& lines) {
  const RunLimits limits{.steps = request.steps};
  std::string error;
  if (watching.fates) {
    lines.push_back(
        write_fates(request.fates, plan, outcome, watching.fates->take(), registry, limits, error));
    if (!error.empty()) return refuse(request.fates, error);
  }
  if (!request.explicit_file.empty()) {
    lines.push_back(write_explicit(request.explicit_file, plan, outcome, registry, limits, error));
    if (!error.empty()) return refuse(request.explicit_file, error);
  }
  return 0;
}

}  // namespace

int run_verb(const RunRequest& request, const RoleRegistry& registry) {
  std::vector<SweepItem> items;
  if (!load_scenarios({request.file}, registry, items, request.faults)) {
    return static_cast<int>(ExitCode::usage);
  }
  drive(items.front().scenario, request.driver, registry);
  const Scenario& scenario = items.front().scenario;
  if (request.caught && scenario.caught_by.empty()) {
    return refuse(request.file, "the file does not say `caught-by`, and --caught asks for it");
  }
  const std::uint64_t seed = request.seed.value_or(scenario.seed.value_or(1));
  note_running_case(replay_of(seed, request) + "\n");
  const std::vector<Problem> problems = plan_problems(scenario, request.file, seed, registry);
  for (const Problem& problem : problems) {
    fmt::print(stderr, "{} (with seed 0x{:x})\n", problem.text(), seed);
  }
  if (!problems.empty()) return static_cast<int>(ExitCode::usage);
  const auto plan = make_plan(scenario, seed, registry);

  LogFile file;
  Watching watching{Timeline(request.verbose), HerdWatch(**plan), nullptr, nullptr, !request.json};
  if (const int bad = check_outputs(request)) return bad;
  if (!request.fates.empty()) watching.fates = std::make_unique<FateRecorder>();
  if (!request.log.empty()) {
    file.reset(std::fopen(request.log.c_str(), "w"));
    if (!file)
      return refuse(request.log, std::string("cannot be written: ") + std::strerror(errno));
    watching.log = std::make_unique<JsonLog>(file.get());
    watching.log->note(Instant{}, Weight::info,
                       fmt::format("seed 0x{:x}: {}", seed, scenario.sentence));
  }
  if (!request.json) {
    fmt::print("{}, seed 0x{:x}{}\n", request.file, seed,
               request.driver ? ", driver " + driver_text(*request.driver) : "");
    if (!scenario.sentence.empty()) fmt::print("{}\n", scenario.sentence);
  }
  const Outcome outcome = watch_case(*plan, request, watching);
  const std::vector<std::string> herds = watching.herd_texts(**plan);
  if (watching.log && !watching.end_log(herds, outcome)) {
    return refuse(request.log, "cannot be written to its end");
  }
  std::vector<std::string> written;
  if (const int bad = write_scenarios(request, **plan, outcome, watching, registry, written)) {
    return bad;
  }
  if (request.json) {
    fmt::print("{}\n", json_of(outcome, request, **plan, watching.herds.herds()));
  } else {
    // A failure is told from what started it; the log is for those who ask.
    std::vector<std::string> diagram;
    if (outcome.exit != ExitCode::held) diagram = why_of(*plan, {.steps = request.steps});
    if (diagram.empty() || request.verbose) {
      print_timeline(watching.timeline, request.verbose);
    }
    for (const std::string& line : diagram) fmt::print("{}\n", line);
    for (const std::string& line : written) fmt::print("{}\n", line);
    for (const std::string& line : herds) fmt::print("{}\n", line);
    print_outcome(outcome, request, **plan);
  }
  if (request.caught && !request.json) print_catch(outcome, scenario, request);
  return exit_of(outcome, request, scenario);
}

}  // namespace tickover::sim
