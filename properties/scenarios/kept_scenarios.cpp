// What holds for the scenario files that are kept: the digests on record, and the comparers.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "properties/paths.h"
#include "sim/scenario/find.h"
#include "sim/scenario/reader.h"
#include "sim/scenario/text.h"
#include "sim/search/compare.h"
#include "sim/search/run_case.h"

namespace tickover::sim {
namespace {

const std::string root = TICKOVER_SOURCE_DIR "/";

const RoleRegistry& registry() {
  static const RoleRegistry roles = RoleRegistry::built_in();
  return roles;
}

std::shared_ptr<const Plan> plan_of(const std::string& path, std::uint64_t seed) {
  auto scenario = read_scenario_file(path, registry());
  if (!scenario) throw std::runtime_error(scenario.error().front().text());
  auto plan = make_plan(*scenario, seed, registry());
  if (!plan) throw std::runtime_error(path + ": " + plan.error().what);
  return *plan;
}

// BUGS P21
TEST(RecordedDigests, are_those_of_this_build) {
  std::ifstream record(root + "properties/digests.txt");
  std::string line;
  std::size_t compared = 0;
  while (std::getline(record, line)) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream words(line);
    std::string file, seed, digest;
    words >> file >> seed >> digest;
    char text[17];
    std::snprintf(text, sizeof text, "%016llx",
                  static_cast<unsigned long long>(
                      run_case(plan_of(root + file, parse_seed(seed).value())).digest));
    EXPECT_EQ(digest, text) << file << " --seed " << seed;
    ++compared;
  }
  EXPECT_GT(compared, 0u);
}

/// Where a comparer works at every step, runs are kept short: what it looks for shows early.
constexpr RunLimits some_steps{.steps = 3'000};

class FastScenario : public testing::TestWithParam<std::string> {
 protected:
  static std::string say(const std::optional<Breach>& breach) {
    return breach ? breach->oracle + ": " + breach->what : "nothing differs";
  }
};

// BUG C27(a); BUGS G18, P2
TEST_P(FastScenario, is_the_same_under_a_lazy_and_a_ticking_driver) {
  // Whole runs: ticks take steps of their own.
  EXPECT_EQ(say(compare_drivers(plan_of(GetParam(), 7), Duration(std::chrono::milliseconds(97)))),
            "nothing differs");
}

// BUGS P3
TEST_P(FastScenario, does_not_change_by_being_told_the_time_twice) {
  EXPECT_EQ(say(check_idempotence(plan_of(GetParam(), 7), some_steps)), "nothing differs");
}

TEST_P(FastScenario, goes_on_alike_in_a_fork) {
  EXPECT_EQ(say(compare_fork(plan_of(GetParam(), 7), some_steps)), "nothing differs");
}

// BUG A13; BUGS G17, P20
TEST_P(FastScenario, does_not_depend_on_where_clocks_start) {
  EXPECT_EQ(
      say(compare_shifted(plan_of(GetParam(), 7), Duration(std::chrono::hours(1'193)), some_steps)),
      "nothing differs");
}

INSTANTIATE_TEST_SUITE_P(Kept, FastScenario,
                         testing::ValuesIn(find_scenarios({root + "scenarios/fast"})),
                         [](const testing::TestParamInfo<std::string>& file) {
                           std::string name = file.param.substr(file.param.rfind('/') + 1);
                           name = name.substr(0, name.rfind('.'));
                           std::ranges::replace_if(
                               name,
                               [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); },
                               '_');
                           return name;
                         });

}  // namespace
}  // namespace tickover::sim
