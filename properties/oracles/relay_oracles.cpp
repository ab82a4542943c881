// The oracles that judge a relay by its tables and its signatures object to one that breaks its
// rules.
#include <gtest/gtest.h>

#include "properties/oracles/liars.h"
#include "sim/oracles/tables.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration tick = Duration::nanoseconds(1);

/// Of a relay that works well and shows other tables.
std::string breach_with_tables(Stage stage, void (*change)(RelayProbe& probe)) {
  Role twin = *stage.registry->find("turn-server");
  const auto honest = twin.probe;
  twin.probe = [=](const AnyMachine& machine) {
    auto probe = honest(machine);
    if (probe && !probe->allocations.empty()) change(*probe);
    return probe;
  };
  stage.registry->add(std::move(twin));
  return breach_of(stage);
}

// BUGS P12
TEST(RelayTablesProbe, objects_to_disorder) {
  const auto breach = [](void (*change)(RelayProbe&)) {
    return breach_with_tables(turn_scene(), change);
  };
  EXPECT_TRUE(objects(breach([](RelayProbe& p) { p.is_consistent = false; }), "P12", "out of"));
  EXPECT_TRUE(objects(breach([](RelayProbe& p) { p.ports_in_use = 0; }), "P12", "ports in use"));
  EXPECT_TRUE(objects(breach([](RelayProbe& p) { p.allocation_count = 0; }), "P12", "too few"));
  EXPECT_TRUE(
      objects(breach([](RelayProbe& p) { ++p.allocations[0].relayed.port; }), "P12", "no socket"));
  EXPECT_TRUE(objects(breach([](RelayProbe& p) {
                        p.allocations.push_back(p.allocations[0]);
                        ++p.allocation_count;
                      }),
                      "P12", "twice"));
  EXPECT_TRUE(objects(breach([](RelayProbe& p) {
                        auto& channels = p.allocations[0].channels;
                        if (channels.empty()) return;
                        channels.push_back(channels[0]);
                        ++channels.back().number;
                      }),
                      "P12", "two channels"));
}

// BUGS P12, P13
TEST(RelayTablesProbe, objects_to_what_contradicts_the_answers) {
  const auto breach = [](void (*change)(RelayProbe&)) {
    return breach_with_tables(turn_scene(), change);
  };
  EXPECT_TRUE(objects(breach([](RelayProbe& p) { p.allocations[0].expiry += tick; }), "P12",
                      "lets the allocation"));
  EXPECT_TRUE(objects(breach([](RelayProbe& p) { ++p.allocations[0].client.port; }), "P12",
                      "granted to nobody"));
  EXPECT_TRUE(objects(breach([](RelayProbe& p) { p.allocations.clear(); }), "P12",
                      "has forgotten the allocation"));
  EXPECT_TRUE(objects(breach([](RelayProbe& p) {
                        for (auto& permission : p.allocations[0].permissions) {
                          permission.expiry = permission.expiry - tick;
                        }
                      }),
                      "P12", "through to"));
  EXPECT_TRUE(objects(breach([](RelayProbe& p) {
                        for (auto& channel : p.allocations[0].channels) channel.expiry += tick;
                      }),
                      "P12", "binds 0x4"));
  EXPECT_TRUE(objects(breach([](RelayProbe& p) { p.allocations[0].permissions.clear(); }), "P12",
                      "forgotten the permission"));
  EXPECT_TRUE(objects(breach([](RelayProbe& p) { p.allocations[0].channels.clear(); }), "P12",
                      "forgotten channel"));
}

// BUGS P12; BUG D03
TEST(RelayTablesProbe, objects_to_what_is_left_when_everything_has_expired) {
  const auto leak = [](RelayProbe& probe) { static_cast<void>(probe); };
  EXPECT_EQ(breach_with_tables(turn_scene(), leak), "");
  Stage stage = turn_scene();
  Role twin = *stage.registry->find("turn-server");
  const auto honest = twin.probe;
  twin.probe = [=](const AnyMachine& machine) {
    auto probe = honest(machine);
    // A port that is not given back, seen only when nothing else is left.
    if (probe && probe->allocation_count == 0 && !machine.poll_timeout()) ++probe->ports_in_use;
    return probe;
  };
  stage.registry->add(std::move(twin));
  EXPECT_TRUE(objects(breach_of(stage), "P12", "ports in use"));
}

TEST(ProbeSchedule, looks_at_first_steps_all_and_then_less_often) {
  ProbeSchedule schedule;
  Step step;
  EXPECT_FALSE(schedule.is_due(step));
  step.sockets.push_back({});
  RelayProbe probe{.allocation_count = 1};
  int looks = 0;
  for (int i = 0; i < 10; ++i) {
    if (!schedule.is_due(step)) continue;
    schedule.looked(probe);
    ++looks;
  }
  EXPECT_EQ(looks, 10);
  probe.allocation_count = 1000;
  for (int i = 0; i < 10'000; ++i) {
    if (!schedule.is_due(step)) continue;
    schedule.looked(probe);
    ++looks;
  }
  EXPECT_GE(looks, 13);
  EXPECT_LE(looks, 20);
}

Stage two_clients() {
  Stage stage = turn_scene();
  stage.host("carol", "turn-client", "203.0.113.9").setting("relay", std::string("relay"));
  stage.scenario.duration = Duration(2min);
  return stage;
}

// BUGS P16; BUG D19; PROTOCOL AB21
TEST(BoundedResources, objects_to_more_than_the_limits) {
  for (const char* key : {"max-allocations", "max-allocations-per-user"}) {
    Stage stage = two_clients();
    stage.scenario.hosts[0].settings.entries = {{key, Range<std::int64_t>(1)}};
    EXPECT_EQ(breach_of(stage), "") << key;
    deceive(stage, "turn-server", {}, true);
    EXPECT_TRUE(objects(breach_of(stage), "P16", "the limit is 1")) << key;
  }
  for (const char* key : {"max-permissions", "max-channels"}) {
    Stage stage = turn_scene();
    stage.host("dave", "peer", "203.0.113.6").traffic("alice", "dave");
    stage.scenario.hosts[0].settings.entries = {{key, Range<std::int64_t>(1)}};
    EXPECT_EQ(breach_of(stage), "") << key;
    deceive(stage, "turn-server", {}, true);
    EXPECT_TRUE(objects(breach_of(stage), "P16", "the limit is 1")) << key;
  }
}

// BUGS P15
TEST(Authentic, objects_to_a_relay_that_takes_another_password) {
  Stage stage = turn_scene();
  stage.scenario.hosts[0].settings.entries = {
      {"users", std::vector<std::string>{"user:another password"}}};
  EXPECT_EQ(breach_of(stage), "");
  deceive(stage, "turn-server", {});
  EXPECT_TRUE(objects(breach_of(stage), "P15", "that no user signed"));
}

// BUGS P15
TEST(Authentic, objects_to_a_client_that_believes_unsigned_answers) {
  Stage stage = turn_scene();
  stage.scenario.hosts[1].settings.entries.push_back({"password", std::string("wrong")});
  const auto believe = [](Notice& notice, std::uint32_t&) {
    if (notice.kind == Notice::Kind::failed) {
      notice = {
          .kind = Notice::Kind::candidate_added, .name = "allocated", .local = at("1.2.3.4:5")};
    }
  };
  EXPECT_TRUE(objects(breach_of_liar(stage, believe), "P15", "did not sign"));
}

/// No traffic, so that corruption touches control messages alone.
Stage corrupted() {
  Stage stage = turn_scene();
  stage.scenario.traffic.clear();
  stage.scenario.hosts.resize(2);
  stage.scenario.links[0].both.corrupt = Range<Ratio>(Ratio{1, 3});
  return stage;
}

// BUGS P15; BUG C19
TEST(Authentic, is_silent_where_corrupted_messages_change_nothing) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) EXPECT_EQ(breach_of(corrupted(), seed), "");
}

}  // namespace
}  // namespace tickover::sim
