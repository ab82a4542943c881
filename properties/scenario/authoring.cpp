// What scenarios/README.md teaches is true: its scenarios hold, and its reference is the reader's.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "properties/paths.h"
#include "sim/program/load.h"
#include "sim/program/schema.h"
#include "sim/scenario/reader.h"
#include "sim/search/run_case.h"

namespace tickover::sim {
namespace {

const std::string page = TICKOVER_SOURCE_DIR "/scenarios/README.md";

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// The fenced blocks of that language.
std::vector<std::string> blocks(const std::string& text, const std::string& language) {
  std::vector<std::string> found;
  const std::string fence = "\n```" + language + "\n";
  for (std::size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at)) {
    at += fence.size();
    found.push_back(text.substr(at, text.find("\n```", at) + 1 - at));
  }
  return found;
}

bool is_whole(const std::string& block) {
  return block.find("format") < block.find('[');
}

/// A part stands among hosts and links that it speaks of without saying them.
std::string completed(const std::string& part) {
  std::string text = "# A part.\nformat = 1\nduration = \"15min\"\n";
  const auto add = [&](const std::string& unless, const std::string& table) {
    if (part.find(unless) == std::string::npos) text += table;
  };
  text += "[[host]]\nname = \"relay\"\nrole = \"turn-server\"\n";
  add("\"alice\"\nrole", "[[host]]\nname = \"alice\"\nrole = \"turn-client\"\nrelay = \"relay\"\n");
  text += "[[host]]\nname = \"bob\"\nrole = \"peer\"\necho = true\n";
  if (part.find("between    = [\"alice\"") == std::string::npos)
    add("between = [\"alice\"", "[[link]]\nbetween = [\"alice\", \"relay\"]\n");
  text += "[[link]]\nbetween = [\"bob\", \"relay\"]\n";
  text += "[[traffic]]\nfrom = \"alice\"\nto = \"bob\"\n";
  if (part.find("after relay restarts") != std::string::npos) {
    add("reboot", "[[fault]]\nat = \"5min\"\nreboot = \"relay\"\n");
  }
  return text + part;
}

void expect_held(const std::string& text, std::uint64_t seeds) {
  const RoleRegistry registry = RoleRegistry::built_in();
  std::vector<Problem> warnings;
  const auto scenario = read_scenario_text(text, "README.md", registry, &warnings);
  ASSERT_TRUE(scenario.has_value()) << scenario.error().front().text() << "\n" << text;
  EXPECT_TRUE(warnings.empty()) << warnings.front().text() << "\n" << text;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const auto problems = plan_problems(*scenario, "README.md", seed, registry);
    ASSERT_TRUE(problems.empty()) << problems.front().text() << "\n" << text;
    const Outcome outcome = run_case(*make_plan(*scenario, seed, registry), {}, {});
    ASSERT_EQ(outcome.exit, ExitCode::held) << summary(outcome) << " with seed " << seed;
  }
}

TEST(Authoring, teaches_scenarios_that_hold) {
  std::size_t whole = 0;
  for (const std::string& block : blocks(text_of(page), "toml")) {
    whole += is_whole(block) ? 1 : 0;
    expect_held(is_whole(block) ? block : completed(block), 5);
  }
  EXPECT_GE(whole, 1u);
}

/// The page says that this fails with some of the first hundred seeds, and what helps.
TEST(Authoring, tells_truly_what_fails_and_what_mends_it) {
  std::string first = blocks(text_of(page), "toml").front();
  const auto at = first.find("10s..30s");
  ASSERT_NE(at, std::string::npos);
  first.replace(at, 8, "10s..60s");
  const RoleRegistry registry = RoleRegistry::built_in();
  const auto scenario = read_scenario_text(first, "tunnel.toml", registry);
  ASSERT_TRUE(scenario.has_value());
  const Outcome outcome = run_case(*make_plan(*scenario, 5, registry), {}, {});
  EXPECT_EQ(outcome.exit, ExitCode::expectation);
  const std::string told = summary(outcome);
  EXPECT_NE(text_of(page).find(told), std::string::npos) << "the page should say: " << told;
  first.replace(first.find("10min"), 5, "15min");
  const std::string mended =
      first.substr(0, first.find("[expect]")) +
      "[expect]\nfinally = [\"alice has an allocation\", \"alice hears from bob\"]\n"
      "heal = { at = \"6min\", within = \"policy\" }\n";
  expect_held(mended, 20);
}

TEST(Authoring, has_the_reference_of_every_key) {
  const std::string begin = "--gtest_filter='Authoring.*' -->\n";
  const std::string end = "<!-- end of what is written -->";
  std::string text = text_of(page);
  const std::size_t from = text.find(begin);
  const std::size_t to = text.find(end);
  ASSERT_TRUE(from != std::string::npos && to != std::string::npos);
  const std::string wanted = "\n" + scenario_reference(RoleRegistry::built_in()) + "\n";
  const std::size_t after = from + begin.size();
  if (std::getenv("TICKOVER_UPDATE") != nullptr) {
    std::ofstream(page, std::ios::binary) << text.replace(after, to - after, wanted);
    return;
  }
  EXPECT_EQ(text.substr(after, to - after), wanted)
      << "the reference in " << page << " is old; write it anew by TICKOVER_UPDATE=1 "
      << "build/release/properties/tickover_properties --gtest_filter='Authoring.*'";
}

}  // namespace
}  // namespace tickover::sim
