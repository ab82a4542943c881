// Application traffic, sockets, and the ways in which a run can end.
#include <gtest/gtest.h>

#include <algorithm>

#include "properties/world/small_world.h"

namespace tickover::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<std::string> events_of(const Scenario& s, const std::string& host) {
  std::vector<std::string> result = record(s).events;
  std::erase_if(result, [&](const std::string& e) { return !e.starts_with(host + " "); });
  return result;
}

/// alice is told to send to bob, who is reached where he says.
Scenario flow(const std::string& role_of_bob) {
  return {.duration = Duration(milliseconds(1'050)),
          .hosts = {{.name = "alice", .role = "peer"}, {.name = "bob", .role = role_of_bob}},
          .links = {link("alice", "bob")},
          .traffic = {{.from = "alice", .to = "bob", .every = Duration(milliseconds(200))}}};
}

TEST(Traffic, arrives_byte_for_byte_and_numbered_from_one) {
  const Record r = record(flow("peer"));
  ASSERT_EQ(r.arrivals.size(), 6u);  // 0, 200, …, 1000 ms
  for (std::size_t i = 0; i < r.arrivals.size(); ++i) {
    const Record::Arrival& a = r.arrivals[i];
    EXPECT_EQ(a.sent, Instant::at(milliseconds(200 * static_cast<std::int64_t>(i))));
    std::vector<std::uint8_t> expected(100);
    write_payload(expected, hash_text("traffic alice>bob"), i + 1);
    EXPECT_EQ(a.bytes, expected);
  }
}

TEST(Traffic, begins_at_its_start_and_is_over_at_its_stop) {
  Scenario s = flow("peer");
  s.traffic[0].start = Duration(milliseconds(100));
  s.traffic[0].stop = Range<Duration>(milliseconds(500));
  EXPECT_EQ(record(s).arrivals.size(), 2u);  // 100, 300 ms
  s.traffic[0].stop = Range<Duration>(milliseconds(501));
  EXPECT_EQ(record(s).arrivals.size(), 3u);
  s.traffic[0].stop = Range<Duration>(milliseconds(100));
  EXPECT_EQ(record(s).arrivals.size(), 0u);
}

TEST(Traffic, tells_an_announcing_receiver_first_whom_to_expect) {
  const auto got = events_of(flow("announcer"), "bob");
  EXPECT_EQ(got, (std::vector<std::string>{"bob announced 0", "bob got 1", "bob got 2", "bob got 3",
                                           "bob got 4", "bob got 5", "bob got 6"}));
}

TEST(Traffic, asks_again_if_the_receiver_refused_to_expect) {
  Scenario s = flow("announcer");
  s.hosts[1].settings = settings({number("refuse", 2)});
  const auto got = events_of(s, "bob");
  EXPECT_EQ(got, (std::vector<std::string>{"bob announced 0", "bob got 3", "bob got 4", "bob got 5",
                                           "bob got 6"}));
}

TEST(Traffic, tells_a_receiver_again_after_it_forgot_everything) {
  Scenario s = flow("announcer");
  s.faults = {{.at = Range<Duration>(milliseconds(450)), .action = Reboot{"bob"}}};
  const auto got = events_of(s, "bob");
  EXPECT_EQ(got,
            (std::vector<std::string>{"bob announced 0", "bob got 1", "bob got 2", "bob got 3",
                                      "bob announced 0", "bob got 4", "bob got 5", "bob got 6"}));
}

TEST(Traffic, skips_numbers_while_nobody_can_be_reached) {
  Scenario s = flow("announcer");
  s.hosts[1].start = Duration(milliseconds(300));
  EXPECT_EQ(events_of(s, "bob"), (std::vector<std::string>{"bob announced 0", "bob got 3",
                                                           "bob got 4", "bob got 5", "bob got 6"}));
}

TEST(Traffic, of_two_flows_between_the_same_hosts_can_be_told_apart) {
  Scenario s = flow("peer");
  s.traffic.push_back(s.traffic[0]);
  const auto plan = planned(s);
  EXPECT_NE(plan->flows[0].key, plan->flows[1].key);
}

// One change, then a full drain: what a host learns at its start are two changes.
TEST(Start, tells_time_and_place_one_after_the_other) {
  const Record r = record({.hosts = {{.name = "alice", .role = "herald"}}});
  ASSERT_EQ(r.sendings.size(), 2u);
  EXPECT_EQ(as_text(r.sendings[0].bytes), "the time");
  EXPECT_EQ(as_text(r.sendings[1].bytes), "the place");
}

TEST(Socket, that_was_never_opened_cannot_send) {
  Scenario s{.hosts = {{.name = "alice", .role = "misfit"}}};
  World world = world_of(s);
  const Record r = record(world);
  EXPECT_EQ(r.events, std::vector<std::string>{"alice refused 1"});
  EXPECT_EQ(r.dropped(DropReason::send_refused), 1u);
  EXPECT_EQ(world.counts().dropped, 1u);
}

TEST(Socket, that_nobody_opened_gets_nothing) {
  Scenario s = small_talk();
  s.hosts[1].role = "peer";  // listens on another port
  const Record r = record(s);
  EXPECT_EQ(r.delivered(), 0u);
  EXPECT_EQ(r.dropped(DropReason::no_socket), r.arrivals.size());
}

TEST(Route, is_needed) {
  Scenario s = small_talk();
  s.links.clear();
  const Record r = record(s);
  EXPECT_EQ(r.dropped(DropReason::no_route), r.sendings.size());
}

// --- ends --------------------------------------------------------------------------------------

TEST(Run, ends_when_its_duration_is_over) {
  World world = world_of(small_talk());
  EXPECT_EQ(run(world), StopReason::deadline);
  EXPECT_LE(world.now(), Instant::at(seconds(2)));
  EXPECT_GT(world.next_time(), Instant::at(seconds(2)));
}

TEST(Run, includes_its_last_instant) {
  World world = world_of(small_talk());
  EXPECT_EQ(run_until(world, Instant::at(milliseconds(500))), StopReason::deadline);
  EXPECT_EQ(world.now(), Instant::at(milliseconds(500)));
}

TEST(Run, ends_when_nothing_is_left) {
  World world = world_of({.hosts = {echo("bob")}});
  EXPECT_EQ(run(world), StopReason::quiescent);
}

TEST(Run, ends_at_its_step_limit) {
  World world = world_of(small_talk());
  EXPECT_EQ(run(world, {.steps = 10}), StopReason::step_limit);
  EXPECT_EQ(world.steps(), 10u);
}

TEST(Run, notices_that_time_stands_still) {
  Scenario s = flow("peer");
  s.links[0].both.latency = Range<Duration>(Duration{});
  for (HostSpec& host : s.hosts) {
    host.settings.entries.push_back({"echo", true, {}});
  }
  World world = world_of(s);
  EXPECT_EQ(run(world, {.steps_per_instant = 1'000}), StopReason::livelock);
  EXPECT_EQ(world.now(), Instant{});
}

TEST(Run, lets_thousands_of_hosts_start_together) {
  Scenario s{.hosts = {echo("bob")}};
  s.hosts[0].count = 2'000;
  World world = world_of(s);
  EXPECT_EQ(run(world, {.steps_per_instant = 2'000}), StopReason::quiescent);
}

/// Objects to the third step.
class Objector final : public Oracle {
 public:
  std::unique_ptr<Oracle> clone() const override { return std::make_unique<Objector>(*this); }
  std::string_view id() const override { return "X1"; }
  std::string_view statement() const override { return "there is no third step"; }
  void observe(const Step& step, const World&) override {
    judged();
    if (step.number >= 3) broken(step, "there it is");
  }
};

TEST(Run, ends_when_an_oracle_objects_also_in_a_fork) {
  Oracles oracles;
  oracles.add(std::make_unique<Objector>());
  World world(planned(small_talk()), std::move(oracles));
  world.step();
  World fork = world;
  for (World* w : {&world, &fork}) {
    EXPECT_EQ(run(*w), StopReason::breach);
    EXPECT_EQ(w->oracles().breach()->step, 3u);
    EXPECT_EQ(w->oracles().all().front()->judgements(), 3u);
  }
}

}  // namespace
}  // namespace tickover::sim
