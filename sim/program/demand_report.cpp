#include "sim/program/demand_report.h"

#include <fmt/core.h>

#include <optional>

#include "sim/program/sweep_table.h"

namespace tickover::sim {
namespace {

std::string seeds_text(std::uint64_t seeds) {
  return count_text(seeds) + (seeds == 1 ? " seed" : " seeds");
}

}  // namespace

std::vector<Undone> judge_demands(const std::vector<SweepRow>& rows,
                                  const std::vector<SweepItem>& items,
                                  const SweepRequest& request) {
  const std::vector<std::string> names = row_names(rows);
  std::vector<Undone> undone;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t k = 0; k < rows[i].demands.size(); ++k) {
      const Demand& each = rows[i].demands[k];
      // None came to its turn, or a file that cannot be run says so itself.
      if (each.seeds == 0) continue;
      const bool is_met = each.met > 0;
      if (!is_met) {
        // As many as were judged, also where there was no time for more.
        const bool is_pinned = items[i].scenario.seed.has_value();
        const auto seeds = is_pinned ? request.seeds : std::optional(each.seeds);
        undone.push_back({ExitCode::expectation, sweep_line(request, items[i].path, seeds)});
      }
      const bool is_told = !is_met || (rows.size() == 1 && !request.quiet);
      if (request.json || !is_told) continue;
      const std::uint32_t line = items[i].scenario.expect.marks[k].place.line;
      fmt::print("{}, \"{}\" is demanded (line {}): {}\n", names[i], each.mark, line,
                 is_met ? fmt::format("met in {} of {}", each.met, seeds_text(each.seeds))
                        : fmt::format("FAILED; never met in {}", seeds_text(each.seeds)));
    }
  }
  return undone;
}

void write_demands(const SweepRow& row, JsonWriter& json) {
  if (row.demands.empty()) return;
  json.key("demands").begin_array();
  for (const Demand& each : row.demands) {
    json.begin_object()
        .member("mark", std::string_view(each.mark))
        .member("seeds", each.seeds)
        .member("met", each.met)
        .end_object();
  }
  json.end_array();
}

}  // namespace tickover::sim
