// Fairness in [expect]: whose times count, from when, and when they are judged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/oracles/told.h"
#include "sim/oracles/expect.h"
#include "sim/oracles/fairness.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// alice, bella and carol are all; dora is a host of her own.
Stage four() {
  Stage stage = stage_with_clients();
  stage.host("alice", "client", "192.0.2.1").host("bella", "client", "192.0.2.2");
  stage.host("carol", "client", "192.0.2.3");
  for (HostSpec& host : stage.scenario.hosts) host.groups = {"all"};
  return stage.host("dora", "client", "192.0.2.4");
}

std::string verdict(const FairnessSpec& fairness, const std::vector<Told>& story) {
  Stage stage = four();
  stage.scenario.expect.fairness = {fairness};
  const auto plan = stage.plan();
  Show show(plan, std::make_unique<Expect>(*plan));
  tell(show, story);
  if (show.objection().empty()) show.finish();
  return show.objection();
}

std::string error_of(const FairnessSpec& fairness) {
  const auto parsed = parse_fairness(fairness, *four().plan());
  return parsed ? "" : parsed.error().what;
}

const Sentence gets = {"all gets an allocation"};

TEST(Fairness, is_of_the_times_until_it_has_happened_to_each) {
  const std::vector<Told> story = {{10s, 0}, {20s, 1}, {30s, 2}};
  // (10 + 20 + 30)² / (3 · (100 + 400 + 900)) = 6/7
  EXPECT_EQ(verdict({.of = gets, .at_least = Ratio(6, 7)}, story), "");
  EXPECT_EQ(verdict({.of = gets, .at_most = Ratio(6, 7)}, story), "");
  EXPECT_EQ(
      verdict({.of = gets, .at_least = Ratio(9, 10)}, story),
      "fairness \"all gets an allocation\": Jain's index of the times until it came to each of "
      "3, counted from 0s, is 85.7%, less than 90%; alice after 10s, carol after 30s");
  EXPECT_THAT(verdict({.of = gets, .at_most = Ratio(4, 5)}, story),
              HasSubstr("is 85.7%, more than 80%"));
}

TEST(Fairness, counts_only_the_first_time_of_each) {
  // (10 + 10 + 30)² / (3 · (100 + 100 + 900)) = 25/33
  const std::vector<Told> story = {{10s, 0}, {10s, 1}, {30s, 0}, {30s, 2}, {50s, 1}};
  EXPECT_EQ(verdict({.of = gets, .at_least = Ratio(25, 33), .at_most = Ratio(25, 33)}, story), "");
  EXPECT_EQ(verdict({.of = gets, .at_least = Ratio(1, 1)}, {{10s, 0}, {10s, 1}, {10s, 2}}), "");
  EXPECT_NE(verdict({.of = gets, .at_least = Ratio(1, 1)}, {{10s, 0}, {10s, 1}, {11s, 2}}), "");
}

TEST(Fairness, is_broken_if_it_never_happens_to_somebody) {
  EXPECT_EQ(verdict({.of = gets, .at_most = Ratio(1, 2)}, {{10s, 0}, {20s, 2}}),
            "fairness \"all gets an allocation\": it has not happened to bella by the end, counted "
            "from 0s");
  EXPECT_THAT(verdict({.of = gets, .at_least = Ratio(1, 2)}, {{10s, 3}}),
              HasSubstr("to alice and 2 more by the end"));
}

TEST(Fairness, counts_from_what_it_comes_after_each_time_anew) {
  const FairnessSpec even{
      .of = gets, .after = Sentence{"dora loses its allocation"}, .at_least = Ratio(99, 100)};
  // Before that nothing counts, and without it nothing is judged.
  EXPECT_EQ(verdict(even, {{1s, 0}, {9s, 1}}), "");
  EXPECT_EQ(verdict(even, {{1s, 0}, {5s, 3, lost}, {15s, 0}, {15s, 1}, {16s, 2}}), "");
  EXPECT_EQ(verdict(even, {{5s, 3, lost}, {6s, 0}, {7s, 3, lost}, {9s, 0}, {9s, 1}, {9s, 2}}), "");
  EXPECT_THAT(verdict(even, {{5s, 3, lost}, {6s, 0}, {7s, 1}, {25s, 2}}),
              HasSubstr("counted from 5s"));
  // Again, after it was judged.
  EXPECT_NE(verdict(even, {{1s, 3, lost}, {2s, 0}, {2s, 1}, {2s, 2}, {10s, 3, lost}, {11s, 2}}),
            "");
}

TEST(Fairness, with_an_end_is_of_how_often_it_happens_to_each_until_then) {
  const FairnessSpec even{.of = gets,
                          .after = Sentence{"dora loses its allocation"},
                          .until = Sentence{"all loses its allocation"},
                          .at_least = Ratio(99, 100)};
  // Once to each; what comes before, and after a host's own end, does not count.
  const std::vector<Told> once = {{1s, 0}, {2s, 3, lost}, {3s, 0},       {4s, 0, lost},
                                  {5s, 0}, {6s, 1},       {7s, 2},       {8s, 2, lost},
                                  {9s, 2}, {9s, 2},       {10s, 1, lost}};
  EXPECT_EQ(verdict(even, once), "");
  std::vector<Told> more = once;
  more.insert(more.end() - 1, {{9s, 1}, {9s, 1}, {9s, 1}});
  // (1 + 4 + 1)² / (3 · 18) = 2/3
  EXPECT_EQ(verdict(even, more),
            "fairness \"all gets an allocation\": Jain's index of how often it came to each of 3, "
            "counted from 2s, is 66.6%, less than 99%; alice once, bella 4 times");
  std::vector<Told> unfinished = once;
  unfinished.pop_back();
  EXPECT_EQ(verdict(even, unfinished),
            "fairness \"all gets an allocation\": \"all loses its allocation\" has not happened to "
            "bella by the end, counted from 2s");
  FairnessSpec others = even;
  others.until = Sentence{"dora loses its allocation"};
  EXPECT_EQ(error_of(others),
            "\"dora loses its allocation\": it is not of the same hosts as \"all gets an "
            "allocation\"");
}

TEST(Fairness, that_says_nothing_is_refused) {
  EXPECT_EQ(error_of({.of = gets, .at_least = Ratio(1, 2), .at_most = Ratio(9, 10)}), "");
  EXPECT_EQ(error_of({.of = {"dora gets an allocation"}, .at_least = Ratio(1, 2)}),
            "\"dora gets an allocation\": fairness is among several hosts, and this is of one");
  EXPECT_EQ(error_of({.of = gets, .at_least = Ratio(1, 4)}),
            "\"all gets an allocation\": `at-least` 25% says nothing: Jain's index of 3 is never "
            "below 1/3");
  EXPECT_THAT(error_of({.of = gets, .at_most = Ratio(1, 1)}), HasSubstr("100% says nothing"));
  EXPECT_THAT(error_of({.of = gets, .at_most = Ratio(1, 4)}), HasSubstr("25% cannot be"));
  EXPECT_NE(error_of({.of = {"all has an allocation"}, .at_least = Ratio(1, 2)}), "");
  EXPECT_NE(error_of({.of = gets, .after = Sentence{"dora sleeps"}, .at_least = Ratio(1, 2)}), "");
}

TEST(Fairness, does_not_count_from_a_restart_that_no_fault_brings_about) {
  const FairnessSpec spec{.of = gets, .after = Sentence{"dora restarts"}, .at_least = Ratio(1, 2)};
  EXPECT_EQ(error_of(spec), "\"dora restarts\" never happens: no [[fault]] has such a `reboot`");
  Stage stage = four();
  stage.scenario.faults = {{.at = Range<Duration>(Duration(5s)), .action = Reboot{"alice"}}};
  EXPECT_FALSE(parse_fairness(spec, *stage.plan()));
  stage.scenario.faults = {{.at = Range<Duration>(Duration(5s)), .action = Reboot{"dora"}}};
  EXPECT_TRUE(parse_fairness(spec, *stage.plan()));
}

}  // namespace
}  // namespace tickover::sim
