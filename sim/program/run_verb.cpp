#include "sim/program/run_verb.h"

#include <fmt/core.h>

#include <cstring>
#include <memory>

#include "sim/program/crash_note.h"
#include "sim/program/files.h"
#include "sim/program/replay_line.h"
#include "sim/report/json.h"
#include "sim/report/log.h"
#include "sim/scenario/reader.h"
#include "sim/search/run_case.h"

namespace tickover::sim {
namespace {

/// A short timeline shows this many lines from its beginning, and as many from its end.
constexpr std::size_t shown_lines = 20;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

void print_timeline(const std::vector<std::string>& lines, bool whole) {
  const bool fits = whole || lines.size() <= 2 * shown_lines;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!fits && i == shown_lines) {
      fmt::print("{:>16}  ({} lines left out: -v shows all)\n", "...",
                 lines.size() - 2 * shown_lines);
      i = lines.size() - shown_lines;
    }
    fmt::print("{}\n", lines[i]);
  }
}

std::vector<std::string> complaints(const Outcome& outcome, const Plan& plan,
                                    const std::string& file) {
  std::vector<std::string> result;
  for (const auto& [oracle, count] : outcome.judgements) {
    if (count == 0) result.push_back(fmt::format("oracle {} never judged in this run", oracle));
  }
  for (std::size_t i = 0; i < outcome.fault_matches.size(); ++i) {
    if (outcome.fault_matches[i] != 0) continue;
    const Place place = plan.faults[i].spec->place;
    result.push_back(
        fmt::format("{}:{}:{}: this fault never matched anything", file, place.line, place.column));
  }
  return result;
}

std::string json_of(const Outcome& outcome, const RunRequest& request, const Plan& plan) {
  std::string text;
  JsonWriter json(text);
  json.begin_object()
      .member("file", std::string_view(request.file))
      .member("seed", std::string_view(fmt::format("0x{:x}", outcome.seed)))
      .member("verdict", outcome.exit == ExitCode::held ? "held" : "failed")
      .member("exit", static_cast<int>(outcome.exit))
      .member("digest", std::string_view(fmt::format("{:016x}", outcome.digest)))
      .member("stopped", name_of(outcome.stop))
      .member("simulated_ns", outcome.simulated.count())
      .member("steps", outcome.steps);
  json.key("datagrams")
      .begin_object()
      .member("sent", outcome.datagrams.sent)
      .member("duplicated", outcome.datagrams.duplicated)
      .member("forged", outcome.datagrams.forged)
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
  if (outcome.exit != ExitCode::held) {
    json.member("replay",
                std::string_view(replay_line(request.program, request.file, outcome.seed)));
  }
  json.end_object();
  return text;
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
  if (outcome.breach) {
    fmt::print("BROKEN {}: {}\n", outcome.breach->oracle, outcome.breach->statement);
  }
  fmt::print("verdict: {}\ndigest: {:016x}\n", summary(outcome), outcome.digest);
  if (outcome.exit != ExitCode::held) {
    fmt::print("{}\n", replay_line(request.program, request.file, outcome.seed));
  }
}

/// For scenarios/negative: whether what the file names has caught it.
int judge_catch(const Outcome& outcome, const Scenario& scenario) {
  if (scenario.caught_by.empty()) {
    fmt::print(stderr, "--caught: the file does not say `caught-by`\n");
    return static_cast<int>(ExitCode::usage);
  }
  const std::string caught = outcome.breach ? outcome.breach->oracle : "nothing";
  const bool as_said = caught == scenario.caught_by;
  fmt::print("{}: caught by {}, as it should be by {}\n", as_said ? "ok" : "FAILED", caught,
             scenario.caught_by);
  return as_said ? 0 : static_cast<int>(ExitCode::invariant);
}

}  // namespace

int run_verb(const RunRequest& request, const RoleRegistry& registry) {
  std::vector<SweepItem> items;
  if (!read_scenarios({request.file}, registry, items)) return static_cast<int>(ExitCode::usage);
  const Scenario& scenario = items.front().scenario;
  const std::uint64_t seed = request.seed.value_or(scenario.seed.value_or(1));
  note_running_case(replay_line(request.program, request.file, seed) + "\n");
  const auto plan = make_plan(scenario, seed, registry);
  if (!plan) {
    fmt::print(stderr, "{}:{}:{}: {}\n", request.file, plan.error().place.line,
               plan.error().place.column, plan.error().what);
    return static_cast<int>(ExitCode::usage);
  }

  std::unique_ptr<std::FILE, CloseFile> file;
  std::unique_ptr<JsonLog> log;
  if (!request.log.empty()) {
    file.reset(std::fopen(request.log.c_str(), "w"));
    if (!file) {
      fmt::print(stderr, "cannot write {}: {}\n", request.log, std::strerror(errno));
      return static_cast<int>(ExitCode::usage);
    }
    log = std::make_unique<JsonLog>(file.get());
  }
  Timeline timeline(request.verbose);
  std::vector<Watcher*> watchers;
  if (!request.json) watchers.push_back(&timeline);
  if (log) watchers.push_back(log.get());

  const RunLimits limits{.steps = request.steps};
  Outcome outcome = run_case(*plan, limits, watchers);
  if (outcome.exit != ExitCode::held) confirm(outcome, *plan, limits);
  if (log) {
    log->note(Instant::at(outcome.simulated),
              outcome.exit == ExitCode::held ? Weight::info : Weight::error, summary(outcome));
    if (!log->flush()) {
      fmt::print(stderr, "cannot write all of {}\n", request.log);
      return static_cast<int>(ExitCode::usage);
    }
  }
  if (request.json) {
    fmt::print("{}\n", json_of(outcome, request, **plan));
  } else {
    fmt::print("{}, seed {}\n", request.file, seed);
    if (!scenario.sentence.empty()) fmt::print("{}\n", scenario.sentence);
    print_timeline(timeline.lines(), request.verbose);
    print_outcome(outcome, request, **plan);
  }
  if (request.caught) return judge_catch(outcome, scenario);
  return static_cast<int>(outcome.exit);
}

}  // namespace tickover::sim
