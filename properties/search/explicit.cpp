// A run written down with all that was drawn and given is the same run.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "properties/paths.h"
#include "properties/world/small_world.h"
#include "sim/scenario/find.h"
#include "sim/scenario/printer.h"
#include "sim/scenario/reader.h"
#include "sim/search/choices.h"
#include "sim/search/explicit.h"
#include "sim/search/invent.h"
#include "sim/search/run_case.h"
#include "sim/search/words_of.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;

const RoleRegistry& roles() {
  static const RoleRegistry registry = RoleRegistry::built_in();
  return registry;
}

/// Through a file and back, and planned for a seed that the file does not ask for.
std::shared_ptr<const Plan> said_again(const Plan& plan, const RoleRegistry& registry) {
  const std::string text = print(with_all_said(plan));
  const auto read = read_scenario_text(text, "x.toml", registry);
  if (!read) throw std::runtime_error(read.error().front().text() + "\n" + text);
  const auto again = make_plan(*read, read->seed.value(), registry);
  if (!again) throw std::runtime_error(again.error().what + "\n" + text);
  return *again;
}

std::shared_ptr<const Plan> plan_of(const Scenario& scenario, std::uint64_t seed) {
  auto plan = make_plan(scenario, seed, roles());
  if (!plan) throw std::runtime_error(plan.error().what);
  return *plan;
}

constexpr RunLimits some_steps{.steps = 20'000};

void expect_same_run(const Plan& plan, const RoleRegistry& registry, const std::string& what) {
  const auto again = said_again(plan, registry);
  const auto first = run_case(plan_of(plan.scenario, plan.seed), some_steps);
  const auto second = run_case(again, some_steps);
  EXPECT_EQ(first.digest, second.digest) << what;
  EXPECT_EQ(first.exit, second.exit) << what;
}

class SaidScenario : public testing::TestWithParam<std::string> {};

TEST_P(SaidScenario, is_the_same_run_for_every_seed) {
  const auto scenario = read_scenario_file(GetParam(), roles());
  ASSERT_TRUE(scenario);
  for (const std::uint64_t seed : {1u, 2u, 0xabcdefu}) {
    expect_same_run(*plan_of(*scenario, seed), roles(), "seed " + std::to_string(seed));
  }
}

INSTANTIATE_TEST_SUITE_P(Kept, SaidScenario,
                         testing::ValuesIn(find_scenarios({TICKOVER_SOURCE_DIR "/scenarios/fast"})),
                         [](const testing::TestParamInfo<std::string>& file) {
                           std::string name = file.param.substr(file.param.rfind('/') + 1);
                           for (char& c : name) {
                             if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
                           }
                           return name;
                         });

RC_GTEST_PROP(Explicit, is_the_same_run_of_an_invented_world, (std::uint64_t key)) {
  SeededChoices choices(key);
  const Scenario scenario = invent(choices);
  const auto plan = plan_of(scenario, key | 1);
  const RunLimits few{.steps = 2'000};
  RC_ASSERT(run_case(plan, few).digest == run_case(said_again(*plan, roles()), few).digest);
}

TEST(Explicit, leaves_no_range_and_no_count) {
  Scenario scenario = small_talk({.latency = Range<Duration>(10ms, 90ms),
                                  .jitter = Range<Duration>(1ms, 9ms),
                                  .loss = Range<Ratio>(Ratio(1, 100), Ratio(2, 100))});
  scenario.hosts[0].count = 3;
  scenario.hosts[0].start = Range<Duration>(0s, 1s);
  scenario.faults = {{.at = Range<Duration>(1ms, 900ms), .action = Reboot{scenario.hosts[0].name}}};
  scenario.links[0].a = scenario.hosts[0].name;
  Scenario said = with_all_said(*planned(scenario, 3));
  EXPECT_EQ(said.hosts.size(), 4u);
  EXPECT_EQ(said.links.size(), 3u);
  EXPECT_EQ(said.faults.size(), 3u);
  EXPECT_EQ(said.seed, 3u);
  for (const HostSpec& host : said.hosts) {
    EXPECT_EQ(host.count, 1);
    EXPECT_FALSE(host.addresses.empty());
  }
  EXPECT_EQ(said.hosts[0].groups, (std::vector<std::string>{scenario.hosts[0].name}));
  for (LinkSpec& link : said.links) {
    EXPECT_EQ(link.both.jitter, (Range<Duration>(1ms, 9ms)));  // drawn per packet
    link.both.jitter.reset();
    EXPECT_TRUE(link.both.loss->is_fixed());
  }
  for_each_duration(said, [](const Range<Duration>& range) { EXPECT_TRUE(range.is_fixed()); });
}

TEST(Explicit, says_itself_no_otherwise_a_second_time) {
  const auto scenario =
      read_scenario_file(TICKOVER_SOURCE_DIR "/scenarios/fast/ten-clients.toml", roles());
  ASSERT_TRUE(scenario);
  const auto plan = plan_of(*scenario, 5);
  const Scenario once = with_all_said(*plan);
  EXPECT_EQ(with_all_said(*plan_of(once, 5)), once);
}

}  // namespace
}  // namespace tickover::sim
