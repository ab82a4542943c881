// A breach says which sentence of [expect] it is about, so that nobody reads it out of its text.
#include <gtest/gtest.h>

#include "properties/oracles/hand_made.h"
#include "sim/search/failure_shape.h"
#include "sim/search/run_case.h"
#include "sim/search/shrink.h"

namespace tickover::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// alice pings bob, who never answers.
Stage unheard() {
  Stage stage = two_peers();
  stage.setting("echo", true);
  stage.scenario.links.push_back({.a = "alice", .b = "bob"});
  stage.scenario.duration = Duration(seconds(10)) + milliseconds(500);
  stage.scenario.faults = {
      {.at = Range<Duration>(Duration()), .action = Partition{"alice", "bob"}}};
  return stage;
}

Breach breach_of(const ExpectSpec& expect) {
  Stage stage = unheard();
  stage.scenario.expect = expect;
  const auto breach = run_case(stage.plan()).breach;
  EXPECT_TRUE(breach);
  return breach.value_or(Breach());
}

TEST(Breach, names_the_sentence_that_is_broken_and_its_list) {
  const auto expect_broken = [](ExpectPart part, const char* sentence, bool is_at_end,
                                const ExpectSpec& expect) {
    const Breach breach = breach_of(expect);
    EXPECT_EQ(breach.of, (Broken{part, sentence})) << breach.what;
    EXPECT_EQ(breach.is_at_end, is_at_end) << breach.what;
    const std::string begin = std::string(name_of(part)) + " \"" + sentence + "\": ";
    EXPECT_TRUE(breach.what.starts_with(begin)) << breach.what;
    EXPECT_EQ(failure_name(breach),
              "expect " + std::string(name_of(part)) + " \"" + sentence + "\"");
  };
  const char* hears = "bob hears from alice";
  const char* sends = "alice sends datagrams";
  const char* in_time = "bob hears from alice within 5s";
  using Part = ExpectPart;
  expect_broken(Part::finally_, hears, true, {.finally_ = {{hears}}});
  expect_broken(Part::always, hears, false,
                {.always = {{hears}}, .always_from = Duration(seconds(3))});
  expect_broken(Part::never, sends, false, {.never = {{sends}}});
  expect_broken(Part::count, sends, false, {.count = {{{sends}, {0, 3}}}});
  expect_broken(Part::count, hears, true, {.count = {{{hears}, {1, 3}}}});
  expect_broken(Part::within, in_time, false, {.within = {{in_time}}});
  expect_broken(Part::budget, sends, false, {.budget = {{.of = {sends}, .most = 3}}});
  expect_broken(Part::budget, sends, true, {.budget = {{.of = {sends}, .least = 30}}});
}

TEST(Breach, of_a_deadline_is_when_the_time_was_over) {
  const auto of = [](const char* sentence) { return breach_of({.within = {{sentence}}}); };
  EXPECT_EQ(of("bob hears from alice within 5300ms").time, Instant::at(milliseconds(5'300)));
  const Breach after_the_last_step = of("bob hears from alice within 10400ms");
  EXPECT_EQ(after_the_last_step.time, Instant::at(milliseconds(10'400)));
  EXPECT_FALSE(after_the_last_step.is_at_end) << "a longer run shows it as well";
}

TEST(Breach, of_a_group_that_is_not_treated_fairly_names_the_sentence) {
  Stage stage = unheard();
  stage.scenario.hosts.front().count = 2;
  stage.scenario.hosts.back().addresses = {IpAddress::parse("192.0.2.9").value()};
  stage.scenario.faults.front().action = Partition{"alice-1", "bob"};
  stage.scenario.expect.fairness = {{.of = {"alice hears from bob"}, .at_least = Ratio(9, 10)}};
  const auto breach = run_case(stage.plan()).breach;
  ASSERT_TRUE(breach);
  EXPECT_EQ(breach->of, (Broken{ExpectPart::fairness, "alice hears from bob"}));
  EXPECT_TRUE(breach->is_at_end);
}

TEST(Breach, after_a_heal_names_what_is_missing_first) {
  Stage stage = unheard();
  // A heal ends the partition, but alice speaks no sooner than she used to.
  stage.scenario.traffic.front().every = Duration(seconds(7));
  const HealSpec heal{.at = Duration(seconds(2)), .within = Duration(seconds(3))};
  stage.scenario.expect = {.finally_ = {{"bob hears from alice"}}, .heal = heal};
  const auto state = run_case(stage.plan());
  ASSERT_TRUE(state.breach);
  EXPECT_EQ(failure_name(*state.breach), "P6 heal \"bob hears from alice\"");
  EXPECT_EQ(found_name(*state.breach), "P6");
  stage.scenario.expect.finally_.clear();
  const auto flow = run_case(stage.plan());
  ASSERT_TRUE(flow.breach);
  EXPECT_EQ(failure_name(*flow.breach), "P6 heal \"nothing from alice has reached bob\"");
  EXPECT_EQ(failure_kind(flow, *stage.plan()), "P6 heal \"nothing from host has reached host\"");
}

}  // namespace
}  // namespace tickover::sim
