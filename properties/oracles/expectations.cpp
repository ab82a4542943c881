#include <gtest/gtest.h>

#include "properties/oracles/told.h"
#include "sim/oracles/expect.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;

Stage scene() {
  Stage stage = stage_with_clients();
  stage.host("alice", "client", "192.0.2.1").host("bob", "peer", "192.0.2.2");
  return stage.traffic("alice", "bob");
}

std::string complaint_about_state(const char* text) {
  const auto plan = scene().plan();
  const auto parsed = parse_state({text}, *plan);
  return parsed ? "" : parsed.error().what;
}

std::string complaint_about_event(const char* text) {
  const auto plan = scene().plan();
  const auto parsed = parse_event({text}, *plan);
  return parsed ? "" : parsed.error().what;
}

TEST(Expectations, are_read_from_their_sentences) {
  for (const char* text :
       {"alice has an allocation", "alice has no allocation", "alice knows its address",
        "alice can send to bob", "alice hears from bob", "bob hears from alice"}) {
    EXPECT_EQ(complaint_about_state(text), "");
  }
  for (const char* text :
       {"alice gets an allocation", "alice loses its allocation", "alice sends Allocate request",
        "alice sends Allocate error 437", "bob receives datagrams",
        "bob receives Allocate error 437 from alice", "bob hears from alice", "bob restarts",
        "traffic from alice is refused"}) {
    EXPECT_EQ(complaint_about_event(text), "");
  }
}

TEST(Expectations, name_the_word_that_does_not_fit_and_the_one_that_would) {
  EXPECT_EQ(complaint_about_state("alice has an alocation"),
            "\"alice has an alocation\": \"alocation\" does not fit: expected \"allocation\" "
            "(did you mean \"allocation\"?)");
  EXPECT_NE(complaint_about_state("alise has an allocation").find("did you mean \"alice\"?"),
            std::string::npos);
  EXPECT_NE(complaint_about_state("alice has").find("after \"has\" comes \"an\" or \"no\""),
            std::string::npos);
  EXPECT_NE(complaint_about_state("alice has an allocation now").find("one word too many"),
            std::string::npos);
  EXPECT_NE(complaint_about_state(""), "");
  EXPECT_EQ(complaint_about_event("alice has an allocation"),
            "\"alice has an allocation\": this is so for a while, and here stands what happens; "
            "what is so stands in `finally`, `always` and `within`");
  EXPECT_EQ(complaint_about_state("alice loses its allocation"),
            "\"alice loses its allocation\": this happens, and here stands what is so for a "
            "while; what happens stands in `never`, `count` and `within`");
  EXPECT_NE(complaint_about_state("the alice has an allocation").find("leave out \"the\""),
            std::string::npos);
}

TEST(Expectations, that_may_be_of_either_kind_name_the_words_of_both) {
  const auto plan = scene().plan();
  EXPECT_TRUE(parse_statement({"alice has an allocation"}, *plan)->is_state());
  EXPECT_TRUE(parse_statement({"alice hears from bob"}, *plan)->is_state());
  EXPECT_FALSE(parse_statement({"bob restarts"}, *plan)->is_state());
  const std::string what = parse_statement({"bob reboots"}, *plan).error().what;
  for (const char* word : {"\"has\"", "\"hears\"", "\"restarts\"", "\"loses\""}) {
    EXPECT_NE(what.find(word), std::string::npos) << what;
  }
}

TEST(Expectations, refuse_what_can_never_be) {
  EXPECT_NE(complaint_about_state("bob has an allocation").find("never has one"),
            std::string::npos);
  EXPECT_NE(complaint_about_event("traffic from bob is refused").find("no [[traffic]]"),
            std::string::npos);
}

TEST(Expectations, know_the_messages_of_the_built_in_roles) {
  Stage stage = scene();
  stage.host("relay", "turn-server", "192.0.2.3");
  const auto plan = stage.plan();
  const auto what = [&](const char* text) {
    const auto parsed = parse_event({text}, *plan);
    return parsed ? std::string() : parsed.error().what;
  };
  EXPECT_EQ(what("relay sends Allocate error 437"), "");
  EXPECT_EQ(what("relay sends ChannelData"), "");
  EXPECT_NE(what("relay sends Alocate error").find("did you mean \"Allocate\"?"),
            std::string::npos);
  EXPECT_NE(what("relay sends Allocate sucess").find("did you mean \"success\"?"),
            std::string::npos);
  EXPECT_NE(what("relay sends Allocate success 437").find("only an error has a code"),
            std::string::npos);
}

/// A run of alice's notices, at whole seconds, and what `expect` says to it.
std::string verdict(const ExpectSpec& expect, const std::vector<std::pair<int, Notice>>& story) {
  Stage stage = scene();
  stage.scenario.expect = expect;
  const auto plan = stage.plan();
  Show show(plan, std::make_unique<Expect>(*plan));
  World& world = show.world();
  while (world.now() < Instant::at(1s)) world.step();  // all hosts are up
  for (const auto& [second, notice] : story) {
    Step step = show.step(std::chrono::seconds(second), StepKind::delivery, 0);
    step.notices = {notice};
    show(step);
  }
  show.finish();
  return show.objection();
}

const std::vector<Sentence> has_one = {{"alice has an allocation"}};

TEST(Expectations, of_the_end_are_judged_at_the_end) {
  const ExpectSpec expect{.finally_ = has_one};
  EXPECT_EQ(verdict(expect, {{2, gained}}), "");
  EXPECT_EQ(verdict(expect, {{2, gained}, {3, lost}}),
            "finally \"alice has an allocation\": alice has none");
}

TEST(Expectations, that_nobody_understands_do_not_hold) {
  EXPECT_NE(verdict({.finally_ = {{"alice has an alocation"}}}, {{2, gained}}), "");
}

TEST(Expectations, of_always_are_judged_from_their_instant_on) {
  const ExpectSpec expect{.always = has_one, .always_from = Duration(5s)};
  EXPECT_EQ(verdict(expect, {{2, gained}, {6, nothing}}), "");
  EXPECT_EQ(verdict(expect, {{2, gained}, {3, lost}, {4, gained}, {6, nothing}}), "");
  EXPECT_EQ(verdict(expect, {{5, gained}, {6, nothing}}), "");
  EXPECT_NE(verdict(expect, {{6, gained}}), "");
  EXPECT_NE(verdict(expect, {{2, gained}, {6, lost}, {7, gained}}), "");
}

TEST(Expectations, of_never_and_count_look_at_events) {
  const ExpectSpec never{.never = {{"alice loses its allocation"}}};
  EXPECT_EQ(verdict(never, {{2, gained}}), "");
  EXPECT_NE(verdict(never, {{2, gained}, {3, lost}}), "");
  const ExpectSpec twice{
      .count = {{.of = {"alice gets an allocation"}, .is = {std::int64_t{2}, std::int64_t{2}}}}};
  EXPECT_NE(verdict(twice, {{2, gained}}), "");
  EXPECT_EQ(verdict(twice, {{2, gained}, {3, lost}, {4, gained}}), "");
  EXPECT_NE(verdict(twice, {{2, gained}, {3, lost}, {4, gained}, {5, lost}, {6, gained}}), "");
}

/// Whole runs: alice pings a peer through a network of our making.
Stage pinging(const char* sentence) {
  Stage stage;
  stage.host("alice", "peer", "192.0.2.1").host("bob", "peer", "192.0.2.2");
  stage.setting("echo", true).traffic("alice", "bob");
  stage.scenario.links.push_back({.a = "alice", .b = "bob"});
  stage.scenario.expect.finally_ = {{sentence}};
  return stage;
}

std::string run_under(const Stage& stage, bool heal) {
  const auto plan = stage.plan();
  Oracles oracles;
  if (heal) {
    oracles.add(std::make_unique<Heal>(*plan));
  } else {
    oracles.add(std::make_unique<Expect>(*plan));
  }
  World world(plan, std::move(oracles));
  run(world);
  const Breach* breach = world.oracles().breach();
  if (breach == nullptr) return "";
  EXPECT_EQ(breach->breach_class, BreachClass::expectation);
  return breach->what;
}

FaultSpec partition_from(Duration at) {
  return {.at = Range<Duration>(at), .action = Partition{"alice", "bob"}};
}

/// What is wrong with the count: alice pings from 0 s to 10 s, and what she sends until 5.5 s is
/// lost.
std::string counted(const char* event, std::int64_t times) {
  Stage stage = pinging("alice hears from bob");
  stage.scenario.expect.finally_.clear();
  stage.scenario.expect.count = {{.of = {event}, .is = {times, times}}};
  stage.scenario.duration = Duration(10s) + 500ms;
  stage.scenario.faults = {partition_from(0s)};
  stage.scenario.faults[0].length = Range<Duration>(Duration(5500ms));
  return run_under(stage, false);
}

TEST(Expectations, receive_what_is_delivered_and_from_whom_it_is) {
  EXPECT_EQ(counted("alice sends datagrams", 11), "");
  EXPECT_EQ(counted("bob receives datagrams", 5), "");
  EXPECT_EQ(counted("bob receives datagram from alice", 5), "");
  EXPECT_EQ(counted("alice receives datagrams from bob", 5), "");
  EXPECT_EQ(counted("alice receives datagrams from alice", 0), "");
}

TEST(Expectations, hear_an_echo_until_it_is_ten_seconds_old) {
  EXPECT_EQ(run_under(pinging("alice hears from bob"), false), "");
  Stage late = pinging("alice hears from bob");
  late.scenario.faults = {partition_from(55s)};
  EXPECT_EQ(run_under(late, false), "");
  Stage early = pinging("alice hears from bob");
  early.scenario.faults = {partition_from(45s)};
  EXPECT_EQ(run_under(early, false),
            "finally \"alice hears from bob\": alice hears nothing from bob");
}

TEST(Heal, is_content_when_the_traffic_flows_again) {
  Stage stage = pinging("bob hears from alice");
  stage.scenario.faults = {partition_from(1s)};
  stage.scenario.expect.heal = HealSpec{.at = Duration(30s)};
  EXPECT_EQ(run_under(stage, true), "");
}

TEST(Heal, says_who_waits_for_what) {
  // Alice is deaf to her timers: a client that never announces where it can be reached.
  Stage stage = stage_with_clients();
  stage.host("alice", "client", "192.0.2.1").host("bob", "peer", "192.0.2.2");
  stage.traffic("alice", "bob");
  stage.scenario.expect.finally_ = {{"alice has an allocation"}};
  stage.scenario.expect.heal = HealSpec{.at = Duration(10s), .within = Duration(5s)};
  const std::string what = run_under(stage, true);
  EXPECT_EQ(what,
            "5s after the heal: \"alice has an allocation\": alice has none; nothing from alice "
            "has reached bob. Now alice waits for nothing, bob waits for nothing");
}

}  // namespace
}  // namespace tickover::sim
