// "… within 30s after …": when the time runs, and when it is judged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/oracles/told.h"
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

/// Shows a minute of notices to an oracle of a scenario that expects `expect`.
template <class OracleType>
std::string verdict(const ExpectSpec& expect, const std::vector<Told>& story,
                    std::vector<Trial>* trials = nullptr,
                    std::vector<Nearness>* nearness = nullptr) {
  Stage stage = scene();
  stage.scenario.expect = expect;
  const auto plan = stage.plan();
  Oracles oracles;
  oracles.add(std::make_unique<OracleType>(*plan));
  Show show(plan, oracles.all().front()->clone());
  while (show.world().now() < Instant::at(1s)) show.world().step();  // all hosts are up
  tell(show, story);
  show.finish();
  Oracles judged;
  judged.add(show.oracle().clone());
  if (trials) *trials = Probabilities::trials_of(judged);
  if (nearness) *nearness = Expect::nearness_of(judged);
  return show.objection();
}

std::string of(const char* claim, const std::vector<Told>& story) {
  return verdict<Expect>({.within = {{claim}}}, story);
}

TEST(Claim, about_a_state_is_judged_when_its_time_is_over) {
  const char* claim = "alice has an allocation within 10s";
  EXPECT_EQ(of(claim, {{9s, 0, gained}, {20s, 0, nothing}}), "");
  EXPECT_EQ(of(claim, {{10s, 0, gained}, {20s, 0, nothing}}), "");
  EXPECT_EQ(of(claim, {{11s, 0, gained}, {20s, 0, nothing}}),
            "within \"alice has an allocation within 10s\": alice has none by 10s, counted from "
            "0s");
  EXPECT_EQ(of(claim, {{2s, 0, gained}, {9s, 0, lost}, {11s, 0, gained}}),
            "within \"alice has an allocation within 10s\": alice has none by 10s, counted from "
            "0s");
  // It came to hold before the eyes of the oracle, and no longer does.
  EXPECT_NE(of(claim, {{1s, 0, nothing}, {2s, 0, gained}, {9s, 0, lost}, {11s, 0, gained}}), "");
  // Also where nothing happens any more.
  EXPECT_NE(of(claim, {{2s, 0, nothing}}), "");
  EXPECT_EQ(of(claim, {{2s, 0, gained}}), "");
}

TEST(Claim, counts_from_what_it_comes_after_each_time) {
  const char* claim = "alice has an allocation within 10s after carol loses its allocation";
  EXPECT_EQ(of(claim, {{5s, 1, nothing}}), "");
  EXPECT_EQ(of(claim, {{20s, 1, lost}, {29s, 0, gained}, {40s, 0, nothing}}), "");
  EXPECT_NE(of(claim, {{20s, 1, lost}, {31s, 0, gained}}), "");
  // The second loss gives it another ten seconds only if it was kept after the first.
  EXPECT_NE(of(claim, {{20s, 1, lost}, {25s, 1, lost}, {31s, 0, gained}}), "");
  EXPECT_EQ(
      of(claim,
         {{20s, 1, lost}, {25s, 0, gained}, {28s, 1, lost}, {29s, 0, lost}, {37s, 0, gained}}),
      "");
  // It is judged after the first.
  EXPECT_EQ(of(claim, {{20s, 1, lost}, {25s, 1, lost}, {30s, 0, gained}, {36s, 0, lost}}), "");
  EXPECT_NE(of(claim, {{20s, 1, lost}, {25s, 1, lost}, {30s, 0, gained}, {34s, 0, lost}}), "");
  EXPECT_NE(
      of(claim,
         {{20s, 1, lost}, {25s, 1, lost}, {30s, 0, gained}, {34s, 0, lost}, {50s, 0, gained}}),
      "");
  EXPECT_NE(of(claim, {{20s, 1, lost}, {21s, 0, gained}, {40s, 1, lost}, {45s, 0, lost}}), "");
}

TEST(Claim, is_judged_of_who_fails_again_and_again) {
  const char* hears = "alice hears from bob within 10s after alice loses its allocation";
  EXPECT_NE(of(hears, {{10s, 0, gained},
                       {15s, 0, lost},
                       {20s, 0, gained},
                       {24s, 0, lost},
                       {30s, 0, gained},
                       {33s, 0, lost},
                       {40s, 0, gained},
                       {42s, 0, lost},
                       {50s, 0, gained},
                       {51s, 0, lost}}),
            "");
  const char* event = "carol gets an allocation within 10s after alice loses its allocation";
  EXPECT_NE(of(event, {{20s, 0, lost}, {29s, 0, lost}, {38s, 0, lost}, {39s, 1, gained}}), "");
  EXPECT_EQ(of(event, {{20s, 0, lost}, {29s, 0, lost}, {30s, 1, gained}, {50s, 0, nothing}}), "");
}

TEST(Claim, about_a_restart_begins_anew_with_each) {
  const char* claim = "alice has an allocation within 10s after bob restarts";
  const auto story = [&](int second, int gained_at) {
    return std::vector<Told>{{20s, 2, nothing, StepKind::start},
                             {std::chrono::seconds(second), 2, nothing, StepKind::start},
                             {std::chrono::seconds(gained_at), 0, gained}};
  };
  EXPECT_EQ(of(claim, story(28, 38)), "");
  EXPECT_NE(of(claim, story(28, 39)), "");
}

TEST(Claim, comes_after_a_state_whenever_that_comes_to_hold) {
  const char* claim = "alice has an allocation within 10s after carol has an allocation";
  EXPECT_EQ(of(claim, {{2s, 1, gained}, {8s, 0, gained}, {15s, 1, nothing}, {16s, 0, lost}}), "");
  EXPECT_NE(of(claim, {{2s, 1, gained}, {13s, 0, gained}}), "");
}

/// How long the claim took each time, in milliseconds.
std::vector<std::int64_t> took(const char* claim, const std::vector<Told>& story) {
  std::vector<Nearness> nearness;
  EXPECT_EQ(verdict<Expect>({.within = {{claim}}}, story, nullptr, &nearness), "");
  EXPECT_EQ(nearness.size(), 1u);
  EXPECT_EQ(nearness.front().sentence.text, claim);
  EXPECT_EQ(nearness.front().most, Duration(10s).count());
  std::vector<std::int64_t> result = nearness.front().values;
  for (std::int64_t& each : result) each /= 1'000'000;
  return result;
}

TEST(Claim, tells_how_long_it_took_until_it_held_for_good) {
  using Times = std::vector<std::int64_t>;
  const char* claim = "alice has an allocation within 10s";
  EXPECT_EQ(took(claim, {{7s, 0, gained}, {20s, 0, nothing}}), Times{7'000});
  EXPECT_EQ(took(claim, {{2s, 0, gained}, {5s, 0, lost}, {9s, 0, gained}, {20s, 0, nothing}}),
            Times{9'000});
  const char* after = "alice has an allocation within 10s after carol loses its allocation";
  EXPECT_EQ(took(after, {{2s, 0, gained}, {20s, 1, lost}, {40s, 0, nothing}}), Times{0});
  EXPECT_EQ(took(after, {{20s, 1, lost}, {23s, 0, gained}, {25s, 1, lost}, {40s, 0, nothing}}),
            (Times{3'000, 0}));
  EXPECT_EQ(took(after, {{20s, 1, lost}, {26s, 1, lost}, {29s, 0, gained}, {45s, 0, nothing}}),
            (Times{9'000, 3'000}));
  EXPECT_EQ(took(after, {{5s, 0, nothing}}), Times{});
  const char* event = "carol gets an allocation within 10s after alice loses its allocation";
  EXPECT_EQ(took(event, {{20s, 0, lost}, {24s, 1, gained}, {28s, 1, gained}, {45s, 0, nothing}}),
            Times{4'000});
  const char* each = "every all gets an allocation within 10s after bob restarts";
  EXPECT_EQ(took(each, {{20s, 2, nothing, StepKind::start},
                        {21s, 1, gained},
                        {25s, 0, gained},
                        {45s, 0, nothing}}),
            Times{5'000});
  const char* hears = "alice hears from bob within 10s after alice loses its allocation";
  EXPECT_EQ(took(hears, {{5s, 0, nothing}}), Times{});
}

TEST(Claim, that_the_run_does_not_last_is_not_judged) {
  EXPECT_EQ(of("alice has an allocation within 10s after carol loses its allocation",
               {{55s, 1, lost}, {59s, 1, nothing}}),
            "");
}

TEST(Claim, about_an_event_asks_for_it_after_what_it_counts_from) {
  const char* claim = "alice gets an allocation within 10s after carol loses its allocation";
  EXPECT_EQ(of(claim, {{20s, 1, lost}, {29s, 0, gained}, {45s, 0, nothing}}), "");
  EXPECT_EQ(of(claim, {{19s, 0, gained}, {20s, 1, lost}, {45s, 0, nothing}}),
            "within \"alice gets an allocation within 10s after carol loses its allocation\": it "
            "has not happened by 30s, counted from 20s");
}

TEST(Claim, about_every_host_of_a_group_asks_it_of_each) {
  EXPECT_NE(of("all gets an allocation within 10s", {{2s, 1, nothing}}), "");
  EXPECT_EQ(of("all gets an allocation within 10s", {{2s, 1, gained}}), "");
  EXPECT_THAT(of("every all gets an allocation within 10s", {{2s, 1, gained}}),
              HasSubstr("it has not happened to alice by 10s"));
  EXPECT_EQ(of("every all gets an allocation within 10s", {{2s, 1, gained}, {3s, 0, gained}}), "");
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
  EXPECT_EQ(trials(timely, {{9s, 0, gained}, {20s, 0, nothing}}), only(Trial::kept));
  EXPECT_EQ(trials(timely, {{19s, 0, gained}, {20s, 0, nothing}}), only(Trial::failed));
  const char* at_the_end = "alice has an allocation";
  EXPECT_EQ(trials(at_the_end, {{9s, 0, gained}, {20s, 0, lost}}), only(Trial::failed));
  EXPECT_EQ(trials(at_the_end, {{9s, 0, gained}}), only(Trial::kept));
  const char* at_all = "alice loses its allocation";
  EXPECT_EQ(trials(at_all, {{9s, 0, gained}, {20s, 0, lost}}), only(Trial::kept));
  EXPECT_EQ(trials(at_all, {{9s, 0, gained}}), only(Trial::failed));
  const char* after = "alice has an allocation within 10s after carol loses its allocation";
  EXPECT_EQ(trials(after, {{9s, 0, gained}}), only(Trial::unjudged));
}

}  // namespace
}  // namespace tickover::sim
