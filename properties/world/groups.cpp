// One name for several hosts: where it may stand, and what it means there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/scenario/registry.h"
#include "properties/world/small_world.h"
#include "sim/scenario/printer.h"
#include "sim/scenario/reader.h"
#include "sim/search/run_case.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Three talkers and an echo; two of the talkers say that they are "chatty".
Scenario crowd() {
  Scenario scenario = small_talk();
  scenario.hosts.push_back(talker("carol", "bob"));
  scenario.hosts.push_back(talker("dave", "bob"));
  for (HostSpec& host : scenario.hosts) {
    if (host.name == "alice" || host.name == "dave") host.groups = {"chatty"};
  }
  scenario.links = {link("*", "*")};
  return scenario;
}

std::vector<std::string> restarted(const Scenario& scenario) {
  World world = world_of(scenario);
  run(world);
  std::vector<std::string> names;
  for (HostIndex i = 0; i < world.plan().hosts.size(); ++i) {
    if (world.boots(i) > 1) names.push_back(world.plan().hosts[i].info.name);
  }
  return names;
}

TEST(Group, is_meant_by_a_fault_on_hosts_as_each_of_them) {
  Scenario scenario = crowd();
  scenario.faults = {fault(500ms, 100ms, Reboot{"chatty"})};
  EXPECT_EQ(restarted(scenario), (std::vector<std::string>{"alice", "dave"}));
  scenario = crowd();
  scenario.hosts[0].count = 3;
  scenario.faults = {fault(500ms, 100ms, Reboot{scenario.hosts[0].name})};
  EXPECT_EQ(restarted(scenario).size(), 3u);
}

TEST(Group, is_a_shorthand_for_naming_its_members) {
  Scenario one = crowd();
  one.faults = {{.at = Range<Duration>(100ms, 900ms), .action = Reboot{"chatty"}},
                {.at = Range<Duration>(100ms, 900ms), .action = WallJump{"chatty", Duration(3s)}}};
  Scenario each = crowd();
  for (const char* name : {"alice", "dave"}) {
    each.faults.push_back({.at = Range<Duration>(100ms, 900ms), .action = Reboot{name}});
    each.faults.push_back(
        {.at = Range<Duration>(100ms, 900ms), .action = WallJump{name, Duration(3s)}});
  }
  const auto of_group = planned(one);
  const auto of_each = planned(each);
  ASSERT_EQ(of_group->faults.size(), 4u);
  EXPECT_NE(of_group->faults[0].begin, of_group->faults[1].begin);  // each draws its own
  std::map<std::uint64_t, Instant> begins;
  for (const FaultPlan& fault : of_each->faults) begins.emplace(fault.key, fault.begin);
  for (const FaultPlan& fault : of_group->faults) EXPECT_EQ(begins.at(fault.key), fault.begin);
}

TEST(Group, that_a_fault_names_is_one_fault_to_who_counts_matches) {
  Scenario scenario = crowd();
  scenario.faults = {fault(500ms, 100ms, Suspend{"chatty"}), fault(500ms, 1ms, Reboot{"bob"})};
  const Outcome outcome = run_case(planned(scenario));
  EXPECT_EQ(outcome.fault_matches, (std::vector<std::uint64_t>{2, 1}));
}

TEST(Group, behind_one_nat_has_its_nat_flapped_once) {
  Scenario scenario = crowd();
  scenario.nats = {{.name = "home"}};
  for (HostSpec& host : scenario.hosts) {
    if (!host.groups.empty()) host.behind = "home";
  }
  scenario.faults = {fault(500ms, 100ms, NatFlap{"chatty"})};
  EXPECT_EQ(planned(scenario)->faults.size(), 1u);
}

TEST(Group, of_unlike_hosts_is_named_by_links_and_traffic) {
  Scenario scenario = crowd();
  scenario.links = {link("chatty", "bob"), link("carol", "bob")};
  scenario.traffic = {{.from = "chatty", .to = "bob"}};
  const auto plan = planned(scenario);
  EXPECT_EQ(plan->directions.size(), 6u);
  EXPECT_EQ(plan->flows.size(), 2u);
}

std::string complaints(const std::string& hosts) {
  std::vector<Problem> problems;
  auto read =
      read_scenario_text("# It holds.\nformat = 1\n" + hosts, "x.toml", reading_roles(), &problems);
  if (!read) problems = std::move(read.error());
  std::string all;
  for (const Problem& problem : problems) all += problem.text() + "\n";
  return all;
}

TEST(Group, is_read_and_printed_with_its_members) {
  const std::string text = R"([[host]]
name  = "a"
role  = "peer"
group = "all"
[[host]]
name  = "b"
role  = "peer"
group = ["all", "some"]
[[link]]
between = ["all", "some"]
)";
  EXPECT_EQ(complaints(text), "");
  const auto read =
      read_scenario_text("# It holds.\nformat = 1\n" + text, "x.toml", reading_roles());
  ASSERT_TRUE(read);
  const auto again = read_scenario_text(print(*read), "x.toml", reading_roles());
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, *read);
  EXPECT_EQ(again->hosts[1].groups, (std::vector<std::string>{"all", "some"}));
}

TEST(Group, shares_no_name_with_a_host_or_a_nat) {
  EXPECT_THAT(complaints("[[host]]\nname = \"a\"\nrole = \"peer\"\ngroup = \"b\"\n"
                         "[[host]]\nname = \"b\"\nrole = \"peer\"\n"),
              HasSubstr("x.toml:6:9: the name \"b\" is taken by a host on line 8\n"));
  EXPECT_THAT(complaints("[[host]]\nname = \"a\"\nrole = \"peer\"\ngroup = \"b c\"\n"),
              HasSubstr("a name is one word"));
}

TEST(Group, is_not_one_host) {
  EXPECT_THAT(complaints("[[host]]\nname = \"a\"\nrole = \"peer\"\ngroup = \"b\"\n"
                         "[[host]]\nname = \"c\"\nrole = \"turn-client\"\nrelay = \"b\"\n"
                         "[[link]]\nbetween = [\"*\", \"*\"]\n"),
              HasSubstr("\"b\" is a group of hosts, and one host is expected\n"));
}

}  // namespace
}  // namespace tickover::sim
