#include "sim/program/sweep_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "sim/report/story.h"

namespace tickover::sim {
namespace {

std::string stem_of(const std::string& path) {
  return std::filesystem::path(path).stem().string();
}

void print_line(const std::string& name, std::size_t width, const SweepRow& row) {
  const Duration whole_seconds = row.simulated - row.simulated % Duration(std::chrono::seconds(1));
  fmt::print("{:<{}}  {:>8} {:>8} {:>8} {:>18} {:>12} {:>9}s {:>9}\n", name, width,
             count_text(row.seeds), count_text(row.held), count_text(row.failed),
             short_text(whole_seconds), count_text(row.datagrams), hundredths_text(row.busy),
             count_text(row.distinct));
}

}  // namespace

std::vector<std::string> row_names(const std::vector<SweepRow>& rows) {
  std::map<std::string, int> uses;
  for (const SweepRow& row : rows) ++uses[stem_of(row.path)];
  std::vector<std::string> names;
  for (const SweepRow& row : rows) {
    std::string stem = stem_of(row.path);
    names.push_back(uses[stem] > 1 ? row.path : std::move(stem));
  }
  return names;
}

void print_sweep_table(const std::vector<SweepRow>& rows, const std::vector<std::string>& names) {
  std::size_t width = std::string_view("scenario").size();
  for (const std::string& name : names) width = std::max(width, name.size());
  fmt::print("{:<{}}  {:>8} {:>8} {:>8} {:>18} {:>12} {:>10} {:>9}\n", "scenario", width, "seeds",
             "held", "failed", "simulated time", "datagrams", "wall time", "distinct");
  SweepRow total;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const SweepRow& row = rows[i];
    print_line(names[i], width, row);
    total.seeds += row.seeds;
    total.held += row.held;
    total.failed += row.failed;
    total.simulated += row.simulated;
    total.datagrams += row.datagrams;
    total.busy += row.busy;
    total.distinct += row.distinct;
  }
  print_line("all", width, total);
}

std::string count_text(std::uint64_t n) {
  std::string text = std::to_string(n);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

std::string hundredths_text(Duration duration) {
  const std::int64_t hundredths = duration.count() / 10'000'000;
  return fmt::format("{}.{:02}", hundredths / 100, hundredths % 100);
}

}  // namespace tickover::sim
