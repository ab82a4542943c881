// `tickover explain`: the words are those that a person has read, for every part of a scenario.
#include <gtest/gtest.h>

#include <filesystem>

#include "properties/paths.h"
#include "properties/scenario/golden.h"
#include "sim/program/load.h"
#include "sim/report/explain.h"
#include "sim/scenario/find.h"

namespace tickover::sim {
namespace {

const std::string source = TICKOVER_SOURCE_DIR;

std::string explained(const std::string& path, std::uint64_t seed) {
  const RoleRegistry registry = RoleRegistry::built_in();
  std::vector<Problem> problems;
  const auto scenario = load_scenario(path, registry, problems);
  if (!scenario) return problems.front().text();
  std::string text;
  for (const Chapter& chapter : explain(**make_plan(*scenario, seed, registry))) {
    text += chapter.title + "\n";
    for (const std::string& line : chapter.lines) text += "  " + line + "\n";
  }
  return text;
}

TEST(Explaining, says_hosts_nats_links_and_traffic_in_words) {
  const std::string path = source + "/properties/scenario/explained/hosts-and-links";
  expect_golden(explained(path + ".toml", 1), path + ".txt");
}

TEST(Explaining, says_every_fault_in_the_order_of_time) {
  const std::string path = source + "/properties/scenario/explained/every-fault";
  expect_golden(explained(path + ".toml", 2), path + ".txt");
}

TEST(Explaining, shows_what_another_seed_draws) {
  const std::string path = source + "/properties/scenario/explained/every-fault.toml";
  EXPECT_EQ(explained(path, 7), explained(path, 7));
  EXPECT_NE(explained(path, 7), explained(path, 8));
}

TEST(Explaining, has_words_for_every_kept_scenario) {
  for (const std::string& path : find_scenarios({source + "/scenarios"})) {
    const std::string text = explained(path, 3);
    EXPECT_TRUE(text.starts_with("Hosts\n")) << path << ": " << text;
    EXPECT_NE(text.find("\nWhat happens\n"), std::string::npos) << path;
    EXPECT_NE(text.find("\nWhat must hold\n"), std::string::npos) << path;
  }
}

}  // namespace
}  // namespace tickover::sim
