#include "sim/program/sweep_verb.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "sim/program/crash_note.h"
#include "sim/program/files.h"
#include "sim/program/progress.h"
#include "sim/program/replay_line.h"
#include "sim/report/json.h"
#include "sim/report/story.h"
#include "sim/scenario/printer.h"
#include "sim/search/sweep.h"

namespace tickover::sim {
namespace {

/// One small file per worker that says which case it is at, so that nothing is lost if the whole
/// process is killed. Removed when the sweep ends by itself.
class CaseNotes {
 public:
  bool open(const std::string& folder, unsigned workers) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    for (unsigned w = 0; w < workers; ++w) {
      names_.push_back(fmt::format("{}/running-{}-{}.txt", folder, ::getpid(), w));
      files_.push_back(
          ::open(names_.back().c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644));
      if (files_.back() < 0) return false;
    }
    return true;
  }
  ~CaseNotes() {
    for (std::size_t i = 0; i < files_.size(); ++i) {
      if (files_[i] >= 0) ::close(files_[i]);
      ::unlink(names_[i].c_str());
    }
  }
  void write(unsigned worker, const std::string& line) {
    // One short write at the start of the file; a shorter line is padded over the longer one
    // before.
    std::string padded = line;
    padded.resize(std::max<std::size_t>(line.size(), 256), ' ');
    padded.back() = '\n';
    [[maybe_unused]] const auto written = ::pwrite(files_[worker], padded.data(), padded.size(), 0);
  }

 private:
  std::vector<std::string> names_;
  std::vector<int> files_;
};

std::string count_text(std::uint64_t n) {
  std::string text = std::to_string(n);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

/// Seconds with two digits, for the real clock.
std::string hundredths_text(Duration duration) {
  const std::int64_t hundredths = duration.count() / 10'000'000;
  return fmt::format("{}.{:02}", hundredths / 100, hundredths % 100);
}

std::string stem_of(const std::string& path) {
  return std::filesystem::path(path).stem().string();
}

bool is_below_fast(const std::string& path) {
  const std::filesystem::path full(path);
  return std::ranges::find(full, "fast") != full.end();
}

void print_table(const std::vector<SweepRow>& rows) {
  std::size_t width = 8;
  for (const SweepRow& row : rows) width = std::max(width, stem_of(row.path).size());
  fmt::print("{:<{}}  {:>8} {:>8} {:>8} {:>16} {:>12} {:>9} {:>9}\n", "scenario", width, "seeds",
             "held", "failed", "simulated", "datagrams", "wall", "distinct");
  SweepRow total;
  for (const SweepRow& row : rows) {
    const Duration whole_seconds =
        row.simulated - row.simulated % Duration(std::chrono::seconds(1));
    fmt::print("{:<{}}  {:>8} {:>8} {:>8} {:>16} {:>12} {:>8}s {:>9}\n", stem_of(row.path), width,
               count_text(row.seeds), count_text(row.held), count_text(row.failed),
               short_text(whole_seconds), count_text(row.datagrams), hundredths_text(row.busy),
               count_text(row.distinct));
    total.seeds += row.seeds;
    total.held += row.held;
    total.failed += row.failed;
    total.datagrams += row.datagrams;
  }
  fmt::print("{:<{}}  {:>8} {:>8} {:>8} {:>16} {:>12}\n", "all", width, count_text(total.seeds),
             count_text(total.held), count_text(total.failed), "", count_text(total.datagrams));
}

/// Saves a failure as a scenario of its own, with its seed pinned. Returns its path, or "".
std::string save(const Failure& failure, const std::string& name, const SweepItem& item,
                 const std::string& folder) {
  Scenario scenario = item.scenario;
  scenario.seed = failure.outcome.seed;
  Found found;
  found.oracle = name;
  found.digest = fmt::format("{:016x}", failure.outcome.digest);
  found.version = TICKOVER_VERSION;
  found.event = failure.outcome.breach ? failure.outcome.breach->step : failure.outcome.steps;
  scenario.found = found;
  std::string word = name;
  std::ranges::replace_if(
      word, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '-');
  const std::string path =
      fmt::format("{}/{}-{}-{:x}.toml", folder, stem_of(item.path), word, failure.outcome.seed);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  std::ofstream file(path);
  file << print(scenario);
  file.close();
  return file ? path : std::string();
}

struct Report {
  int exit = 0;
  std::string last_line;

  void fail(ExitCode code, std::string replay) {
    if (gravity(code) <= gravity(static_cast<ExitCode>(exit)) && exit != 0) return;
    exit = static_cast<int>(code);
    last_line = std::move(replay);
  }
};

void report_failures(std::vector<SweepRow>& rows, const std::vector<SweepItem>& items,
                     const SweepRequest& request, const RoleRegistry& registry, Report& report) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (auto& [name, failure] : rows[i].failures) {
      const auto plan = make_plan(items[i].scenario, failure.outcome.seed, registry);
      confirm(failure.outcome, *plan, {.steps = request.steps});
      const std::string saved = save(failure, name, items[i], request.out);
      report.fail(failure.outcome.exit,
                  replay_line(request.program, items[i].path, failure.outcome.seed));
      if (request.json) continue;
      fmt::print("\n{} with {} of {} seeds, first 0x{:x}\n  {}\n", stem_of(rows[i].path),
                 count_text(failure.count), count_text(rows[i].seeds), failure.outcome.seed,
                 summary(failure.outcome));
      if (failure.outcome.breach) {
        fmt::print("  {}: {}\n", failure.outcome.breach->oracle, failure.outcome.breach->statement);
      }
      if (!saved.empty()) fmt::print("  saved: {}\n", saved);
      fmt::print("  {}\n", replay_line(request.program, items[i].path, failure.outcome.seed));
    }
  }
}

/// What the whole sweep says about the scenarios themselves: oracles that had nothing to judge and
/// faults that never touched anything. The former is an error in scenarios/fast.
void report_idle(const std::vector<SweepRow>& rows, const std::vector<SweepItem>& items,
                 Report& report) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (const auto& [oracle, count] : rows[i].judgements) {
      if (count != 0 || rows[i].failed != 0) continue;
      const bool is_error = is_below_fast(rows[i].path);
      fmt::print(stderr, "{}: {}: oracle {} never judged in {} runs\n", rows[i].path,
                 is_error ? "error" : "warning", oracle, rows[i].seeds);
      if (is_error) report.fail(ExitCode::usage, "");
    }
    for (std::size_t f = 0; f < rows[i].fault_matches.size(); ++f) {
      if (rows[i].fault_matches[f] != 0) continue;
      const Place place = items[i].scenario.faults[f].place;
      fmt::print(stderr, "{}:{}:{}: warning: this fault never matched anything in {} runs\n",
                 rows[i].path, place.line, place.column, rows[i].seeds);
    }
  }
}

std::string json_of(const std::vector<SweepRow>& rows, const SweepRequest& request, int exit) {
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
    json.end_object().key("failures").begin_array();
    for (const auto& [name, failure] : row.failures) {
      json.begin_object()
          .member("oracle", std::string_view(name))
          .member("count", failure.count)
          .member("seed", std::string_view(fmt::format("0x{:x}", failure.outcome.seed)))
          .member("exit", static_cast<int>(failure.outcome.exit))
          .member("what", std::string_view(summary(failure.outcome)))
          .member("replay",
                  std::string_view(replay_line(request.program, row.path, failure.outcome.seed)))
          .end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return text;
}

}  // namespace

int sweep_verb(const SweepRequest& request, const RoleRegistry& registry) {
  std::vector<SweepItem> items;
  const std::vector<std::string> files = scenario_files(request.paths);
  if (files.empty()) {
    fmt::print(stderr, "tickover sweep: there is no scenario below what was named\n");
    return static_cast<int>(ExitCode::usage);
  }
  if (!read_scenarios(files, registry, items)) return static_cast<int>(ExitCode::usage);

  SweepOptions options{.seeds = request.seeds, .from = request.from, .jobs = request.jobs};
  if (options.jobs == 0) options.jobs = std::max(1u, std::thread::hardware_concurrency());
  options.limits.steps = request.steps;
  CaseNotes notes;
  if (!notes.open(request.out, options.jobs)) {
    fmt::print(stderr, "cannot write to {}: {}\n", request.out, std::strerror(errno));
    return static_cast<int>(ExitCode::usage);
  }
  std::vector<SweepRow> rows;
  const auto start = std::chrono::steady_clock::now();
  {
    std::uint64_t total = 0;
    for (const SweepItem& item : items) total += item.scenario.seed ? 1 : request.seeds;
    Progress progress(total);
    SweepHooks hooks;
    hooks.before = [&](unsigned worker, const SweepItem& item, std::uint64_t seed) {
      std::string line = replay_line(request.program, item.path, seed) + "\n";
      notes.write(worker, line);
      note_running_case(std::move(line));
    };
    hooks.after = [&] { progress.advance(); };
    rows = sweep(items, registry, options, hooks);
  }
  const auto wall = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start);

  for (const SweepRow& row : rows) {
    if (row.error.empty()) continue;
    fmt::print(stderr, "{}:{}:{}: {}\n", row.path, row.error_place.line, row.error_place.column,
               row.error);
    return static_cast<int>(ExitCode::usage);
  }
  Report report;
  if (!request.json && !request.quiet) print_table(rows);
  report_failures(rows, items, request, registry, report);
  report_idle(rows, items, report);
  if (request.json) {
    fmt::print("{}\n", json_of(rows, request, report.exit));
  } else if (!request.quiet) {
    fmt::print("{} s on {} threads\n", hundredths_text(wall), options.jobs);
  }
  if (!report.last_line.empty() && !request.json) fmt::print("{}\n", report.last_line);
  return report.exit;
}

}  // namespace tickover::sim
