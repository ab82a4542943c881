// From a failing run to the few datagrams that matter.
#include <gtest/gtest.h>
// RapidCheck's bridge needs gtest first.
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "properties/search/planted.h"
#include "sim/scenario/printer.h"
#include "sim/scenario/reader.h"
#include "sim/scenario/text.h"
#include "sim/search/minimise.h"
#include "sim/search/shrink.h"
#include "sim/search/simpler.h"

namespace tickover::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// alice asks bob for a minute, over a link so slow that each question is asked three times; carol
/// asks bob, too, and much is lost, late or doubled.
Scenario busy_place(Ratio loss = Ratio(1, 5)) {
  Scenario s = small_talk({.latency = Range<Duration>(milliseconds(30), milliseconds(50)),
                           .jitter = Range<Duration>(milliseconds(20)),
                           .loss = Range<Ratio>(loss),
                           .duplicate = Range<Ratio>(Ratio(1, 10)),
                           .reorder = Range<Ratio>(Ratio(1, 20))});
  s.sentence = "They talk.";
  s.duration = Range<Duration>(Duration(minutes(1)), Duration(minutes(2)));
  s.hosts.push_back(talker("carol", "bob"));
  s.links.push_back(link("carol", "bob", {.loss = Range<Ratio>(loss)}));
  s.hosts.front().start = Range<Duration>(Duration{}, Duration(milliseconds(70)));
  s.hosts.front().clock.drift_ppm = 100;
  s.faults = {fault(seconds(5), seconds(3), Partition{"carol", "bob"}),
              fault(seconds(9), seconds(1), Reboot{"carol"})};
  return s;
}

struct Failing {
  Scenario scenario;
  Outcome outcome;
};

/// The first seed that fails.
std::optional<Failing> find(const Scenario& scenario, const RoleRegistry& roles,
                            std::uint64_t from = 1, std::uint64_t seeds = 200) {
  for (std::uint64_t seed = from; seed < from + seeds; ++seed) {
    Outcome outcome = run_case(*make_plan(scenario, seed, roles));
    // The small roles have a fault or two of their own.
    if (!outcome.breach || outcome.breach->oracle != "planted") continue;
    return Failing{scenario, std::move(outcome)};
  }
  return {};
}

std::vector<std::string> drops_of(const Scenario& scenario) {
  std::vector<std::string> drops;
  for (const FaultSpec& fault : scenario.faults) {
    const auto* drop = std::get_if<Drop>(&fault.action);
    if (drop == nullptr || fault.at || fault.length) return {"something else"};
    const PacketMatch& m = drop->match;
    drops.push_back(m.from + ">" + m.to + " " + m.message + " " +
                    std::to_string(m.transaction->low) + "." + std::to_string(m.copy->low));
  }
  return drops;
}

std::vector<std::string> shrunk_to(const std::vector<std::string>& losses) {
  const RoleRegistry roles = planted_roles(losses);
  const auto found = find(busy_place(), roles);
  if (!found) return {"never found"};
  const Shrunk shrunk = shrink(found->scenario, found->outcome, roles);
  EXPECT_EQ(shrunk.end, ShrinkEnd::minimal);
  return drops_of(shrunk.scenario);
}

TEST(Shrinking, leaves_one_drop_of_a_defect_that_one_loss_reveals) {
  const std::vector<std::string> second_copy = {"alice>bob question 3.2"};
  EXPECT_EQ(shrunk_to(second_copy), second_copy);
  const std::vector<std::string> late = {"bob>alice answer 40.1"};
  EXPECT_EQ(shrunk_to(late), late);
}

TEST(Shrinking, leaves_two_drops_of_a_defect_that_two_losses_reveal) {
  const std::vector<std::string> both = {"alice>bob question 3.2", "bob>alice answer 7.1"};
  EXPECT_EQ(shrunk_to(both), both);
}

TEST(Shrinking, leaves_nothing_else_in_the_scenario) {
  const RoleRegistry roles = planted_roles({"alice>bob question 3.2"});
  const auto found = find(busy_place(), roles);
  ASSERT_TRUE(found);
  const Shrunk shrunk = shrink(found->scenario, found->outcome, roles);
  const Scenario& s = shrunk.scenario;
  EXPECT_EQ(s.hosts.size(), 2u);
  EXPECT_EQ(s.links.size(), 1u);
  EXPECT_EQ(s.links.front().both.jitter, std::nullopt);
  EXPECT_EQ(s.hosts.front().clock, ClockSpec{});
  EXPECT_EQ(s.hosts.front().start, Range<Duration>(Duration{}));
  EXPECT_LE(s.duration.high, Duration(seconds(1)));
  EXPECT_EQ(s.seed, found->outcome.seed);
  ASSERT_TRUE(s.found);
  EXPECT_EQ(s.found->oracle, "planted");
  EXPECT_EQ(s.found->event, shrunk.outcome.breach->step);
  EXPECT_LT(shrunk.runs, 200u);
}

/// Losses that can happen, early enough to be likely.
std::vector<std::string> any_losses() {
  std::set<std::string> losses;
  const auto count = *rc::gen::inRange(1, 4);
  while (losses.size() < static_cast<std::size_t>(count)) {
    const bool question = *rc::gen::arbitrary<bool>();
    losses.insert((question ? "alice>bob question " : "bob>alice answer ") +
                  std::to_string(*rc::gen::inRange(1, 9)) + "." +
                  std::to_string(*rc::gen::inRange(1, question ? 4 : 3)));
  }
  return {losses.begin(), losses.end()};
}

RC_GTEST_PROP(Shrinking, keeps_the_oracle_and_nothing_that_is_not_needed, ()) {
  const RoleRegistry roles = planted_roles(any_losses());
  const auto found =
      find(busy_place(Ratio(2, 5)), roles, *rc::gen::inRange<std::uint64_t>(1, 1'000));
  RC_PRE(found.has_value());
  const Shrunk shrunk = shrink(found->scenario, found->outcome, roles);
  RC_ASSERT(shrunk.end == ShrinkEnd::minimal);

  // It fails as it says, after a way through its text.
  const std::string text = print(shrunk.scenario);
  const auto read = read_scenario_text(text, "shrunk", roles);
  if (!read) RC_FAIL(read.error().front().text() + "\n" + text);
  RC_ASSERT(*read == shrunk.scenario);
  const Outcome again = run_case(*make_plan(*read, *read->seed, roles));
  RC_ASSERT(again.breach.has_value());
  RC_ASSERT(again.breach == shrunk.outcome.breach);
  RC_ASSERT(parse_seed("0x" + read->found->digest).value() == again.digest);

  // Each fault that is left is necessary.
  for (std::size_t i = 0; i < read->faults.size(); ++i) {
    Scenario fewer = *read;
    fewer.faults.erase(fewer.faults.begin() + static_cast<std::ptrdiff_t>(i));
    RC_ASSERT(!run_case(*make_plan(fewer, *read->seed, roles)).breach.has_value());
  }

  // Shrinking it once more changes nothing.
  RC_ASSERT(shrink(*read, again, roles).scenario == shrunk.scenario);
}

/// Objects from the first step on, where carol is missing.
class Lonely final : public Oracle {
 public:
  std::unique_ptr<Oracle> clone() const override { return std::make_unique<Lonely>(*this); }
  std::string_view id() const override { return "lonely"; }
  std::string_view statement() const override { return "Carol is there"; }
  void observe(const Step& step, const World& world) override {
    judged();
    if (!world.plan().host_named("carol")) broken(step, "she is not");
  }
};

TEST(Shrinking, does_not_slip_to_another_oracle) {
  RoleRegistry roles = planted_roles({"alice>bob question 3.2"});
  Role echo = *roles.find("echo");
  echo.oracle = [](const Plan&) { return std::make_unique<Lonely>(); };
  roles.add(std::move(echo));
  const auto found = find(busy_place(), roles);
  ASSERT_TRUE(found);
  const Shrunk shrunk = shrink(found->scenario, found->outcome, roles);
  EXPECT_EQ(shrunk.outcome.breach->oracle, "planted");
  EXPECT_EQ(shrunk.scenario.hosts.size(), 3u) << "carol is needed";
}

TEST(Shrinking, is_the_same_each_time) {
  const RoleRegistry roles = planted_roles({"alice>bob question 2.1"});
  const auto found = find(busy_place(), roles);
  ASSERT_TRUE(found);
  const Shrunk one = shrink(found->scenario, found->outcome, roles);
  const Shrunk other = shrink(found->scenario, found->outcome, roles);
  EXPECT_EQ(one.scenario, other.scenario);
  EXPECT_EQ(one.runs, other.runs);
}

TEST(Shrinking, stops_at_its_number_of_runs_with_the_best_so_far) {
  const RoleRegistry roles = planted_roles({"alice>bob question 3.2"});
  const auto found = find(busy_place(), roles);
  ASSERT_TRUE(found);
  const Shrunk shrunk = shrink(found->scenario, found->outcome, roles, {}, {.runs = 5});
  EXPECT_EQ(shrunk.end, ShrinkEnd::out_of_runs);
  EXPECT_EQ(shrunk.runs, 5u);
  const Outcome again = run_case(*make_plan(shrunk.scenario, *shrunk.scenario.seed, roles));
  ASSERT_TRUE(again.breach);
  EXPECT_EQ(again.breach->oracle, "planted");
  EXPECT_LT(shrunk.scenario.duration.high, busy_place().duration.low);
}

TEST(Shrinking, keeps_a_partition_that_says_more_than_what_it_took) {
  std::vector<std::string> all;
  for (int n = 1; n <= 5; ++n) {
    for (int copy = 1; copy <= 3; ++copy) {
      all.push_back("alice>bob question " + std::to_string(n) + "." + std::to_string(copy));
    }
  }
  const RoleRegistry roles = planted_roles(all);
  Scenario s = busy_place(Ratio());
  s.faults.push_back(fault({}, seconds(10), Partition{"alice", "bob"}));
  const auto found = find(s, roles);
  ASSERT_TRUE(found);
  const Shrunk shrunk = shrink(found->scenario, found->outcome, roles);
  ASSERT_EQ(shrunk.scenario.faults.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<Partition>(shrunk.scenario.faults.front().action));
}

TEST(Shrinking, of_an_expectation_keeps_its_sentence) {
  Breach breach{.breach_class = BreachClass::expectation, .oracle = "expect"};
  breach.of = Broken{ExpectPart::finally_, "alice has an allocation"};
  breach.what = "it has none";
  const std::string one = failure_name(breach);
  EXPECT_EQ(one, "expect finally \"alice has an allocation\"");
  breach.what = "something else";
  EXPECT_EQ(failure_name(breach), one);
  breach.of->sentence = "bob has an allocation";
  EXPECT_NE(failure_name(breach), one);
}

// --- what it is made of
// ---------------------------------------------------------------------------

RC_GTEST_PROP(Minimise, leaves_what_is_needed_and_that_alone, (const std::set<int>& needed)) {
  std::vector<int> items;
  for (int i = -20; i < 60; ++i) items.push_back(i);
  std::set<int> possible;
  for (const int n : needed) {
    if (n >= -20 && n < 60) possible.insert(n);
  }
  minimise(items, [&](const std::vector<int>& fewer) {
    const std::set<int> left(fewer.begin(), fewer.end());
    return std::ranges::includes(left, possible);
  });
  RC_ASSERT(items == std::vector<int>(possible.begin(), possible.end()));
}

TEST(Minimise, finds_one_of_a_thousand_in_a_few_questions) {
  std::vector<int> items(1'000);
  for (int i = 0; i < 1'000; ++i) items[static_cast<std::size_t>(i)] = i;
  int questions = 0;
  minimise(items, [&](const std::vector<int>& fewer) {
    ++questions;
    return std::ranges::find(fewer, 333) != fewer.end();
  });
  EXPECT_EQ(items, std::vector{333});
  EXPECT_LE(questions, 25);
}

/// Counts how often it is copied.
struct Weighed {
  explicit Weighed(int* total) : copies(total) {}
  Weighed(const Weighed& other) : copies(other.copies) { ++*copies; }
  Weighed(Weighed&&) = default;
  Weighed& operator=(const Weighed&) = default;
  Weighed& operator=(Weighed&&) = default;
  int* copies;
};

// A shrinker that is out of time has thousands of faults to copy for each question.
TEST(Minimise, copies_nothing_once_nothing_may_be_asked) {
  int copies = 0;
  std::vector<Weighed> items;
  for (int i = 0; i < 1'000; ++i) items.emplace_back(&copies);
  int questions = 0;
  copies = 0;
  const auto is_enough = [&](const std::vector<Weighed>&) { return ++questions > 99; };
  EXPECT_FALSE(minimise(items, is_enough, [&] { return questions < 3; }));
  EXPECT_EQ(questions, 3);
  EXPECT_LE(copies, 3'000);
  EXPECT_EQ(items.size(), 1'000u);
}

TEST(Minimise, looks_again_once_something_is_gone) {
  std::vector<char> items = {'m', 'y', 'n', 'x'};
  minimise(items, [](const std::vector<char>& left) {
    const auto has = [&](char c) { return std::ranges::find(left, c) != left.end(); };
    // x can go once y is gone.
    return has('m') && has('n') && (has('x') || !has('y'));
  });
  EXPECT_EQ(items, (std::vector<char>{'m', 'n'}));
}

TEST(SimplerSettings, try_everything_that_can_be_said_of_a_nat) {
  NatSpec odd{.name = "nat",
              .addresses = {IpAddress::parse("198.51.100.1").value()},
              .behind = "outer",
              .mapping = NatBehaviour::address,
              .filtering = NatBehaviour::address,
              .timeout = Duration(seconds(1)),
              .hairpinning = false,
              .inbound_refresh = true,
              .filter_timeout = Range<Duration>(Duration(seconds(1))),
              .unreplied_timeout = Range<Duration>(Duration(seconds(1))),
              .outbound_refresh = false,
              .hairpins_inside = true,
              .is_paired = false,
              .keeps_parity = true,
              .ports = PortChoice::preserve,
              .port_range = {2'000, 3'000},
              .port_block = 100,
              .translates = false,
              .nat64 = Nat64Prefix::parse("64:ff9b::/96")};
  // Whoever adds a member is told here to add it above, and to nat_members.
  [[maybe_unused]] const auto& [name, addresses, behind, mapping, filtering, timeout, hairpinning,
                                inbound, filter, unreplied, outbound, inside, paired, parity, ports,
                                range, block, translates, nat64, place] = odd;
  Scenario s;
  s.nats = {odd};
  for (const Edit& edit : simpler_settings(s, small_roles())) edit(s);
  EXPECT_EQ(s.nats.front(), NatSpec{.name = "nat"});
}

TEST(WithoutRanges, is_the_same_run) {
  const RoleRegistry& roles = small_roles();
  for (std::uint64_t seed = 1; seed < 10; ++seed) {
    const auto plan = make_plan(busy_place(), seed, roles);
    const Scenario fixed = without_ranges(**plan);
    EXPECT_TRUE(fixed.duration.is_fixed());
    EXPECT_TRUE(fixed.links.front().both.latency->is_fixed());
    EXPECT_EQ(digest_of(fixed, seed), digest_of(busy_place(), seed));
  }
}

TEST(RoundedUp, is_short_to_say_and_never_earlier) {
  EXPECT_EQ(rounded_up(milliseconds(12'345)), Duration(seconds(13)));
  EXPECT_EQ(rounded_up(milliseconds(45)), Duration(milliseconds(45)));
  EXPECT_EQ(rounded_up(Duration::nanoseconds(45'000'001)), Duration(milliseconds(46)));
  EXPECT_EQ(rounded_up(seconds(754)), Duration(minutes(13)));
  EXPECT_EQ(rounded_up(Duration{}), Duration(milliseconds(1)));
}

}  // namespace
}  // namespace tickover::sim
