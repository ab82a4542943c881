#include "sim/program/likelihood_report.h"

#include <fmt/core.h>

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
  if (each.first_failed() && each.verdict() != Verdict::held) {
    text += fmt::format("; the first without it is 0x{:x}", *each.first_failed());
  }
  return text;
}

}  // namespace

std::string sweep_line(const SweepRequest& request, const std::string& path) {
  std::string line = fmt::format("replay: {} sweep {}{}", shell_word(request.program),
                                 path.starts_with('-') ? "./" : "", shell_word(path));
  if (request.seeds) line += fmt::format(" --seeds {}", *request.seeds);
  if (request.from != 1) line += fmt::format(" --from 0x{:x}", request.from);
  line += driver_option(request.driver);
  if (request.steps != RunLimits{}.steps) line += fmt::format(" --steps {}", request.steps);
  return line;
}

std::vector<Undone> judge_likelihoods(const std::vector<SweepRow>& rows,
                                      const std::vector<SweepItem>& items,
                                      const SweepRequest& request, bool interrupted) {
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
      undone.push_back(
          {failed ? ExitCode::expectation : ExitCode::budget, sweep_line(request, items[i].path)});
    }
    if (!rows[i].likelihoods.empty() || request.quiet) continue;
    for (std::size_t k = 0; k < specs.size(); ++k) say(k, "not judged, for the file pins one seed");
  }
  return undone;
}

void write_likelihoods(const SweepRow& row, JsonWriter& json) {
  if (row.likelihoods.empty()) return;
  json.key("probabilities").begin_array();
  for (const Likelihood& each : row.likelihoods) {
    json.begin_object()
        .member("bound", std::string_view(each.bound_text()))
        .member("verdict", each.verdict() == Verdict::failed ? "failed" : word_of(each.verdict()))
        .member("finding", std::string_view(each.finding()))
        .member("seeds", each.seeds())
        .member("kept", each.kept())
        .member("unjudged", each.unjudged())
        .end_object();
  }
  json.end_array();
}

}  // namespace tickover::sim
