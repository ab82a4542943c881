// Scenarios that are too long to be swept with a thousand seeds hold with a few.
#include <gtest/gtest.h>

#include "properties/paths.h"
#include "sim/scenario/reader.h"
#include "sim/search/run_case.h"

namespace tickover::sim {
namespace {

// PROTOCOL PM5, A25; BUG C25(a); BUGS P7
TEST(SlowScenario, keeps_a_permission_through_a_day_of_loss) {
  const RoleRegistry roles = RoleRegistry::built_in();
  const std::string path = TICKOVER_SOURCE_DIR "/scenarios/slow/a-day-of-loss.toml";
  const auto scenario = read_scenario_file(path, roles);
  ASSERT_TRUE(scenario) << scenario.error().front().text();
  for (const std::uint64_t seed : {1, 2}) {
    const auto plan = make_plan(*scenario, seed, roles);
    ASSERT_TRUE(plan) << plan.error().what;
    EXPECT_EQ(run_case(*plan).exit, ExitCode::held) << seed;
  }
}

}  // namespace
}  // namespace tickover::sim
