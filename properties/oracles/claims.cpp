// "… within 30s after …": when the time runs, and when it is judged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/oracles/hand_made.h"
#include "sim/oracles/expect.h"
#include "sim/oracles/probability.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Stage scene() {
  Stage stage = stage_with_clients();
  stage.host("alice", "client", "192.0.2.1").host("carol", "client", "192.0.2.2");
  stage.host("bob", "peer", "192.0.2.3");
  for (HostSpec& host : stage.scenario.hosts) {
    if (host.role == "client") host.groups = {"all"};
  }
  // So that every later start of bob is one of many.
  stage.scenario.faults = {{.at = Range<Duration>(500ms), .action = Reboot{"bob"}}};
  return stage.traffic("alice", "bob");
}

const Notice gained = {
    .kind = Notice::Kind::candidate_added, .name = "added", .local = at("192.0.2.9:50000")};
const Notice lost = {
    .kind = Notice::Kind::candidate_removed, .name = "removed", .local = at("192.0.2.9:50000")};
const Notice nothing = {.name = "nothing"};

struct Told {
  int second = 0;
  HostIndex host = 0;
  Notice notice;
  StepKind kind = StepKind::delivery;
};

/// Shows a minute of notices to an oracle of a scenario that expects `expect`.
template <class OracleType>
std::string verdict(const ExpectSpec& expect, const std::vector<Told>& story,
                    std::vector<Trial>* trials = nullptr) {
  Stage stage = scene();
  stage.scenario.expect = expect;
  const auto plan = stage.plan();
  Oracles oracles;
  oracles.add(std::make_unique<OracleType>(*plan));
  Show show(plan, oracles.all().front()->clone());
  while (show.world().now() < Instant::at(1s)) show.world().step();  // all hosts are up
  for (const Told& told : story) {
    Step step = show.step(std::chrono::seconds(told.second), told.kind, told.host);
    step.notices = {told.notice};
    show(step);
  }
  show.finish();
  Oracles judged;
  judged.add(show.oracle().clone());
  if (trials) *trials = Probabilities::trials_of(judged);
  return show.objection();
}

std::string of(const char* claim, const std::vector<Told>& story) {
  return verdict<Expect>({.within = {{claim}}}, story);
}

TEST(Claim, about_a_state_is_judged_when_its_time_is_over) {
  const char* claim = "alice has an allocation within 10s";
  EXPECT_EQ(of(claim, {{9, 0, gained}, {20, 0, nothing}}), "");
  EXPECT_EQ(of(claim, {{10, 0, gained}, {20, 0, nothing}}), "");
  EXPECT_EQ(of(claim, {{11, 0, gained}, {20, 0, nothing}}),
            "within \"alice has an allocation within 10s\": alice has none by 10s, counted from "
            "0s");
  EXPECT_EQ(of(claim, {{2, 0, gained}, {9, 0, lost}, {11, 0, gained}}),
            "within \"alice has an allocation within 10s\": alice has none by 10s, counted from "
            "0s");
  // Also where nothing happens any more.
  EXPECT_NE(of(claim, {{2, 0, nothing}}), "");
  EXPECT_EQ(of(claim, {{2, 0, gained}}), "");
}

TEST(Claim, counts_from_what_it_comes_after_each_time) {
  const char* claim = "alice has an allocation within 10s after carol loses its allocation";
  EXPECT_EQ(of(claim, {{5, 1, nothing}}), "");
  EXPECT_EQ(of(claim, {{20, 1, lost}, {29, 0, gained}, {40, 0, nothing}}), "");
  EXPECT_NE(of(claim, {{20, 1, lost}, {31, 0, gained}}), "");
  // The second loss gives it another ten seconds only if it was kept after the first.
  EXPECT_NE(of(claim, {{20, 1, lost}, {25, 1, lost}, {31, 0, gained}}), "");
  EXPECT_EQ(
      of(claim, {{20, 1, lost}, {25, 0, gained}, {28, 1, lost}, {29, 0, lost}, {37, 0, gained}}),
      "");
  // It is judged after the first.
  EXPECT_EQ(of(claim, {{20, 1, lost}, {25, 1, lost}, {30, 0, gained}, {36, 0, lost}}), "");
  EXPECT_NE(of(claim, {{20, 1, lost}, {25, 1, lost}, {30, 0, gained}, {34, 0, lost}}), "");
  EXPECT_NE(
      of(claim, {{20, 1, lost}, {25, 1, lost}, {30, 0, gained}, {34, 0, lost}, {50, 0, gained}}),
      "");
  EXPECT_NE(of(claim, {{20, 1, lost}, {21, 0, gained}, {40, 1, lost}, {45, 0, lost}}), "");
}

TEST(Claim, is_judged_of_who_fails_again_and_again) {
  const char* hears = "alice hears from bob within 10s after alice loses its allocation";
  EXPECT_NE(of(hears, {{10, 0, gained},
                       {15, 0, lost},
                       {20, 0, gained},
                       {24, 0, lost},
                       {30, 0, gained},
                       {33, 0, lost},
                       {40, 0, gained},
                       {42, 0, lost},
                       {50, 0, gained},
                       {51, 0, lost}}),
            "");
  const char* event = "carol gets an allocation within 10s after alice loses its allocation";
  EXPECT_NE(of(event, {{20, 0, lost}, {29, 0, lost}, {38, 0, lost}, {39, 1, gained}}), "");
  EXPECT_EQ(of(event, {{20, 0, lost}, {29, 0, lost}, {30, 1, gained}, {50, 0, nothing}}), "");
}

TEST(Claim, about_a_restart_begins_anew_with_each) {
  const char* claim = "alice has an allocation within 10s after bob restarts";
  const auto story = [&](int second, int gained_at) {
    return std::vector<Told>{{20, 2, nothing, StepKind::start},
                             {second, 2, nothing, StepKind::start},
                             {gained_at, 0, gained}};
  };
  EXPECT_EQ(of(claim, story(28, 38)), "");
  EXPECT_NE(of(claim, story(28, 39)), "");
}

TEST(Claim, comes_after_a_state_whenever_that_comes_to_hold) {
  const char* claim = "alice has an allocation within 10s after carol has an allocation";
  EXPECT_EQ(of(claim, {{2, 1, gained}, {8, 0, gained}, {15, 1, nothing}, {16, 0, lost}}), "");
  EXPECT_NE(of(claim, {{2, 1, gained}, {13, 0, gained}}), "");
}

TEST(Claim, that_the_run_does_not_last_is_not_judged) {
  EXPECT_EQ(of("alice has an allocation within 10s after carol loses its allocation",
               {{55, 1, lost}, {59, 1, nothing}}),
            "");
}

TEST(Claim, about_an_event_asks_for_it_after_what_it_counts_from) {
  const char* claim = "alice gets an allocation within 10s after carol loses its allocation";
  EXPECT_EQ(of(claim, {{20, 1, lost}, {29, 0, gained}, {45, 0, nothing}}), "");
  EXPECT_EQ(of(claim, {{19, 0, gained}, {20, 1, lost}, {45, 0, nothing}}),
            "within \"alice gets an allocation within 10s after carol loses its allocation\": it "
            "has not happened by 30s, counted from 20s");
}

TEST(Claim, about_every_host_of_a_group_asks_it_of_each) {
  EXPECT_NE(of("all gets an allocation within 10s", {{2, 1, nothing}}), "");
  EXPECT_EQ(of("all gets an allocation within 10s", {{2, 1, gained}}), "");
  EXPECT_THAT(of("every all gets an allocation within 10s", {{2, 1, gained}}),
              HasSubstr("it has not happened to alice by 10s"));
  EXPECT_EQ(of("every all gets an allocation within 10s", {{2, 1, gained}, {3, 0, gained}}), "");
}

std::string complaint(const char* claim, bool may_lack_time = false) {
  const auto plan = scene().plan();
  const auto parsed = parse_claim({claim}, *plan, may_lack_time);
  return parsed ? "" : parsed.error().what;
}

TEST(Claim, says_what_is_wrong_with_it) {
  EXPECT_THAT(complaint("alice has an allocation"), HasSubstr("how long it may take is missing"));
  EXPECT_EQ(complaint("alice has an allocation", true), "");
  EXPECT_THAT(complaint("alice has an alocation within 3s"),
              HasSubstr("did you mean \"allocation\"?"));
  EXPECT_THAT(complaint("alice gets an alocation within 3s"),
              HasSubstr("did you mean \"allocation\"?"));
  EXPECT_THAT(complaint("alice has an allocation within 3 sec"), HasSubstr("no unit"));
  EXPECT_THAT(complaint("alice has an allocation within 0s"), HasSubstr("more than no time"));
  EXPECT_THAT(complaint("alice has an allocation within 3s after the heal"),
              HasSubstr("there is no `heal`"));
  EXPECT_THAT(complaint("alice has an allocation within 3s after alise restarts"),
              HasSubstr("did you mean \"alice\"?"));
  EXPECT_THAT(complaint("alice has an allocation within 2min"),
              HasSubstr("the run is over after 1min"));
}

std::vector<Trial> trials(const char* claim, const std::vector<Told>& story) {
  std::vector<Trial> found;
  ProbabilitySpec spec{.of = {claim}, .bound = Ratio(1, 2)};
  EXPECT_EQ(verdict<Probabilities>({.probability = {spec}}, story, &found), "");
  return found;
}

TEST(Probability, notes_of_one_run_whether_it_kept_its_claim) {
  const auto only = [](Trial trial) { return std::vector<Trial>{trial}; };
  const char* timely = "alice has an allocation within 10s";
  EXPECT_EQ(trials(timely, {{9, 0, gained}, {20, 0, nothing}}), only(Trial::kept));
  EXPECT_EQ(trials(timely, {{19, 0, gained}, {20, 0, nothing}}), only(Trial::failed));
  const char* at_the_end = "alice has an allocation";
  EXPECT_EQ(trials(at_the_end, {{9, 0, gained}, {20, 0, lost}}), only(Trial::failed));
  EXPECT_EQ(trials(at_the_end, {{9, 0, gained}}), only(Trial::kept));
  const char* at_all = "alice loses its allocation";
  EXPECT_EQ(trials(at_all, {{9, 0, gained}, {20, 0, lost}}), only(Trial::kept));
  EXPECT_EQ(trials(at_all, {{9, 0, gained}}), only(Trial::failed));
  const char* after = "alice has an allocation within 10s after carol loses its allocation";
  EXPECT_EQ(trials(after, {{9, 0, gained}}), only(Trial::unjudged));
}

}  // namespace
}  // namespace tickover::sim
