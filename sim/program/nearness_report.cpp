#include "sim/program/nearness_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "sim/program/sweep_table.h"
#include "sim/report/story.h"

namespace tickover::sim {
namespace {

constexpr std::size_t most_told = 10;

std::string value_text(const Spread& spread, std::int64_t value) {
  if (spread.bound.part == ExpectPart::within) return short_text(Duration::nanoseconds(value));
  return count_text(static_cast<std::uint64_t>(value));
}

/// `half 12.3s, 99 % 41s, most 2min 3s of 6min, with seed 0x2e`
std::string spread_text(const Spread& spread) {
  const bool is_low = spread.is_near_least();
  const Spread::Seen extreme = is_low ? spread.lowest() : spread.highest();
  return fmt::format(
      "half {}, {} % {}, {} {} of {}{}, with seed 0x{:x}",
      value_text(spread, spread.percentile(50)), is_low ? 1 : 99,
      value_text(spread, spread.percentile(is_low ? 1 : 99)), is_low ? "least" : "most",
      value_text(spread, extreme.value), is_low ? "at least " : "",
      value_text(spread, is_low ? *spread.bound.least : *spread.bound.most), extreme.seed);
}

/// What is the same in every run does not break by chance, however near it is.
bool varies(const Spread& spread) {
  return !spread.seen.empty() && spread.lowest().value != spread.highest().value;
}

struct Told {
  std::size_t number;  // in the order of the files
  std::string_view name;
  const Spread* spread;
};

}  // namespace

void tell_nearness(const std::vector<SweepRow>& rows) {
  const std::vector<std::string> names = row_names(rows);
  std::vector<Told> all;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (const Spread& spread : rows[i].spreads) {
      if (varies(spread)) all.push_back({all.size(), names[i], &spread});
    }
  }
  if (all.empty()) return;
  std::ranges::sort(all, [](const Told& a, const Told& b) {
    if (a.spread->is_nearer_than(*b.spread)) return true;
    return !b.spread->is_nearer_than(*a.spread) && a.number < b.number;
  });
  fmt::print(
      "how near the runs came to their bounds, where it varies{}:\n",
      all.size() > most_told ? fmt::format(", the nearest {} of {}", most_told, all.size()) : "");
  for (std::size_t i = 0; i < std::min(all.size(), most_told); ++i) {
    const Spread& spread = *all[i].spread;
    fmt::print("  {}:{} {} \"{}\": {}\n", all[i].name, spread.bound.sentence.place.line,
               name_of(spread.bound.part), spread.bound.sentence.text, spread_text(spread));
  }
}

void write_nearness(const SweepRow& row, JsonWriter& json) {
  if (row.spreads.empty()) return;
  json.key("bounds").begin_array();
  for (const Spread& spread : row.spreads) {
    json.begin_object()
        .member("of", name_of(spread.bound.part))
        .member("sentence", std::string_view(spread.bound.sentence.text))
        .member("line", static_cast<int>(spread.bound.sentence.place.line));
    if (spread.bound.least) json.member("at_least", *spread.bound.least);
    if (spread.bound.most) json.member("at_most", *spread.bound.most);
    json.member("values", static_cast<std::uint64_t>(spread.seen.size()));
    if (!spread.seen.empty()) {
      json.member("lowest", spread.lowest().value)
          .member("lowest_seed", std::string_view(fmt::format("0x{:x}", spread.lowest().seed)))
          .member("p50", spread.percentile(50))
          .member("p99", spread.percentile(99))
          .member("highest", spread.highest().value)
          .member("highest_seed", std::string_view(fmt::format("0x{:x}", spread.highest().seed)));
    }
    json.end_object();
  }
  json.end_array();
}

}  // namespace tickover::sim
