#include "sim/program/replay_verb.h"

#include <fmt/core.h>

#include <algorithm>

#include "sim/program/counterexample.h"
#include "sim/program/crash_note.h"
#include "sim/program/load.h"
#include "sim/program/replay_line.h"
#include "sim/report/events.h"
#include "sim/report/json.h"
#include "sim/scenario/reader.h"

namespace tickover::sim {
namespace {

/// How a replay compares with what was found.
struct Comparison {
  std::string verdict;  // "reproduces", …
  bool same_oracle = false;
  bool same_run = false;
  std::string first;  // which event differs, in words; empty if none does, or none is known
  std::string then;
  std::string now;
};

/// What differs first. The end of the shorter list counts as a difference, too.
void find_difference(Comparison& comparison, const std::vector<EventLine>& then,
                     const std::vector<EventLine>& now) {
  const auto at = first_difference(then, now);
  const std::size_t index = at ? *at - 1 : std::min(then.size(), now.size());
  comparison.first = fmt::format("event {}", index + 1);
  const auto words = [&](const std::vector<EventLine>& lines) {
    return index < lines.size() ? lines[index].words : std::string("nothing more");
  };
  comparison.then = words(then);
  comparison.now = words(now);
  if (comparison.then == comparison.now) comparison.first += ", in bytes that no line tells";
}

Comparison compare(const Found& found, const Outcome& outcome, const EventList& events,
                   const std::string& file) {
  Comparison result;
  const bool fails = outcome.exit != ExitCode::held;
  // A file of an older version names the oracle alone.
  const bool is_same = outcome.breach ? found_name(*outcome.breach) == found.oracle ||
                                            outcome.breach->oracle == found.oracle
                                      : name_of(outcome.stop) == found.oracle;
  result.same_oracle = fails && is_same;
  result.same_run = result.same_oracle && fmt::format("{:016x}", outcome.digest) == found.digest;
  result.verdict = result.same_run      ? "reproduces, event by event"
                   : result.same_oracle ? "reproduces, by another run"
                   : fails              ? "fails, but not as it was found"
                                        : "does not reproduce: all held";
  if (result.same_run) return result;
  const auto text = read_small_file(events_path(file));
  const auto then = text ? parse_events(*text) : std::nullopt;
  if (then) find_difference(result, *then, events.lines());
  return result;
}

std::string json_of(const ReplayRequest& request, const Found& found, const Outcome& outcome,
                    const Comparison& comparison) {
  std::string text;
  JsonWriter json(text);
  json.begin_object()
      .member("file", std::string_view(request.file))
      .member("seed", std::string_view(fmt::format("0x{:x}", outcome.seed)))
      .member("reproduces", comparison.same_oracle)
      .member("same_run", comparison.same_run)
      .member("exit", static_cast<int>(outcome.exit))
      .member("found", std::string_view(found.oracle))
      .member("now", std::string_view(summary(outcome)))
      .member("digest", std::string_view(fmt::format("{:016x}", outcome.digest)));
  if (!comparison.first.empty()) {
    json.key("first_difference")
        .begin_object()
        .member("where", std::string_view(comparison.first))
        .member("then", std::string_view(comparison.then))
        .member("now", std::string_view(comparison.now))
        .end_object();
  }
  json.end_object();
  return text;
}

void print_comparison(const ReplayRequest& request, const Found& found, const Outcome& outcome,
                      const Comparison& comparison) {
  fmt::print("{}: {}\n", request.file, comparison.verdict);
  fmt::print("found: {} at event {} by version {}\n", found.oracle, found.event, found.version);
  fmt::print("now:   {}\n", summary(outcome));
  if (!comparison.first.empty()) {
    fmt::print("first difference: {}\n  then: {}\n  now:  {}\n", comparison.first, comparison.then,
               comparison.now);
  } else if (!comparison.same_run) {
    fmt::print("there is no {} to tell the first event that differs\n", events_path(request.file));
  }
  fmt::print("digest: {:016x}\n", outcome.digest);
}

}  // namespace

std::string replay_line_of_saved(const std::string& program, const std::string& file,
                                 std::uint64_t steps) {
  std::string line = fmt::format("replay: {} replay {}{}", shell_word(program),
                                 file.starts_with('-') ? "./" : "", shell_word(file));
  if (steps != RunLimits{}.steps) line += fmt::format(" --steps {}", steps);
  return line;
}

int replay_verb(const ReplayRequest& request, const RoleRegistry& registry) {
  std::vector<SweepItem> items;
  if (!load_scenarios({request.file}, registry, items)) return static_cast<int>(ExitCode::usage);
  const Scenario& scenario = items.front().scenario;
  if (!scenario.found || !scenario.seed) {
    fmt::print(stderr, "{}: replay needs `seed` and [found], as a saved failure has them\n",
               request.file);
    return static_cast<int>(ExitCode::usage);
  }
  const std::string again = replay_line_of_saved(request.program, request.file, request.steps);
  note_running_case(again + "\n");
  RunLimits limits{.steps = request.steps};
  // Who ran out of steps ran out of so many.
  const bool ran_out = scenario.found->oracle == name_of(StopReason::step_limit);
  if (ran_out) limits.steps = std::min(limits.steps, scenario.found->event);
  const auto plan = make_plan(scenario, *scenario.seed, registry);
  EventList events;
  Outcome outcome = run_case(*plan, limits, {&events});
  confirm(outcome, *plan, limits);
  const Comparison comparison = compare(*scenario.found, outcome, events, request.file);
  if (request.json) {
    fmt::print("{}\n", json_of(request, *scenario.found, outcome, comparison));
  } else {
    for (const std::string& line : why_of(*plan, limits)) fmt::print("{}\n", line);
    print_comparison(request, *scenario.found, outcome, comparison);
    if (outcome.exit != ExitCode::held) fmt::print("{}\n", again);
  }
  note_running_case("");
  return static_cast<int>(outcome.exit);
}

}  // namespace tickover::sim
