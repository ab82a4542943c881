#include "sim/program/sweep_verb.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>
#include <thread>

#include "sim/program/case_notes.h"
#include "sim/program/crash_note.h"
#include "sim/program/demand_report.h"
#include "sim/program/interrupt.h"
#include "sim/program/keep_failure.h"
#include "sim/program/likelihood_report.h"
#include "sim/program/load.h"
#include "sim/program/nearness_report.h"
#include "sim/program/progress.h"
#include "sim/program/replay_line.h"
#include "sim/program/seed_memory.h"
#include "sim/program/sweep_report.h"
#include "sim/program/sweep_table.h"
#include "sim/program/usage.h"
#include "sim/scenario/find.h"
#include "sim/search/invent.h"

namespace tickover::sim {
namespace {

constexpr std::uint64_t usual_seeds = 100;

/// How far a sweep came, and why it ended.
struct Journey {
  std::vector<SweepRow> rows;
  std::atomic<std::uint64_t> done{0};
  std::optional<std::uint64_t> total;  // none: until the time is up
  std::atomic<std::uint64_t> more{0};  // than that, for probabilities
  bool is_interrupted = false;
};

/// Where a sweep was when it was interrupted, from the notes on the cases that ran.
void print_interrupted(const Journey& journey, const std::vector<std::string>& notes) {
  const std::string of = journey.total ? " of " + count_text(*journey.total + journey.more) : "";
  fmt::print(stderr, "interrupted after {}{} runs{}\n", count_text(journey.done), of,
             notes.empty() ? "" : ", at");
  for (const std::string& note : notes) fmt::print(stderr, "  {}", note);
}

/// What one worker writes into the memory of seeds when its case crashes. No heap, no locks.
struct LastWords {
  std::string path;
  std::string line;
  static void speak(void* of) {
    const auto* self = static_cast<const LastWords*>(of);
    const int file = ::open(self->path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file < 0) return;
    [[maybe_unused]] const auto written = ::write(file, self->line.data(), self->line.size());
    ::close(file);
  }
};

void run_cases(Journey& journey, const std::vector<SweepItem>& items, SweepOptions options,
               const SweepRequest& request, const RoleRegistry& registry, CaseNotes& notes,
               SeedMemory& memory) {
  const auto start = std::chrono::steady_clock::now();
  Interrupt interrupt([&] { print_interrupted(journey, notes.lines()); });
  Progress progress(journey.total, request.time);
  options.limits.cancel = &interrupt.flag();
  std::vector<LastWords> last_words(options.jobs);
  std::vector<std::string> worlds(options.jobs);  // that were invented, where they lie
  SweepHooks hooks;
  hooks.before = [&](unsigned worker, const SweepItem& item, std::uint64_t seed) {
    std::string line = replay_line_of_case(request.program, item, seed, request.steps) + "\n";
    if (item.invent) {
      worlds[worker] = path_of_running(request.out, item.path, seed);
      if (write_scenario(worlds[worker], item.invent(seed))) {
        line = replay_line(request.program, worlds[worker], seed, request.steps) + "\n";
      }
    }
    notes.write(worker, line);
    note_running_case(std::move(line));
    last_words[worker] = {memory.path(), SeedMemory::line(seed, "crash", item.path)};
    on_crash(&LastWords::speak, &last_words[worker]);
  };
  hooks.after = [&](unsigned worker) {
    on_crash(nullptr, nullptr);
    note_running_case("");
    notes.finish(worker);
    if (!worlds[worker].empty()) ::unlink(worlds[worker].c_str());
    worlds[worker].clear();
    progress.advance();
    ++journey.done;
  };
  // One that the sweep ended before is as if it had not been run.
  hooks.counted = [&](const SweepCase& which) { memory.finished(which); };
  hooks.more = [&](std::uint64_t cases) {
    journey.more += cases;
    progress.add(cases);
  };
  hooks.stop = [&] {
    const bool is_late = request.time && std::chrono::steady_clock::now() - start >=
                                             std::chrono::nanoseconds(request.time->count());
    return is_late || interrupt.requested();
  };
  journey.rows = sweep(items, registry, options, hooks);
  on_crash(nullptr, nullptr);
  note_running_case("");
  journey.is_interrupted = interrupt.requested();
}

/// The scenarios at and below the paths, each once; nothing, with a word on stderr, where there is
/// none.
std::optional<std::vector<std::string>> files_of(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  std::set<std::filesystem::path> known;
  for (const std::string& path : paths) {
    const std::vector<std::string> below = find_scenarios({path});
    if (below.empty()) {
      fmt::print(stderr, "tickover sweep: there is no *.toml below {}\n", path);
      return {};
    }
    for (const std::string& file : below) {
      std::error_code error;
      if (known.insert(std::filesystem::weakly_canonical(file, error)).second) {
        files.push_back(file);
      }
    }
  }
  return files;
}

/// Options that say nothing of any file are not passed over in silence.
void warn_of_pinned(const SweepRequest& request, const std::vector<SweepItem>& items) {
  const bool is_said = request.seeds || request.from != SweepRequest{}.from;
  const bool is_pinned = !items.empty() && std::ranges::all_of(items, [](const SweepItem& item) {
    return item.scenario.seed.has_value();
  });
  if (!is_said || !is_pinned || request.swarm) return;
  fmt::print(stderr, "warning: every file pins its `seed`: --seeds and --from change nothing\n");
}

std::optional<std::vector<SweepItem>> items_of(const SweepRequest& request,
                                               const RoleRegistry& registry) {
  std::vector<SweepItem> items;
  const auto files = files_of(request.paths);
  if (!files || !load_scenarios(*files, registry, items)) return {};
  warn_of_pinned(request, items);
  for (SweepItem& item : items) drive(item.scenario, request.driver, registry);
  if (request.swarm) {
    items.push_back({.path = "swarm", .invent = [&](std::uint64_t seed) {
                       SeededChoices choices(seed);
                       Scenario scenario = invent(choices);
                       drive(scenario, request.driver, registry);
                       return scenario;
                     }});
  }
  for (SweepItem& item : items) item.options = driver_option(request.driver);
  if (items.empty()) {
    fmt::print(stderr, "tickover sweep: it needs a PATH, or --swarm\n");
    return {};
  }
  return items;
}

int tell(Journey& journey, const std::vector<SweepItem>& items, const SweepOptions& options,
         const SweepRequest& request, const RoleRegistry& registry, CaseNotes& notes,
         Duration wall) {
  const std::vector<SweepRow>& rows = journey.rows;
  const bool is_told = !request.json && !request.quiet;
  SweepReport report(request, items, rows);
  Witnesses witnesses;
  if (is_told) print_sweep_table(rows, row_names(rows));
  if (is_told && (rows.size() > 1 || request.swarm)) {
    report.tell_oracles();
    report.tell_marks();
  }
  if (is_told) tell_nearness(rows);
  {
    // What is being made small when somebody asks to stop stays as small as it is.
    Interrupt interrupt([] {}, grace_for_saving);
    RunLimits limits = options.limits;
    limits.cancel = &interrupt.flag();
    report.tell_failures(registry, journey.is_interrupted ? 0 : request.shrinks, limits);
    if (!journey.is_interrupted && !interrupt.requested()) {
      witnesses = keep_witnesses(rows, items, request, registry, limits);
    }
    journey.is_interrupted = journey.is_interrupted || interrupt.requested();
  }
  if (!request.json) report.tell_causes();
  for (const Undone& each :
       judge_likelihoods(rows, items, request, witnesses, journey.is_interrupted)) {
    report.verdict().fail(each.exit, each.replay);
  }
  if (!journey.is_interrupted) {
    for (const Undone& each : judge_demands(rows, items, request)) {
      report.verdict().fail(each.exit, each.replay);
    }
    report.tell_idle();
  }
  report.tell_errors();
  if (journey.is_interrupted) {
    print_interrupted(journey, notes.lines());
    report.verdict().exit = interrupted_exit;
  }
  if (request.json) {
    fmt::print("{}\n", report.json(witnesses));
    return report.verdict().exit;
  }
  if (!request.quiet) fmt::print("{} s on {} threads\n", hundredths_text(wall), options.jobs);
  if (const std::string& line = report.verdict().last_line; !line.empty()) {
    fmt::print("{}\n", line);
  }
  return report.verdict().exit;
}

}  // namespace

int sweep_verb(const SweepRequest& request, const RoleRegistry& registry) {
  if (!is_folder_name("sweep", request.out)) return static_cast<int>(ExitCode::usage);
  const auto items = items_of(request, registry);
  if (!items) return static_cast<int>(ExitCode::usage);
  run_left_candidates(request.program, request.out, {.steps = request.steps}, registry);
  SeedMemory memory(request.out);
  SweepOptions options{.seeds = request.seeds,
                       .from = request.from,
                       .first = memory.cases(*items),
                       .most_failures = request.failures,
                       .jobs = request.jobs};
  if (!request.seeds && !request.time) options.seeds = usual_seeds;
  if (options.jobs == 0) options.jobs = std::max(1u, std::thread::hardware_concurrency());
  options.limits.steps = request.steps;
  Journey journey;
  journey.total = case_count(*items, options);
  if (journey.total) {
    options.jobs = static_cast<unsigned>(std::min<std::uint64_t>(options.jobs, *journey.total));
  }
  CaseNotes notes;
  if (!notes.open(request.out, options.jobs)) {
    fmt::print(stderr, "{}: cannot be written: {}\n", request.out, std::strerror(errno));
    return static_cast<int>(ExitCode::usage);
  }
  const auto start = std::chrono::steady_clock::now();
  run_cases(journey, *items, options, request, registry, notes, memory);
  const auto wall = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start);
  // Before anything is made small: that may take its time.
  if (!memory.update(*items, journey.rows)) {
    fmt::print(stderr, "{}: cannot be written: {}\n", memory.path(), std::strerror(errno));
  }
  return tell(journey, *items, options, request, registry, notes, wall);
}

}  // namespace tickover::sim
