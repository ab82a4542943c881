// Budgets: exact windows, whoever counts and from when.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "properties/oracles/told.h"
#include "sim/oracles/expect.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;

std::string verdict(const BudgetSpec& budget, const std::vector<Told>& story,
                    std::vector<Nearness>* nearness = nullptr) {
  Stage stage = stage_with_clients();
  stage.host("alice", "client", "192.0.2.1").host("carol", "client", "192.0.2.2");
  for (HostSpec& host : stage.scenario.hosts) host.groups = {"all"};
  stage.scenario.expect.budget = {budget};
  const auto plan = stage.plan();
  Show show(plan, std::make_unique<Expect>(*plan));
  tell(show, story);
  show.finish();
  Oracles judged;
  judged.add(show.oracle().clone());
  if (nearness) *nearness = Expect::nearness_of(judged);
  return show.objection();
}

TEST(Budget, holds_for_each_stretch_of_its_length) {
  const BudgetSpec budget{.of = {"alice gets an allocation"}, .most = 2, .per = Duration(10s)};
  EXPECT_EQ(verdict(budget, {{1s}, {2s}, {11s}, {12s}, {21s}}), "");
  EXPECT_EQ(verdict(budget, {{1s}, {2s}, {Duration(11s) - Duration::nanoseconds(1)}}),
            "budget \"alice gets an allocation\": 3 times in the 10s from 1s, more than 2");
  EXPECT_EQ(verdict(budget, {{1s}, {9s}, {12s}, {13s}}),
            "budget \"alice gets an allocation\": 3 times in the 10s from 9s, more than 2");
}

TEST(Budget, tells_the_highest_account_there_was) {
  const auto highest = [](const BudgetSpec& budget, const std::vector<Told>& story) {
    std::vector<Nearness> nearness;
    EXPECT_EQ(verdict(budget, story, &nearness), "");
    EXPECT_EQ(nearness.front().most, 3);
    return nearness.front().values;
  };
  using Values = std::vector<std::int64_t>;
  const BudgetSpec windows{.of = {"alice gets an allocation"}, .most = 3, .per = Duration(10s)};
  EXPECT_EQ(highest(windows, {{1s}, {2s}, {3s}, {30s}}), Values{3});
  EXPECT_EQ(highest(windows, {}), Values{0});
  const BudgetSpec each{.of = {"every all gets an allocation"}, .most = 3};
  EXPECT_EQ(highest(each, {{1s, 0}, {2s, 1}, {3s, 1}}), Values{2});
  std::vector<Nearness> none;
  EXPECT_EQ(verdict({.of = {"alice gets an allocation"}, .least = 1}, {{1s}}, &none), "");
  EXPECT_TRUE(none.empty());
}

TEST(Budget, without_a_length_is_of_the_whole_run) {
  const BudgetSpec budget{.of = {"alice gets an allocation"}, .most = 2};
  EXPECT_EQ(verdict(budget, {{1s}, {50s}}), "");
  EXPECT_EQ(verdict(budget, {{1s}, {50s}, {59s}}),
            "budget \"alice gets an allocation\": 3 times from 1s to 59s, more than 2");
}

TEST(Budget, of_a_group_is_shared_unless_every_host_has_its_own) {
  const std::vector<Told> story = {{1s, 0}, {2s, 1}, {3s, 0}};
  EXPECT_NE(verdict({.of = {"all gets an allocation"}, .most = 2}, story), "");
  EXPECT_EQ(verdict({.of = {"every all gets an allocation"}, .most = 2}, story), "");
  EXPECT_EQ(verdict({.of = {"every all gets an allocation"}, .most = 1}, story),
            "budget \"every all gets an allocation\": 2 times of alice from 1s to 3s, more than 1");
}

TEST(Budget, counts_from_one_event_to_another) {
  const BudgetSpec budget{.of = {"alice gets an allocation"},
                          .most = 1,
                          .from = Sentence{"carol gets an allocation"},
                          .until = Sentence{"carol loses its allocation"}};
  EXPECT_EQ(verdict(budget, {{1s, 0}, {2s, 0}, {3s, 1}, {4s, 0}, {5s, 1, lost}, {6s, 0}}), "");
  EXPECT_NE(verdict(budget, {{3s, 1}, {4s, 0}, {5s, 0}}), "");
  // Anew once it is over, or where there is no end.
  EXPECT_EQ(verdict(budget, {{3s, 1}, {4s, 0}, {5s, 1, lost}, {6s, 1}, {7s, 0}}), "");
  EXPECT_NE(verdict(budget, {{3s, 1}, {4s, 0}, {5s, 1}, {6s, 0}}), "");
  BudgetSpec endless = budget;
  endless.until.reset();
  EXPECT_EQ(verdict(endless, {{3s, 1}, {4s, 0}, {5s, 1}, {6s, 0}}), "");
  // A window does not begin anew.
  endless.per = Duration(10s);
  EXPECT_NE(verdict(endless, {{3s, 1}, {4s, 0}, {5s, 1}, {6s, 0}}), "");
}

TEST(Budget, with_a_least_wants_some_stretch_that_holds_as_many) {
  const BudgetSpec budget{.of = {"alice gets an allocation"}, .least = 3, .per = Duration(10s)};
  EXPECT_EQ(verdict(budget, {{1s}, {5s}, {Duration(11s) - Duration::nanoseconds(1)}, {40s}}), "");
  EXPECT_EQ(verdict(budget, {{1s}, {5s}, {11s}, {40s}}),
            "budget \"alice gets an allocation\": 2 times in the busiest 10s, fewer than 3");
  EXPECT_EQ(verdict({.of = {"alice gets an allocation"}, .least = 3}, {{1s}, {30s}, {50s}}), "");
  EXPECT_EQ(verdict({.of = {"alice gets an allocation"}, .least = 3}, {{1s}, {30s}}),
            "budget \"alice gets an allocation\": 2 times, fewer than 3");
}

TEST(Budget, with_a_least_of_every_host_wants_it_of_each) {
  const BudgetSpec budget{.of = {"every all gets an allocation"}, .least = 2};
  EXPECT_EQ(verdict(budget, {{1s, 0}, {2s, 1}, {3s, 1}, {4s, 0}}), "");
  EXPECT_EQ(verdict(budget, {{1s, 0}, {2s, 0}, {3s, 0}, {4s, 1}}),
            "budget \"every all gets an allocation\": 1 times of carol, fewer than 2");
}

TEST(Budget, with_a_least_is_not_judged_where_it_never_began_to_count) {
  const BudgetSpec budget{
      .of = {"alice gets an allocation"}, .least = 2, .from = Sentence{"carol gets an allocation"}};
  EXPECT_EQ(verdict(budget, {{1s, 0}}), "");
  EXPECT_NE(verdict(budget, {{1s, 0}, {2s, 1}, {3s, 0}}), "");
  // The most that there was, however often it began anew.
  EXPECT_EQ(verdict(budget, {{1s, 1}, {2s, 0}, {3s, 0}, {4s, 1}, {5s, 0}}), "");
}

TEST(Budget, of_requests_and_datagrams_is_understood) {
  Stage stage;
  stage.host("alice", "turn-client", "192.0.2.1").host("relay", "turn-server", "192.0.2.2");
  stage.setting("nonce-lifetime", Range<Duration>(Duration(10min)));
  stage.scenario.hosts[0].settings.entries.push_back({"relay", std::string("relay"), {}});
  const auto plan = stage.plan();
  for (const char* text :
       {"alice sends requests", "alice sends datagrams to relay", "relay sends datagrams"}) {
    EXPECT_TRUE(parse_budget({.of = {text}}, *plan)) << text;
  }
  EXPECT_FALSE(parse_budget({.of = {"alice sends requests success"}}, *plan));
  EXPECT_FALSE(parse_budget({.of = {"alice has an allocation"}}, *plan));
  EXPECT_FALSE(
      parse_budget({.of = {"alice sends requests"}, .until = Sentence{"alice sleeps"}}, *plan));
}

RC_GTEST_PROP(Budget, is_overdrawn_when_some_stretch_holds_too_many,
              (const std::vector<std::uint16_t>& gaps)) {
  const auto per = *rc::gen::inRange<std::int64_t>(1, 5'000);
  const auto most = *rc::gen::inRange<std::int64_t>(0, 6);
  std::vector<Told> story;
  std::vector<std::int64_t> instants;
  std::int64_t now = 0;
  for (const std::uint16_t gap : gaps) {
    now += gap % 4'000;
    instants.push_back(now);
    story.push_back({Duration::nanoseconds(now)});
  }
  bool is_overdrawn = false;
  for (const std::int64_t first : instants) {
    const auto inside = std::ranges::count_if(
        instants, [&](std::int64_t at) { return at >= first && at < first + per; });
    is_overdrawn = is_overdrawn || inside > most;
  }
  const BudgetSpec budget{
      .of = {"alice gets an allocation"}, .most = most, .per = Duration::nanoseconds(per)};
  RC_ASSERT(verdict(budget, story).empty() == !is_overdrawn);
}

}  // namespace
}  // namespace tickover::sim
