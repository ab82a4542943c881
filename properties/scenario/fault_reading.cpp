// The words for NATs, for what befalls hosts, and for when; and what is said of wrong ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/scenario/registry.h"
#include "sim/scenario/printer.h"
#include "sim/scenario/reader.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;

/// A test writes its lines, counted from 10.
constexpr const char* head = R"(# It holds.
format = 1
icmp = true
host = [{ name = "alice", role = "peer", nat = "outer" }, { name = "bob", role = "peer" }]

[[link]]
between = ["outer", "bob"]

[[nat]]
name = "outer"
)";

std::expected<Scenario, std::vector<Problem>> read(const std::string& lines) {
  return read_scenario_text(head + lines, "x.toml", reading_roles());
}

std::string complaints(const std::string& lines) {
  std::string all;
  if (const auto scenario = read(lines); !scenario) {
    for (const Problem& problem : scenario.error()) all += problem.text() + "\n";
  }
  return all;
}

TEST(FaultReader, reads_every_word_of_a_nat_and_prints_it_back) {
  const auto scenario = read(R"(mapping = "address"
filter-timeout = "10s"
unreplied-timeout = "20s..30s"
hairpinning = "inside"
outbound-refresh = false
ports = "overload"
port-parity = true
port-range = "2000..2999"
port-block = 50
pooling = "arbitrary"
)");
  ASSERT_TRUE(scenario) << complaints("");
  EXPECT_TRUE(scenario->icmp);
  const NatSpec& nat = scenario->nats[0];
  EXPECT_EQ(nat.filter_timeout, Range<Duration>(10s));
  EXPECT_EQ(nat.unreplied_timeout, (Range<Duration>(20s, 30s)));
  EXPECT_TRUE(nat.hairpinning && nat.hairpins_inside && nat.keeps_parity);
  EXPECT_FALSE(nat.outbound_refresh || nat.is_paired);
  EXPECT_EQ(nat.ports, PortChoice::overload);
  EXPECT_EQ(nat.port_range, (Range<std::int64_t>(2'000, 2'999)));
  EXPECT_EQ(nat.port_block, 50);
  const auto again = read_scenario_text(print(*scenario), "y.toml", reading_roles());
  ASSERT_TRUE(again) << again.error().front().text();
  EXPECT_EQ(*again, *scenario);
}

TEST(FaultReader, reads_when_and_how_often) {
  const auto scenario = read(R"(
[[fault]]
at = "2s after alice has an allocation"
for = "1s"
every = "5s..6s"
sometimes = "25%"
move = { host = "alice", address = ["10.0.0.9", "2001:db8::9"], dead = "1s..3s" }
)");
  ASSERT_TRUE(scenario) << complaints("");
  const FaultSpec& fault = scenario->faults[0];
  EXPECT_EQ(fault.after->delay, Duration(2s));
  EXPECT_EQ(fault.after->sentence.text, "alice has an allocation");
  EXPECT_FALSE(fault.at);
  EXPECT_EQ(fault.every, (Range<Duration>(5s, 6s)));
  EXPECT_EQ(fault.sometimes, Range<Ratio>(Ratio(1, 4)));
  EXPECT_EQ(std::get<Move>(fault.action).addresses.size(), 2u);
}

TEST(FaultReader, says_what_is_wrong_and_where) {
  const std::string fault = "[[fault]]\n";
  const std::pair<std::string, const char*> wrong[] = {
      {"ports = \"keep\"", "11:9: `ports`: expected \"random\", \"preserve\" or \"overload\""},
      {"hairpinning = \"insid\"",
       "11:15: `hairpinning`: expected true, false or \"inside\", found \"insid\" (did "
       "you mean \"inside\"?)"},
      {"port-range = \"2000..2010\"\nport-block = 12", "`port-block`: a block is larger than"},
      {"translate = false\npooling = \"paired\"",
       "12:11: `pooling` has no effect where nothing is translated"},
      {fault + "at = \"2 after x\"\nsuspend = \"alice\"", "12:6: `at`: expected a duration"},
      {fault + "at = \"-2s after x\"\nsuspend = \"alice\"",
       "`at`: the time after something is not below 0"},
      {fault + "every = \"1min\"\nsuspend = \"alice\"",
       "12:9: `every` needs a shorter `for`: each ends before the next"},
      {fault + "every = \"1s\"\nfor = \"2s\"\nblock = { from = \"outer\", to = \"bob\" }",
       "`every` needs a shorter `for`"},
      {fault + "nat-flap = \"alise\"", "(did you mean \"alice\"?)"},
      {fault + "nat-move = { nat = \"outer\", address = \"2001:db8::1\" }",
       "`address`: one IPv4 address is expected"},
      {fault + "move = { host = \"alice\", nat = \"bob\" }", "bob"},
  };
  for (const auto& [lines, said] : wrong) {
    EXPECT_THAT(complaints(lines + "\n"), testing::HasSubstr(said)) << lines;
  }
}

}  // namespace
}  // namespace tickover::sim
