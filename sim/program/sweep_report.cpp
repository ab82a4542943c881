#include "sim/program/sweep_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "sim/program/crash_note.h"
#include "sim/program/demand_report.h"
#include "sim/program/nearness_report.h"
#include "sim/program/replay_line.h"
#include "sim/program/sweep_table.h"
#include "sim/report/json.h"

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

std::string error_text(const SweepRow& row) {
  return fmt::format("{}:{}:{}: {} (with seed 0x{:x})", row.path, row.error_place.line,
                     row.error_place.column, row.error, row.error_seed);
}

std::string share_text(const std::string& name, const SweepRow& row, const Failure& failure) {
  return fmt::format("{} ({} of {} seeds)", name, count_text(failure.count), count_text(row.seeds));
}

void add_failure(JsonWriter& json, const Failure& failure, const KeptFailure& kept) {
  json.begin_object()
      .member("oracle", std::string_view(failure_id(failure.outcome)))
      .member("count", failure.count)
      .member("seed", std::string_view(fmt::format("0x{:x}", failure.outcome.seed)))
      .member("exit", static_cast<int>(failure.outcome.exit))
      .member("what", std::string_view(summary(failure.outcome)))
      .member("saved", std::string_view(kept.as_found))
      .member("shrunk", std::string_view(kept.shrunk))
      .member("cause", std::string_view(kept.cause))
      .member("replay", replay_command(kept.replay))
      .end_object();
}

}  // namespace

void SweepVerdict::fail(ExitCode code, std::string replay) {
  if (exit != 0 && gravity(code) <= gravity(static_cast<ExitCode>(exit))) return;
  exit = static_cast<int>(code);
  last_line = std::move(replay);
}

void SweepVerdict::fail_usage() {
  if (exit == 0) exit = static_cast<int>(ExitCode::usage);
}

SweepReport::SweepReport(const SweepRequest& request, const std::vector<SweepItem>& items,
                         const std::vector<SweepRow>& rows)
    : request_(request), items_(items), rows_(rows), names_(row_names(rows)) {}

void SweepReport::tell_failures(const RoleRegistry& registry, std::uint64_t shrinks,
                                const RunLimits& limits) {
  std::set<std::string> told;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    for (const auto& [shape, failure] : rows_[i].failures) {
      const Outcome& outcome = failure.outcome;
      const std::string replay =
          replay_line_of_case(request_.program, items_[i], outcome.seed, request_.steps);
      note_running_case(replay + "\n");
      const bool may_shrink =
          kept_.size() < shrinks && !(limits.cancel != nullptr && limits.cancel->load());
      KeptFailure kept = keep_failure(
          items_[i].of_seed(outcome.seed), outcome,
          {.program = request_.program,
           .folder = request_.out,
           .name = names_[i],
           .origin = items_[i].invent
                         ? fmt::format("the invented world of seed 0x{:x}", outcome.seed)
                         : fmt::format("{} with seed 0x{:x}", items_[i].path, outcome.seed),
           .replay = replay,
           .limits = limits,
           .may_shrink = may_shrink},
          registry);
      note_running_case("");
      if (items_[i].invent && kept.shrunk.empty() && !kept.as_found.empty()) {
        // A sweep would try the seeds that failed before it.
        kept.replay = replay_line(request_.program, kept.as_found, outcome.seed, request_.steps);
      }
      if (kept.as_found.empty()) {
        fmt::print(stderr, "the failure cannot be saved to {}\n", request_.out);
      }
      verdict_.fail(outcome.exit, kept.replay);
      const bool is_known =
          !kept.shrunk.empty() && !told.insert(kept.kind + " " + kept.cause).second;
      if (!request_.json && is_known) {
        fmt::print("\n{}: {} {} again\n  saved: {}\n", share_text(names_[i], rows_[i], failure),
                   kept.kind, kept.cause, kept.shrunk);
      } else if (!request_.json) {
        tell(names_[i], rows_[i], failure, kept);
      }
      kept_.emplace(&failure, std::move(kept));
    }
  }
}

void SweepReport::tell(const std::string& name, const SweepRow& row, const Failure& failure,
                       const KeptFailure& kept) const {
  const Outcome& outcome = failure.outcome;
  fmt::print("\n{} with {} of {} seeds, first 0x{:x}\n  {}\n", name, count_text(failure.count),
             count_text(row.seeds), outcome.seed, summary(outcome));
  if (outcome.breach) {
    fmt::print("  {}: {}\n", outcome.breach->oracle, outcome.breach->statement);
  }
  if (!kept.as_found.empty()) fmt::print("  saved: {}\n", kept.as_found);
  if (!kept.shrunk.empty()) {
    fmt::print("  after {}: {}\n    {}\n", kept.effort, kept.shrunk, kept.what);
  }
  fmt::print("  {}\n", kept.replay);
}

void SweepReport::tell_causes() const {
  std::map<std::string, std::string> causes;
  std::size_t failures = 0;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    for (const auto& [shape, failure] : rows_[i].failures) {
      const KeptFailure& each = kept_.at(&failure);
      if (each.shrunk.empty()) continue;
      std::string& files = causes[each.kind + " " + each.cause];
      files += (files.empty() ? "" : ", ") + share_text(names_[i], rows_[i], failure);
      ++failures;
    }
  }
  if (failures < 2) return;
  fmt::print("\n{} failures by oracle and cause:\n", failures);
  for (const auto& [cause, files] : causes) fmt::print("  {}: {}\n", cause, files);
}

void SweepReport::tell_oracles() const {
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>>
      scenarios;  // judged in, present in
  for (const SweepRow& row : rows_) {
    for (const auto& [oracle, count] : row.judgements) {
      auto& [judged, present] = scenarios[oracle];
      judged += count > 0 ? 1 : 0;
      ++present;
    }
  }
  std::string judged;
  std::string idle;
  for (const auto& [oracle, counts] : scenarios) {
    if (counts.first == 0) {
      idle += (idle.empty() ? "" : ", ") + oracle;
      continue;
    }
    judged += fmt::format("{}{} {}", judged.empty() ? "" : ", ", oracle, counts.first);
    if (counts.first < counts.second) judged += fmt::format(" of {}", counts.second);
  }
  if (!judged.empty()) fmt::print("judged, in so many scenarios: {}\n", judged);
  if (!idle.empty()) fmt::print("never judged: {}\n", idle);
}

void SweepReport::tell_marks() const {
  std::map<std::string_view, std::uint64_t> marks;
  for (const SweepRow& row : rows_) {
    for (const auto& [mark, count] : row.marks) marks[mark] += count;
  }
  std::string met;
  std::string unmet;
  for (const auto& [mark, count] : marks) {
    std::string& list = count == 0 ? unmet : met;
    list += (list.empty() ? "" : "; ") + std::string(mark);
    if (count != 0) list += " " + count_text(count);
  }
  if (!met.empty()) fmt::print("met: {}\n", met);
  if (!unmet.empty()) fmt::print("never met: {}\n", unmet);
}

void SweepReport::tell_idle() {
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i].seeds == 0) continue;
    for (const auto& [oracle, count] : rows_[i].judgements) {
      if (count != 0 || rows_[i].failed != 0) continue;
      const bool is_error = is_below_fast(rows_[i].path);
      fmt::print(stderr, "{}: {}oracle {} never judged in {} runs\n", rows_[i].path,
                 is_error ? "" : "warning: ", oracle, rows_[i].seeds);
      if (is_error) verdict_.fail_usage();
    }
    for (std::size_t f = 0; f < rows_[i].fault_matches.size(); ++f) {
      // Runs that broke may have ended before it.
      if (rows_[i].fault_matches[f] != 0 || rows_[i].held == 0) continue;
      const Place place = items_[i].scenario.faults[f].place;
      fmt::print(stderr, "{}:{}:{}: warning: this fault never matched anything in {} runs\n",
                 rows_[i].path, place.line, place.column, rows_[i].seeds);
    }
    for (std::size_t c = 0; c < rows_[i].claim_judgements.size(); ++c) {
      if (rows_[i].claim_judgements[c] != 0 || rows_[i].failed != 0) continue;
      const Place place = items_[i].scenario.expect.within[c].place;
      fmt::print(stderr, "{}:{}:{}: warning: this claim was never judged in {} runs\n",
                 rows_[i].path, place.line, place.column, rows_[i].seeds);
    }
  }
}

void SweepReport::tell_errors() {
  for (const SweepRow& row : rows_) {
    if (row.error.empty()) continue;
    fmt::print(stderr, "{}\n", error_text(row));
    verdict_.fail_usage();
  }
}

std::string SweepReport::json(const Witnesses& witnesses) const {
  std::string text;
  JsonWriter json(text);
  json.begin_object().member("exit", verdict_.exit).key("scenarios").begin_array();
  for (const SweepRow& row : rows_) {
    json.begin_object()
        .member("file", std::string_view(row.path))
        .member("seeds", row.seeds)
        .member("held", row.held)
        .member("failed", row.failed)
        .member("distinct", row.distinct)
        .member("twice", row.twice)
        .member("simulated_ns", row.simulated.count())
        .member("datagrams", row.datagrams)
        .member("steps", row.steps)
        .member("digest", std::string_view(fmt::format("{:016x}", row.folded)));
    json.key("judgements").begin_object();
    for (const auto& [oracle, count] : row.judgements) json.member(oracle, count);
    json.end_object().key("marks").begin_object();
    for (const auto& [mark, count] : row.marks) json.member(mark, count);
    json.end_object().key("failures").begin_array();
    for (const auto& [shape, failure] : row.failures) {
      add_failure(json, failure, kept_.at(&failure));
    }
    json.end_array();
    write_likelihoods(row, witnesses, json);
    write_demands(row, json);
    write_nearness(row, json);
    if (!row.error.empty()) json.member("error", std::string_view(error_text(row)));
    json.end_object();
  }
  json.end_array().end_object();
  return text;
}

}  // namespace tickover::sim
