// `--driver`: one scenario, driven in every way.
#include <gtest/gtest.h>

#include "properties/program/workbench.h"
#include "sim/program/driver_option.h"

namespace tickover::sim {
namespace {

constexpr const char* lost = "scenarios/fast/first-answer-lost.toml";
constexpr const char* breaks = "scenarios/negative/an-expectation-that-breaks.toml";

std::string digest_of(const Finished& run) {
  const std::string key = "digest: ";
  const std::size_t at = run.out.find(key);
  return at == std::string::npos ? "" : run.out.substr(at + key.size(), 16);
}

TEST(DriverOption, says_again_what_it_has_read) {
  for (const char* text : {"lazy", "ticking=1ms", "oversleeping=200ms", "oversleeping=0s..1min"}) {
    const auto driver = parse_driver(text);
    ASSERT_TRUE(driver.has_value()) << driver.error();
    EXPECT_EQ(driver_text(*driver), text);
    EXPECT_EQ(driver_option(*driver), " --driver " + std::string(text));
  }
  EXPECT_EQ(driver_option({}), "");
}

TEST(DriverOption, refuses_what_no_scenario_may_say) {
  for (const char* text : {"", "eager", "ticking", "ticking=", "ticking=0s", "ticking=5",
                           "oversleeping=-1s", "lazy=1ms", "ticking=2ms..1ms"}) {
    EXPECT_FALSE(parse_driver(text).has_value()) << text;
  }
  EXPECT_EQ(parse_driver("eager").error(),
            "expected lazy, ticking=1ms or oversleeping=200ms, found \"eager\"");
}

TEST(DriverOption, drives_all_but_attackers) {
  Scenario scenario;
  scenario.hosts = {{.name = "alice", .role = "turn-client"}, {.name = "eve", .role = "attacker"}};
  drive(scenario, parse_driver("ticking=5ms").value(), RoleRegistry::built_in());
  EXPECT_EQ(scenario.hosts[0].driver.kind, DriverKind::ticking);
  EXPECT_EQ(scenario.hosts[1].driver.kind, DriverKind::lazy);
}

TEST(DriverOption, demands_no_situation_that_another_driver_brings_about) {
  Scenario scenario;
  scenario.expect.marks = {{"a late wake-up"}};
  drive(scenario, {}, RoleRegistry::built_in());
  EXPECT_FALSE(scenario.expect.marks.empty());
  drive(scenario, parse_driver("lazy").value(), RoleRegistry::built_in());
  EXPECT_TRUE(scenario.expect.marks.empty());
}

/// What a scenario says of its hosts and what the option says are the same run.
// BUGS P2, G18
TEST(DriverOption, does_what_the_key_in_the_file_does) {
  const Workbench bench;
  bench.bring(lost);
  std::string text = bench.read(lost);
  for (std::size_t at = text.find("\nrole"); at != std::string::npos;
       at = text.find("\nrole", at)) {
    const std::string key = "\ndriver = { oversleeping = \"200ms\" }";
    text.insert(at, key);
    at += key.size() + 1;
  }
  bench.write("driven.toml", text);
  const Finished by_file = bench.tickover({"run", "driven.toml"});
  const Finished by_option = bench.tickover({"run", lost, "--driver", "oversleeping=200ms"});
  EXPECT_EQ(by_option.exit, 0) << by_option.out;
  EXPECT_EQ(digest_of(by_file), digest_of(by_option));
  EXPECT_NE(digest_of(bench.tickover({"run", lost})), digest_of(by_option));
  EXPECT_TRUE(by_option.lines().front().ends_with(", driver oversleeping=200ms"));
}

TEST(DriverOption, is_part_of_the_line_that_replays) {
  const Workbench bench;
  bench.bring(breaks);
  const Finished run = bench.tickover({"run", breaks, "--driver", "ticking=10ms"});
  EXPECT_EQ(run.exit, 3);
  EXPECT_TRUE(run.last_line().ends_with(" --seed 0x1 --driver ticking=10ms")) << run.last_line();
  EXPECT_EQ(bench.shell(run.replay()).out, run.out);
  const Finished sweep = bench.tickover(
      {"sweep", breaks, "--seeds", "1", "--shrink", "0", "--driver", "ticking=10ms"});
  EXPECT_EQ(sweep.exit, 3);
  EXPECT_TRUE(sweep.last_line().ends_with(" --driver ticking=10ms")) << sweep.last_line();
  const Finished bad = bench.tickover({"run", breaks, "--driver", "tick=1ms"});
  EXPECT_EQ(bad.exit, 2);
  EXPECT_EQ(bad.out, "");
}

}  // namespace
}  // namespace tickover::sim
