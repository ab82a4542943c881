// What `tickover run` tells of many clients whose relay restarts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "properties/oracles/hand_made.h"
#include "properties/program/workbench.h"
#include "sim/report/herd.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::int64_t many = 25;

/// So many clients of a relay that is away for half a minute from 60 s on.
Stage fleet(std::int64_t count = many) {
  Stage stage;
  stage.host("relay", "turn-server", "192.0.2.1").host("client", "turn-client", "10.0.0.1");
  stage.setting("relay", std::string("relay"));
  stage.scenario.hosts.back().count = count;
  stage.scenario.hosts.back().start = Range<Duration>(0s, 20s);
  stage.scenario.links.push_back({.a = "client", .b = "relay"});
  stage.scenario.faults = {{.at = Range<Duration>(Duration(60s)),
                            .length = Range<Duration>(Duration(30s)),
                            .action = Reboot{"relay"}}};
  stage.scenario.duration = Duration(4min);
  return stage;
}

/// Remembers all, to count later.
struct Memory final : Watcher {
  std::vector<Instant> arrivals;  // of requests
  std::map<HostIndex, std::vector<Instant>> sent;
  std::map<HostIndex, std::vector<Instant>> gained;

  void see(const Step& step, const World& world) override {
    const auto is_request = [&](HostIndex who, const PacketId& id) {
      return world.machine(who).kind_name(id.kind).ends_with("request");
    };
    if (step.kind == StepKind::delivery && step.touched && step.host == 0 &&
        is_request(step.sender, step.id)) {
      arrivals.push_back(step.time);
    }
    for (const SentRecord& record : step.sent) {
      if (step.host != 0 && is_request(step.host, record.id)) sent[step.host].push_back(step.time);
    }
    for (const Notice& notice : step.notices) {
      if (notice.kind == Notice::Kind::candidate_added) gained[step.host].push_back(step.time);
    }
  }
};

TEST(Herds, are_what_one_would_count_in_the_log) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto plan = fleet().plan(seed);
    World world(plan, {});
    HerdWatch watch(*plan);
    Memory memory;
    run(world, {}, {&watch, &memory});
    ASSERT_EQ(watch.herds().size(), 1u);
    const Herd& herd = watch.herds().front();
    const Instant restart = Instant::at(90s);
    EXPECT_EQ(herd.restarted_at, restart);
    EXPECT_EQ(herd.group, "client");
    ASSERT_EQ(herd.hosts.size(), static_cast<std::size_t>(many));
    EXPECT_EQ(herd.missing, 0u);
    Instant last;
    for (std::size_t i = 0; i < herd.hosts.size(); ++i) {
      const std::vector<Instant>& gained = memory.gained[herd.hosts[i]];
      const auto back = std::ranges::lower_bound(gained, restart);
      ASSERT_NE(back, gained.end());
      EXPECT_EQ(herd.clients[i].recovered, *back - restart);
      last = std::max(last, *back);
      const auto requests = std::ranges::count_if(
          memory.sent[herd.hosts[i]], [&](Instant at) { return at >= restart && at < *back; });
      EXPECT_EQ(herd.clients[i].requests, requests);
    }
    EXPECT_EQ(herd.recoveries().back(), last - restart);
    std::uint64_t busiest = 0;
    for (const Instant from : memory.arrivals) {
      if (from < restart) continue;
      const auto within = std::ranges::count_if(memory.arrivals, [&](Instant at) {
        return at >= from && at < from + Duration(1s) && at <= last;
      });
      busiest = std::max(busiest, static_cast<std::uint64_t>(within));
    }
    EXPECT_EQ(herd.most_requests, busiest);
  }
}

TEST(Herds, know_who_is_not_back_at_the_end) {
  Stage stage = fleet();
  stage.scenario.duration = Duration(95s);
  const auto plan = stage.plan();
  World world(plan, {});
  HerdWatch watch(*plan);
  run(world, {}, {&watch});
  ASSERT_EQ(watch.herds().size(), 1u);
  const Herd& herd = watch.herds().front();
  EXPECT_GT(herd.missing, 0u);
  EXPECT_EQ(herd.recoveries().size() + herd.missing, herd.hosts.size());
}

std::size_t herds_of(const Stage& stage) {
  const auto plan = stage.plan();
  World world(plan, {});
  HerdWatch watch(*plan);
  run(world, {}, {&watch});
  return watch.herds().size();
}

TEST(Herds, are_of_ten_or_more_and_of_restarts_alone) {
  EXPECT_EQ(herds_of(fleet(10)), 1u);
  EXPECT_EQ(herds_of(fleet(9)), 0u);
  Stage stage = fleet();
  stage.scenario.faults[0].action = Reboot{"client"};
  EXPECT_EQ(herds_of(stage), 0u);
  stage.scenario.faults.clear();
  EXPECT_EQ(herds_of(stage), 0u);
  // One that never comes back has not restarted.
  stage = fleet();
  stage.scenario.faults[0].length = Range<Duration>(Duration(10min));
  EXPECT_EQ(herds_of(stage), 0u);
}

TEST(Herds, are_told_of_by_their_groups_and_for_each_restart) {
  Stage stage = fleet(10);
  stage.scenario.hosts.back().groups = {"all"};
  stage.host("other", "turn-client", "10.0.1.1").setting("relay", std::string("relay"));
  stage.scenario.hosts.back().count = 5;
  stage.scenario.hosts.back().groups = {"all"};
  stage.scenario.links = {{.a = "all", .b = "relay"}};
  stage.scenario.faults.push_back(stage.scenario.faults.front());
  stage.scenario.faults.back().at = Range<Duration>(Duration(170s));
  const auto plan = stage.plan();
  World world(plan, {});
  HerdWatch watch(*plan);
  run(world, {}, {&watch});
  ASSERT_EQ(watch.herds().size(), 2u);
  for (const Herd& herd : watch.herds()) {
    EXPECT_EQ(herd.group, "all");
    EXPECT_EQ(herd.hosts.size(), 15u);
  }
}

constexpr const char* file = R"(# Twenty clients are back after a restart.
format   = 1
duration = "3min"

[[host]]
name = "relay"
role = "turn-server"

[[host]]
name         = "client"
role         = "turn-client"
relay        = "relay"
count        = 20
pause-jitter = 0

[[link]]
between = ["client", "relay"]

[[fault]]
at     = "1min"
reboot = "relay"
)";

TEST(RunHerds, are_told_before_the_verdict) {
  const Workbench bench;
  bench.write("herd.toml", file);
  const Finished done = bench.tickover({"run", "herd.toml", "--log", "log.jsonl"});
  EXPECT_EQ(done.exit, 0) << done.out << done.err;
  // All were in step: a keep-alive that is answered by 438 and by 437, and after a pause of a
  // second two requests for another allocation.
  const char* block =
      "20 of client had an allocation from relay, which restarted at 1min:\n"
      "  busiest second  40 requests reached it, from 15.050s after that on\n"
      "  allocated again all, half within 16.120s, the last (client-1) after 16.120s\n"
      "  fairness (Jain) 100.0% of these times, 100.0% of the requests that each sent until then "
      "(4 to 4)\n";
  EXPECT_THAT(done.out, HasSubstr(block));
  EXPECT_THAT(bench.read("log.jsonl"), HasSubstr("40 requests reached it"));
}

TEST(RunHerds, are_in_the_json) {
  const Workbench bench;
  bench.write("herd.toml", file);
  const Finished done =
      bench.shell(Workbench::program() + " run herd.toml --json | jq -c '.herds[0]'");
  EXPECT_THAT(done.out, HasSubstr(R"("relay":"relay","group":"client","clients":20)"));
  EXPECT_THAT(done.out, HasSubstr(R"("recovered":20,"missing":0)"));
  EXPECT_THAT(done.out, HasSubstr(R"("fairness_of_times":"100.0%","fewest_requests":4)"));
}

}  // namespace
}  // namespace tickover::sim
