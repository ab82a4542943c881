#include "sim/program/likelihood_report.h"

#include <fmt/core.h>

#include "sim/program/crash_note.h"
#include "sim/program/replay_line.h"
#include "sim/program/sweep_table.h"

namespace tickover::sim {
namespace {

using Verdict = Likelihood::Verdict;

std::string_view word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::held:
      return "held";
    case Verdict::failed:
      return "FAILED";
    case Verdict::undecided:
      return "undecided";
  }
  return "?";
}

/// `at least 99%: held; more than 98.5% with a confidence of 99%, by 459 of 459 seeds`
std::string verdict_text(const Likelihood& each) {
  const std::string seeds =
      fmt::format("{} of {} seeds", count_text(each.kept()), count_text(each.seeds()));
  std::string text = fmt::format("{}: {}", each.bound_text(), word_of(each.verdict()));
  if (each.verdict() != Verdict::undecided) {
    text += fmt::format("; {}, by {}", each.finding(), seeds);
  } else if (each.seeds() == 0) {
    text += fmt::format("; {} seeds had no occasion for it", count_text(each.unjudged()));
  } else {
    text += fmt::format(" by {}; it needs {} more at least", seeds, count_text(each.least_left()));
  }
  if (each.witness() && each.verdict() != Verdict::held) {
    text += fmt::format("; the first {} it is 0x{:x}", each.is_least() ? "without" : "with",
                        *each.witness());
  }
  return text;
}

/// The run of the witness, where nothing was saved of it.
std::string run_line(const SweepRequest& request, const SweepItem& item, const Likelihood& of) {
  return replay_line_of_case(request.program, item, *of.witness(), request.steps) + " -v";
}

std::optional<KeptFailure> kept_witness(const Scenario& scenario, std::size_t which,
                                        std::uint64_t seed, const KeepRequest& keep,
                                        const RoleRegistry& registry) {
  const auto plan = make_plan(scenario, seed, registry);
  if (!plan) return {};
  const ProbabilitySpec& spec = scenario.expect.probability[which];
  const Scenario demand = demanding(spec, **plan);
  const auto demanded = make_plan(demand, seed, registry);
  if (!demanded) return {};
  const Outcome outcome = run_case(*demanded, keep.limits);
  const bool is_its = outcome.exit == ExitCode::expectation && outcome.breach->of &&
                      outcome.breach->of->sentence == spec.of.text;
  if (!is_its) return {};
  KeptFailure kept = keep_failure(demand, outcome, keep, registry);
  if (kept.as_found.empty()) return {};
  return kept;
}

void print_witness(const KeptFailure& kept) {
  fmt::print("  saved: {}\n", kept.as_found);
  if (!kept.shrunk.empty()) {
    fmt::print("  after {}: {}\n    {}\n", kept.effort, kept.shrunk, kept.what);
  }
  fmt::print("  {}\n", kept.replay);
}

}  // namespace

std::string sweep_line(const SweepRequest& request, const std::string& path,
                       std::optional<std::uint64_t> seeds) {
  std::string line = fmt::format("replay: {} sweep {}{}", shell_word(request.program),
                                 path.starts_with('-') ? "./" : "", shell_word(path));
  if (!seeds) seeds = request.seeds;
  if (seeds) line += fmt::format(" --seeds {}", *seeds);
  if (request.from != 1) line += fmt::format(" --from 0x{:x}", request.from);
  line += driver_option(request.driver);
  if (request.steps != RunLimits{}.steps) line += fmt::format(" --steps {}", request.steps);
  return line;
}

Witnesses keep_witnesses(const std::vector<SweepRow>& rows, const std::vector<SweepItem>& items,
                         const SweepRequest& request, const RoleRegistry& registry,
                         const RunLimits& limits) {
  const std::vector<std::string> names = row_names(rows);
  Witnesses witnesses;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t k = 0; k < rows[i].likelihoods.size(); ++k) {
      const Likelihood& each = rows[i].likelihoods[k];
      if (each.verdict() != Verdict::failed || !each.is_least() || !each.witness()) continue;
      KeepRequest keep{.program = request.program,
                       .folder = request.out,
                       .name = names[i],
                       .limits = limits,
                       .may_shrink = witnesses.size() < request.shrinks};
      keep.origin =
          fmt::format("{} with seed 0x{:x}, which does not keep what is said to be likely",
                      items[i].path, *each.witness());
      keep.replay = replay_line_of_case(request.program, items[i], *each.witness(), request.steps);
      note_running_case(keep.replay + "\n");
      auto kept = kept_witness(items[i].scenario, k, *each.witness(), keep, registry);
      note_running_case("");
      if (kept) witnesses.emplace(&each, std::move(*kept));
    }
  }
  return witnesses;
}

std::vector<Undone> judge_likelihoods(const std::vector<SweepRow>& rows,
                                      const std::vector<SweepItem>& items,
                                      const SweepRequest& request, const Witnesses& witnesses,
                                      bool interrupted) {
  const std::vector<std::string> names = row_names(rows);
  std::vector<Undone> undone;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::vector<ProbabilitySpec>& specs = items[i].scenario.expect.probability;
    const auto say = [&](std::size_t k, const std::string& what) {
      if (request.json) return;
      fmt::print("{}, how likely \"{}\" is (line {}): {}\n", names[i], specs[k].of.text,
                 specs[k].of.place.line, what);
    };
    for (std::size_t k = 0; k < rows[i].likelihoods.size(); ++k) {
      const Likelihood& each = rows[i].likelihoods[k];
      if (each.verdict() != Verdict::held || !request.quiet) say(k, verdict_text(each));
      if (each.verdict() == Verdict::held || interrupted) continue;
      const bool failed = each.verdict() == Verdict::failed;
      if (failed && each.witness() && !request.json) {
        const auto kept = witnesses.find(&each);
        if (kept != witnesses.end()) {
          print_witness(kept->second);
        } else {
          fmt::print("  {}\n", run_line(request, items[i], each));
        }
      }
      undone.push_back(
          {failed ? ExitCode::expectation : ExitCode::budget, sweep_line(request, items[i].path)});
    }
    if (!rows[i].likelihoods.empty() || request.quiet) continue;
    for (std::size_t k = 0; k < specs.size(); ++k) say(k, "not judged, for the file pins one seed");
  }
  return undone;
}

void write_likelihoods(const SweepRow& row, const Witnesses& witnesses, JsonWriter& json) {
  if (row.likelihoods.empty()) return;
  json.key("probabilities").begin_array();
  for (const Likelihood& each : row.likelihoods) {
    json.begin_object()
        .member("bound", std::string_view(each.bound_text()))
        .member("verdict", each.verdict() == Verdict::failed ? "failed" : word_of(each.verdict()))
        .member("finding", std::string_view(each.finding()))
        .member("seeds", each.seeds())
        .member("kept", each.kept())
        .member("unjudged", each.unjudged());
    if (each.witness()) {
      json.member("witness", std::string_view(fmt::format("0x{:x}", *each.witness())));
    }
    if (const auto kept = witnesses.find(&each); kept != witnesses.end()) {
      json.member("saved", std::string_view(kept->second.as_found))
          .member("shrunk", std::string_view(kept->second.shrunk))
          .member("replay", replay_command(kept->second.replay));
    }
    json.end_object();
  }
  json.end_array();
}

}  // namespace tickover::sim
