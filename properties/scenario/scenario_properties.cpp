#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>

#include "properties/scenario/invented_scenario.h"
#include "properties/scenario/registry.h"
#include "sim/scenario/printer.h"
#include "sim/scenario/reader.h"
#include "sim/scenario/text.h"

namespace tickover::sim {
namespace {

/// Reads the bytes and demands of the answer what holds for every answer.
void expect_sane_answer(const std::string& bytes) {
  const auto read = read_scenario_text(bytes, "x.toml", reading_roles());
  if (read) {
    RC_ASSERT(!read->hosts.empty());
    const auto again = read_scenario_text(print(*read), "x.toml", reading_roles());
    RC_ASSERT(again.has_value());
    RC_ASSERT(*again == *read);
    return;
  }
  RC_ASSERT(!read.error().empty());
  const auto lines = static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\n')) + 1;
  bool has_error = false;
  for (const Problem& problem : read.error()) {
    has_error = has_error || problem.severity == Severity::error;
    RC_ASSERT(!problem.what.empty());
    // A parser may notice at the end of the text, one line further.
    RC_ASSERT(problem.line <= lines + 1);
  }
  RC_ASSERT(has_error);
}

RC_GTEST_PROP(ScenarioText, reads_back_what_it_printed, (std::uint64_t key)) {
  const Scenario scenario = ScenarioMaker(key).make();
  const std::string text = print(scenario);
  RC_LOG() << text;
  const auto read = read_scenario_text(text, "x.toml", reading_roles());
  if (!read) RC_FAIL(read.error().front().text());
  RC_ASSERT(*read == scenario);
  RC_ASSERT(print(*read) == text);
}

RC_GTEST_PROP(ScenarioText, is_total_over_any_bytes, (const std::string& bytes)) {
  expect_sane_answer(bytes);
}

RC_GTEST_PROP(ScenarioText, survives_mutations_of_a_good_file, (std::uint64_t key)) {
  Random random(key);
  std::string text = print(ScenarioMaker(key).make());
  static const std::string spice = "[]{}=.,\"'#\n\\ 019aé\xff";
  for (std::uint64_t i = random.below(4); i <= 4; ++i) {
    const std::size_t at = random.below(text.size());
    const std::size_t length = std::min<std::size_t>(random.below(8), text.size() - at);
    switch (random.below(3)) {
      case 0:
        text[at] = spice[random.below(spice.size())];
        break;
      case 1:
        if (length + 1 < text.size()) text.erase(at, length);
        break;
      default:
        text.insert(random.below(text.size()), text.substr(at, length));
    }
  }
  expect_sane_answer(text);
}

RC_GTEST_PROP(DurationText, reads_back_what_it_wrote, (std::int64_t count)) {
  const Duration duration = Duration::nanoseconds(count);
  RC_ASSERT((parse_duration(duration_text(duration)) == duration));
  const Duration round = Duration::nanoseconds(count / 1'000'000 * 1'000'000);
  RC_ASSERT((parse_duration(duration_text(round)) == round));
}

RC_GTEST_PROP(RatioText, reads_back_what_it_wrote, (std::uint32_t a, std::uint32_t b)) {
  const std::uint32_t low = std::min(a, b);
  const std::uint32_t high = std::max(std::max(a, b), 1u);
  RC_ASSERT((parse_probability(probability_text(Ratio(low, high))) == Ratio(low, high)));
  if (low > 0) {
    RC_ASSERT((parse_factor(factor_text(Ratio(high, low))) == Ratio(high, low)));
  }
}

RC_GTEST_PROP(SeedText, reads_back_what_it_wrote, (std::uint64_t seed)) {
  RC_ASSERT((parse_seed(seed_text(seed)) == seed));
}

RC_GTEST_PROP(DrawnValue, lies_between_the_ends,
              (std::int64_t a, std::int64_t b, std::uint32_t c, std::uint32_t d,
               std::uint64_t seed)) {
  const std::uint64_t word = scramble(seed);
  const Range<std::int64_t> integers(std::min(a, b), std::max(a, b));
  const std::int64_t integer = draw(integers, word);
  RC_ASSERT(integers.low <= integer && integer <= integers.high);
  const Ratio x(c, d / 2 + 1);
  const Ratio y(d, c / 2 + 1);
  const Range<Ratio> ratios(std::min(x, y), std::max(x, y));
  const Ratio ratio = draw(ratios, word);
  RC_ASSERT(ratios.low <= ratio && ratio <= ratios.high);
  RC_ASSERT(draw(ratios, 0) == ratios.low);
  RC_ASSERT(draw(ratios, std::numeric_limits<std::uint64_t>::max()) == ratios.high);
}

}  // namespace
}  // namespace tickover::sim
