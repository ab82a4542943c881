#include <gtest/gtest.h>

#include "properties/oracles/turn_scene.h"
#include "sim/oracles/marks.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;

LinkConditions bad_weather() {
  return {.latency = Range<Duration>(20ms, 400ms),
          .jitter = Range<Duration>(0ms, 50ms),
          .loss = Range<Ratio>(Ratio{0, 1}, Ratio{1, 5}),
          .duplicate = Range<Ratio>(Ratio{1, 20}),
          .reorder = Range<Ratio>(Ratio{1, 20})};
}

// BUGS P7, P23
TEST(TurnRuns, keep_every_oracle_silent_and_busy_in_fair_weather) {
  const auto plan = turn_scene().plan();
  World world(plan, make_oracles(*plan));
  run(world);
  const Breach* breach = world.oracles().breach();
  EXPECT_EQ(breach, nullptr) << breach->oracle << " " << breach->what;
  for (const auto& oracle : world.oracles().all()) {
    if (oracle->id() == "marks") continue;
    EXPECT_GT(oracle->judgements(), 0u) << oracle->id();
  }
}

// BUGS G6, G7, G8, G18, G23, P4, P10, P11, P13, P14
TEST(TurnRuns, keep_every_oracle_silent_in_bad_weather_under_every_driver) {
  for (const DriverKind driver :
       {DriverKind::lazy, DriverKind::ticking, DriverKind::oversleeping}) {
    Stage stage = turn_scene();
    stage.scenario.links[0].both = bad_weather();
    for (HostSpec& host : stage.scenario.hosts) host.driver = {driver, Duration(70ms)};
    stage.scenario.faults = {
        {.at = Range<Duration>(Duration(2min)), .action = Reboot{"relay"}},
        {.at = Range<Duration>(Duration(4min)), .action = NatReset{"alice"}},
        {.at = Range<Duration>(Duration(6min)),
         .length = Range<Duration>(Duration(40s)),
         .action = Partition{"alice", "relay"}},
        {.at = Range<Duration>(Duration(9min)), .action = Reboot{"alice"}},
    };
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      EXPECT_EQ(breach_of(stage, seed), "")
          << "seed " << seed << ", driver " << static_cast<int>(driver);
    }
  }
}

// BUGS G10, P23
TEST(TurnRuns, count_the_situations_that_they_meet) {
  const auto marks_of = [](const Stage& stage) {
    const auto plan = stage.plan();
    World world(plan, make_oracles(*plan));
    run(world);
    return *Marks::of(world.oracles());
  };
  const Marks fair = marks_of(turn_scene());
  EXPECT_EQ(fair.count(Mark::request_sent_again), 0u);
  EXPECT_EQ(fair.count(Mark::allocation_lost), 0u);

  Stage stage = turn_scene();
  stage.scenario.links[0].both = {.duplicate = Range<Ratio>(Ratio{1, 10})};
  stage.scenario.hosts[0].settings.entries = {{"nonce-lifetime", Range<Duration>(1min)}};
  stage.scenario.hosts[1].driver = {DriverKind::oversleeping, Duration(10ms)};
  stage.scenario.faults = {{.at = Range<Duration>(Duration(5min)), .action = Reboot{"relay"}},
                           {.at = Range<Duration>(Duration(10min)),
                            .length = Range<Duration>(Duration(1min)),
                            .action = Partition{"alice", "relay"}},
                           {.at = Range<Duration>(Duration(12min)), .action = NatReset{"alice"}}};
  const Marks foul = marks_of(stage);
  for (const Mark mark :
       {Mark::stale_nonce_at_channel_bind, Mark::allocation_lost, Mark::allocation_regained,
        Mark::request_sent_again, Mark::duplicate_delivered, Mark::late_wake_up,
        Mark::lost_in_partition, Mark::relay_rebooted_under_allocation,
        Mark::nat_refused_under_allocation}) {
    EXPECT_GT(foul.count(mark), 0u) << mark_name(mark);
  }
}

// BUGS G17, P8, P13
TEST(TurnRuns, keep_every_oracle_silent_on_drifting_clocks) {
  Stage stage = turn_scene();
  stage.scenario.links[0].both = bad_weather();
  std::int64_t ppm = -150;
  for (HostSpec& host : stage.scenario.hosts) host.clock = {.drift_ppm = ppm += 100};
  for (std::uint64_t seed = 1; seed <= 10; ++seed) EXPECT_EQ(breach_of(stage, seed), "");
}

// PROTOCOL W15, A17, AB18; BUGS P13
TEST(TurnRuns, keep_every_oracle_silent_about_a_user_in_a_hidden_name) {
  Stage stage = turn_scene();
  stage.scenario.duration = Duration(1min);
  stage.scenario.hosts[0].settings.entries = {
      {"username-anonymity", true},
      {"users", std::vector<std::string>{"user:password", "mallory:secret"}}};
  stage.scenario.hosts[1].settings.entries.push_back({"hide-username", true});
  stage.host("mallory", "attacker", "203.0.113.66")
      .setting("target", std::string("relay"))
      .setting("victim", std::string("alice"))
      .setting("attack", std::vector<std::string>{"usurp"})
      .setting("username", std::string("mallory"))
      .setting("password", std::string("secret"));
  EXPECT_EQ(breach_of(stage), "");
}

// BUGS P4
TEST(TurnRuns, keep_every_oracle_silent_with_any_backoff) {
  Settings jittered;
  jittered.entries = {{"first", Range<Duration>(300ms)},
                      {"growth", Range<Ratio>(Ratio{3, 2})},
                      {"cap", Range<Duration>(2s)},
                      {"sends", Range<std::int64_t>(5)},
                      {"jitter", Range<Ratio>(Ratio{1, 2})}};
  for (const Value& backoff : {Value(std::string("connlib")), Value(jittered)}) {
    Stage stage = turn_scene();
    stage.scenario.links[0].both = bad_weather();
    stage.scenario.hosts[1].settings.entries.push_back({"backoff", backoff});
    stage.scenario.faults = {{.at = Range<Duration>(Duration(3min)),
                              .length = Range<Duration>(Duration(1min)),
                              .action = Partition{"alice", "relay"}}};
    for (std::uint64_t seed = 1; seed <= 20; ++seed) EXPECT_EQ(breach_of(stage, seed), "");
  }
}

}  // namespace
}  // namespace tickover::sim
