#include "sim/program/sweep_verb.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <map>
#include <thread>

#include "sim/program/case_notes.h"
#include "sim/program/counterexample.h"
#include "sim/program/crash_note.h"
#include "sim/program/interrupt.h"
#include "sim/program/load.h"
#include "sim/program/progress.h"
#include "sim/program/replay_line.h"
#include "sim/program/replay_verb.h"
#include "sim/program/sweep_table.h"
#include "sim/report/json.h"
#include "sim/scenario/find.h"
#include "sim/search/sweep.h"

namespace tickover::sim {
namespace {

/// scenarios/fast, wherever the sweep was started.
bool is_below_fast(const std::string& path) {
  std::error_code error;
  const std::filesystem::path full = std::filesystem::absolute(path, error).lexically_normal();
  const auto scenarios = std::ranges::adjacent_find(
      full, [](const auto& a, const auto& b) { return a == "scenarios" && b == "fast"; });
  return scenarios != full.end();
}

/// What the sweep exits with, and its last line.
struct Report {
  int exit = 0;
  std::string last_line;

  void fail(ExitCode code, std::string replay) {
    if (exit != 0 && gravity(code) <= gravity(static_cast<ExitCode>(exit))) return;
    exit = static_cast<int>(code);
    last_line = std::move(replay);
  }
  /// What is wrong with a file never hides what is wrong with a machine.
  void fail_usage() {
    if (exit == 0) exit = static_cast<int>(ExitCode::usage);
  }
};

/// What was saved of a failure, and the command that replays the smaller of the two.
struct Saved {
  std::string as_found;
  std::string shrunk;
  std::string effort;
  std::string what;   // how the shrunk one fails
  std::string cause;  // of the shrunk one
  std::string replay;
};

/// First as it was found, so that nothing is lost, then made small if `may_shrink`.
Saved save(const Failure& failure, const std::string& oracle, const SweepItem& item,
           const std::string& name, const SweepRequest& request, const RoleRegistry& registry,
           bool may_shrink) {
  const RunLimits limits{.steps = request.steps};
  const Outcome& outcome = failure.outcome;
  const std::string file = failure_file_name(name, oracle, outcome.seed);
  FailureStory story{fmt::format("{} with seed 0x{:x}", item.path, outcome.seed), ""};
  Saved saved;
  saved.replay = replay_line(request.program, item.path, outcome.seed, request.steps);
  saved.as_found =
      save_failure(as_found(item.scenario, outcome), story, request.out, file, registry, limits);
  if (saved.as_found.empty() || !may_shrink) return saved;
  const Shrunk shrunk = shrink(item.scenario, outcome, registry, limits);
  if (shrunk.end == ShrinkEnd::not_a_breach) return saved;
  saved.effort = story.effort = effort(shrunk);
  saved.what = summary(shrunk.outcome);
  saved.cause = cause_of(shrunk.scenario);
  saved.shrunk = save_failure(as_found(shrunk.scenario, shrunk.outcome), story, request.out,
                              file + "-shrunk", registry, limits);
  if (!saved.shrunk.empty()) {
    saved.replay = replay_line_of_saved(request.program, saved.shrunk, request.steps);
  }
  return saved;
}

using SavedFailures = std::map<const Failure*, Saved>;

SavedFailures report_failures(std::vector<SweepRow>& rows, const std::vector<SweepItem>& items,
                              const SweepRequest& request, const RoleRegistry& registry,
                              Report& report, std::uint64_t shrinks) {
  const std::vector<std::string> names = row_names(rows);
  SavedFailures all;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (auto& [oracle, failure] : rows[i].failures) {
      Outcome& outcome = failure.outcome;
      note_running_case(replay_line(request.program, items[i].path, outcome.seed, request.steps) +
                        "\n");
      const auto plan = make_plan(items[i].scenario, outcome.seed, registry);
      confirm(outcome, *plan, {.steps = request.steps});
      const Saved saved =
          save(failure, oracle, items[i], names[i], request, registry, all.size() < shrinks);
      note_running_case("");
      all.emplace(&failure, saved);
      if (saved.as_found.empty()) {
        fmt::print(stderr, "the failure cannot be saved to {}\n", request.out);
      }
      report.fail(outcome.exit, saved.replay);
      if (request.json) continue;
      fmt::print("\n{} with {} of {} seeds, first 0x{:x}\n  {}\n", names[i],
                 count_text(failure.count), count_text(rows[i].seeds), outcome.seed,
                 summary(outcome));
      if (outcome.breach) {
        fmt::print("  {}: {}\n", outcome.breach->oracle, outcome.breach->statement);
      }
      if (!saved.as_found.empty()) fmt::print("  saved: {}\n", saved.as_found);
      if (!saved.shrunk.empty()) {
        fmt::print("  after {}: {}\n    {}\n", saved.effort, saved.shrunk, saved.what);
      }
      fmt::print("  {}\n", saved.replay);
    }
  }
  return all;
}

/// Failures of one oracle with one cause are mostly one defect, however many files show it.
void print_causes(const std::vector<SweepRow>& rows, const SavedFailures& saved) {
  const std::vector<std::string> names = row_names(rows);
  std::map<std::string, std::string> causes;
  std::size_t failures = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (const auto& [oracle, failure] : rows[i].failures) {
      const Saved& each = saved.at(&failure);
      if (each.shrunk.empty()) continue;
      std::string& files = causes[oracle + " " + each.cause];
      files += fmt::format("{}{} ({} of {} seeds)", files.empty() ? "" : ", ", names[i],
                           count_text(failure.count), count_text(rows[i].seeds));
      ++failures;
    }
  }
  if (failures < 2) return;
  fmt::print("\n{} failures by oracle and cause:\n", failures);
  for (const auto& [cause, files] : causes) fmt::print("  {}: {}\n", cause, files);
}

/// What the whole sweep says about the scenarios themselves: oracles that had nothing to judge and
/// faults that never touched anything. The former is an error in scenarios/fast.
void report_idle(const std::vector<SweepRow>& rows, const std::vector<SweepItem>& items,
                 Report& report) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].seeds == 0) continue;
    for (const auto& [oracle, count] : rows[i].judgements) {
      if (count != 0 || rows[i].failed != 0) continue;
      const bool is_error = is_below_fast(rows[i].path);
      fmt::print(stderr, "{}: {}oracle {} never judged in {} runs\n", rows[i].path,
                 is_error ? "" : "warning: ", oracle, rows[i].seeds);
      if (is_error) report.fail_usage();
    }
    for (std::size_t f = 0; f < rows[i].fault_matches.size(); ++f) {
      if (rows[i].fault_matches[f] != 0) continue;
      const Place place = items[i].scenario.faults[f].place;
      fmt::print(stderr, "{}:{}:{}: warning: this fault never matched anything in {} runs\n",
                 rows[i].path, place.line, place.column, rows[i].seeds);
    }
  }
}

/// Why some seeds of a scenario could not be run.
std::string error_text(const SweepRow& row) {
  return fmt::format("{}:{}:{}: {} (with seed 0x{:x})", row.path, row.error_place.line,
                     row.error_place.column, row.error, row.error_seed);
}

std::string json_of(const std::vector<SweepRow>& rows, const SavedFailures& saved, int exit) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().member("exit", exit).key("scenarios").begin_array();
  for (const SweepRow& row : rows) {
    json.begin_object()
        .member("file", std::string_view(row.path))
        .member("seeds", row.seeds)
        .member("held", row.held)
        .member("failed", row.failed)
        .member("distinct", row.distinct)
        .member("simulated_ns", row.simulated.count())
        .member("datagrams", row.datagrams)
        .member("steps", row.steps)
        .member("digest", std::string_view(fmt::format("{:016x}", row.folded)));
    json.key("judgements").begin_object();
    for (const auto& [oracle, count] : row.judgements) json.member(oracle, count);
    json.end_object().key("marks").begin_object();
    for (const auto& [mark, count] : row.marks) json.member(mark, count);
    json.end_object().key("failures").begin_array();
    for (const auto& [name, failure] : row.failures) {
      json.begin_object()
          .member("oracle", std::string_view(name))
          .member("count", failure.count)
          .member("seed", std::string_view(fmt::format("0x{:x}", failure.outcome.seed)))
          .member("exit", static_cast<int>(failure.outcome.exit))
          .member("what", std::string_view(summary(failure.outcome)))
          .member("saved", std::string_view(saved.at(&failure).as_found))
          .member("shrunk", std::string_view(saved.at(&failure).shrunk))
          .member("cause", std::string_view(saved.at(&failure).cause))
          .member("replay", std::string_view(saved.at(&failure).replay))
          .end_object();
    }
    json.end_array();
    if (!row.error.empty()) json.member("error", std::string_view(error_text(row)));
    json.end_object();
  }
  json.end_array().end_object();
  return text;
}

/// A folder of scenarios should meet every interesting situation somewhere (DESIGN, section 6).
void print_unmet_marks(const std::vector<SweepRow>& rows) {
  std::map<std::string_view, std::uint64_t> marks;
  for (const SweepRow& row : rows) {
    for (const auto& [mark, count] : row.marks) marks[mark] += count;
  }
  std::string unmet;
  for (const auto& [mark, count] : marks) {
    if (count == 0) unmet += (unmet.empty() ? "" : "; ") + std::string(mark);
  }
  if (!unmet.empty()) fmt::print("never met: {}\n", unmet);
}

/// Where a sweep was when it was interrupted, from the notes on the cases that ran.
void print_interrupted(std::uint64_t done, std::uint64_t total,
                       const std::vector<std::string>& notes) {
  fmt::print(stderr, "interrupted after {} of {} runs, at\n", count_text(done), count_text(total));
  for (const std::string& note : notes) fmt::print(stderr, "  {}", note);
}

}  // namespace

int sweep_verb(const SweepRequest& request, const RoleRegistry& registry) {
  const std::vector<std::string> files = find_scenarios(request.paths);
  if (files.empty()) {
    fmt::print(stderr, "tickover sweep: there is no *.toml below {}\n", request.paths.front());
    return static_cast<int>(ExitCode::usage);
  }
  std::vector<SweepItem> items;
  if (!load_scenarios(files, registry, items)) return static_cast<int>(ExitCode::usage);

  SweepOptions options{.seeds = request.seeds, .from = request.from, .jobs = request.jobs};
  if (options.jobs == 0) options.jobs = std::max(1u, std::thread::hardware_concurrency());
  options.limits.steps = request.steps;
  const std::uint64_t total = case_count(items, options);
  options.jobs = static_cast<unsigned>(std::min<std::uint64_t>(options.jobs, total));
  CaseNotes notes;
  if (!notes.open(request.out, options.jobs)) {
    fmt::print(stderr, "{}: cannot be written: {}\n", request.out, std::strerror(errno));
    return static_cast<int>(ExitCode::usage);
  }
  std::atomic<std::uint64_t> done{0};
  std::vector<SweepRow> rows;
  bool interrupted = false;
  const auto start = std::chrono::steady_clock::now();
  {
    Interrupt interrupt([&] {
      print_interrupted(done, total, notes.lines());
      notes.remove();
    });
    Progress progress(total);
    SweepHooks hooks;
    hooks.before = [&](unsigned worker, const SweepItem& item, std::uint64_t seed) {
      std::string line = replay_line(request.program, item.path, seed, request.steps) + "\n";
      notes.write(worker, line);
      note_running_case(std::move(line));
    };
    hooks.after = [&] {
      note_running_case("");
      progress.advance();
      ++done;
    };
    hooks.stop = [&] { return interrupt.requested(); };
    rows = sweep(items, registry, options, hooks);
    interrupted = interrupt.requested();
  }
  const auto wall = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start);

  Report report;
  if (!request.json && !request.quiet) print_sweep_table(rows, row_names(rows));
  if (rows.size() > 1 && !request.json && !request.quiet) print_unmet_marks(rows);
  const SavedFailures saved =
      report_failures(rows, items, request, registry, report, interrupted ? 0 : request.shrinks);
  if (!request.json) print_causes(rows, saved);
  if (!interrupted) report_idle(rows, items, report);
  for (const SweepRow& row : rows) {
    if (row.error.empty()) continue;
    fmt::print(stderr, "{}\n", error_text(row));
    report.fail_usage();
  }
  if (interrupted) {
    print_interrupted(done, total, notes.lines());
    report.exit = interrupted_exit;
  }
  if (request.json) {
    fmt::print("{}\n", json_of(rows, saved, report.exit));
    return report.exit;
  }
  if (!request.quiet) fmt::print("{} s on {} threads\n", hundredths_text(wall), options.jobs);
  if (!report.last_line.empty()) fmt::print("{}\n", report.last_line);
  return report.exit;
}

}  // namespace tickover::sim
