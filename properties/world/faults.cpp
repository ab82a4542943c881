// Each kind of fault does what it says, in its window, to whom it names.
#include <gtest/gtest.h>

#include <algorithm>

#include "properties/world/small_world.h"

namespace tickover::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

Instant at_ms(std::int64_t count) {
  return Instant::at(milliseconds(count));
}

/// What one kind of datagram met, by the instant at which it was sent.
std::vector<Instant> sent_and(const Record& r, DropReason reason, const std::string& from) {
  std::vector<Instant> result;
  for (const Record::Sending& s : r.sendings) {
    if (s.host == from && s.fate.dropped == reason) result.push_back(s.at);
  }
  return result;
}

std::vector<std::string> dropped_ids(const Record& r) {
  std::vector<std::string> result;
  for (const Record::Sending& s : r.sendings) {
    if (s.fate.dropped == DropReason::fault) result.push_back(s.id);
  }
  return result;
}

Scenario with_fault(const FaultSpec& f) {
  Scenario s = small_talk();
  s.faults = {f};
  return s;
}

PacketMatch questions() {
  return {.from = "alice", .to = "bob", .message = "question"};
}

// alice asks at 100, 200, 300 ms; every unanswered question again after 30 and 60 ms.
// BUGS G7, P22
TEST(Faults, partition_from_their_first_instant_to_just_before_their_last) {
  const Record r =
      record(with_fault(fault(milliseconds(200), milliseconds(100), Partition{"alice", "bob"})));
  EXPECT_EQ(sent_and(r, DropReason::partition, "alice"),
            (std::vector{at_ms(200), at_ms(230), at_ms(260)}));
  EXPECT_EQ(sent_and(r, DropReason::partition, "bob"), std::vector<Instant>{});

  const Record longer = record(with_fault(
      fault(milliseconds(200), milliseconds(100) + nanoseconds(1), Partition{"bob", "alice"})));
  EXPECT_EQ(sent_and(longer, DropReason::partition, "alice"),
            (std::vector{at_ms(200), at_ms(230), at_ms(260), at_ms(300)}));
}

// BUGS G7, P22
TEST(Faults, partition_both_ways) {
  // bob answers at 110 ms what was sent before the partition began.
  const Record r =
      record(with_fault(fault(milliseconds(105), milliseconds(50), Partition{"alice", "bob"})));
  EXPECT_EQ(sent_and(r, DropReason::partition, "alice"), std::vector{at_ms(130)});
  EXPECT_EQ(sent_and(r, DropReason::partition, "bob"), std::vector{at_ms(110)});
}

TEST(Faults, let_pass_what_was_under_way_when_a_partition_began) {
  const Record r =
      record(with_fault(fault(milliseconds(101), seconds(10), Partition{"alice", "bob"})));
  EXPECT_EQ(r.delivered(), 1u);
}

// BUG E15(e); BUGS G7, P22
TEST(Faults, block_one_way_only) {
  const Record r =
      record(with_fault(fault(milliseconds(150), milliseconds(100), Block{"bob", "alice"})));
  EXPECT_TRUE(sent_and(r, DropReason::partition, "alice").empty());
  // Three copies of the question of 200 ms arrive, and no answer leaves.
  EXPECT_EQ(sent_and(r, DropReason::partition, "bob"), (std::vector{at_ms(210), at_ms(240)}));
}

// BUGS G1, P22
TEST(Faults, drop_the_one_copy_that_they_name) {
  PacketMatch match = questions();
  match.transaction = Range<std::int64_t>(3);
  EXPECT_EQ(dropped_ids(record(with_fault({.action = Drop{match}}))),
            (std::vector<std::string>{"alice>bob question 3.1", "alice>bob question 3.2",
                                      "alice>bob question 3.3"}));
  match.copy = Range<std::int64_t>(1);
  EXPECT_EQ(dropped_ids(record(with_fault({.action = Drop{match}}))),
            (std::vector<std::string>{"alice>bob question 3.1"}));
  match.copy = Range<std::int64_t>(2, 3);
  EXPECT_EQ(dropped_ids(record(with_fault({.action = Drop{match}}))), std::vector<std::string>{});
}

// BUGS G1, P22
TEST(Faults, drop_a_range_of_transactions_in_one_direction) {
  PacketMatch match{.from = "bob", .to = "alice", .transaction = Range<std::int64_t>(2, 3)};
  match.copy = Range<std::int64_t>(1);
  EXPECT_EQ(dropped_ids(record(with_fault({.action = Drop{match}}))),
            (std::vector<std::string>{"bob>alice answer 2.1", "bob>alice answer 3.1"}));
}

// BUGS P22
TEST(Faults, leave_alone_what_has_another_name) {
  PacketMatch match = questions();
  match.message = "quest";
  EXPECT_TRUE(dropped_ids(record(with_fault({.action = Drop{match}}))).empty());
  match.message = "answer";
  EXPECT_TRUE(dropped_ids(record(with_fault({.action = Drop{match}}))).empty());
}

TEST(Faults, count_what_they_touched) {
  PacketMatch match = questions();
  match.transaction = Range<std::int64_t>(3);
  Scenario s = with_fault({.action = Drop{match}});
  match.transaction = Range<std::int64_t>(99);
  s.faults.push_back({.action = Drop{match}});
  World world = world_of(s);
  record(world);
  EXPECT_EQ(world.matches(0), 3u);
  EXPECT_EQ(world.matches(1), 0u);
}

// BUGS G2, G3, P22
TEST(Faults, delay_and_double_and_corrupt_what_they_name) {
  PacketMatch match = questions();
  match.transaction = Range<std::int64_t>(1);
  match.copy = Range<std::int64_t>(1);
  Scenario s = with_fault({.action = Delay{match, Duration(milliseconds(500))}});
  s.faults.push_back({.action = Duplicate{match, Duration(milliseconds(7))}});
  s.faults.push_back({.action = Corrupt{match}});
  const Record r = record(s);
  std::vector<Instant> arrivals;
  for (const Record::Arrival& a : r.arrivals) {
    if (a.id != "alice>bob question 1.1") continue;
    arrivals.push_back(a.at);
    EXPECT_NE(a.bytes, r.sendings.front().bytes);
  }
  EXPECT_EQ(arrivals, (std::vector{at_ms(610), at_ms(617)}));
  const auto others = r.fates();
  EXPECT_EQ(others.at("alice>bob question 2.1"), decide_fate({}, {}, 0));
}

TEST(Faults, degrade_a_link_and_give_it_back) {
  const LinkConditions slow{.latency = Range<Duration>(milliseconds(20)),
                            .loss = Range<Ratio>(Ratio(1, 1))};
  const Record r = record(
      with_fault(fault(milliseconds(200), milliseconds(300), Degrade{"alice", "bob", slow})));
  EXPECT_EQ(sent_and(r, DropReason::loss, "alice").front(), at_ms(200));
  EXPECT_EQ(sent_and(r, DropReason::loss, "alice").back(), at_ms(460));
  EXPECT_EQ(r.fates().at("alice>bob question 5.1"), decide_fate({}, {}, 0));
}

TEST(Faults, forge_a_datagram_that_nobody_sent) {
  World world = world_of(with_fault(fault(milliseconds(150), {}, Forge{"bob", "alice", "boo"})));
  const Record r = record(world);
  const auto forged = std::ranges::find(r.arrivals, true, &Record::Arrival::forged);
  ASSERT_NE(forged, r.arrivals.end());
  EXPECT_EQ(forged->at, at_ms(150));
  EXPECT_EQ(forged->host, "alice");
  EXPECT_EQ(forged->source.port, 9);
  EXPECT_EQ(as_text(forged->bytes), "boo");
  EXPECT_EQ(world.counts().forged, 1u);
  EXPECT_EQ(world.matches(0), 1u);
}

TEST(Faults, forge_datagrams_that_look_like_any_other) {
  Scenario s = with_fault(fault(milliseconds(150), {}, Forge{"bob", "carol", "boo"}));
  s.hosts.push_back({.name = "carol", .role = "herald"});
  const Record r = record(s);
  EXPECT_EQ(std::ranges::count(r.events, "carol sees hop limit 64"), 1);
}

TEST(Faults, cannot_forge_to_a_host_without_a_socket) {
  Scenario s = with_fault(fault(milliseconds(150), {}, Forge{"bob", "alice", "boo"}));
  s.hosts[0].start = Duration(milliseconds(500));
  World world = world_of(s);
  record(world);
  EXPECT_EQ(world.counts().forged, 0u);
  EXPECT_EQ(world.matches(0), 0u);
}

// --- hosts that go and come back ---------------------------------------------------------------

std::uint32_t boots(const World& world, const char* name) {
  return world.boots(*world.plan().host_named(name));
}

TEST(Reboot, keeps_the_host_down_for_its_length_and_starts_it_anew) {
  World world = world_of(with_fault(fault(milliseconds(450), milliseconds(400), Reboot{"alice"})));
  const Record r = record(world);
  EXPECT_EQ(boots(world, "alice"), 2u);
  std::vector<Instant> questions_sent;
  for (const Record::Sending& s : r.sendings) {
    if (s.host == "alice") questions_sent.push_back(s.at);
  }
  ASSERT_GT(questions_sent.size(), 5u);
  EXPECT_EQ(questions_sent[3], at_ms(400));
  EXPECT_EQ(questions_sent[4], at_ms(950));  // 100 ms after it is up again at 850
  EXPECT_EQ(r.dropped(DropReason::host_down), 0u);
}

TEST(Reboot, loses_what_arrives_meanwhile) {
  World world = world_of(with_fault(fault(milliseconds(405), milliseconds(300), Reboot{"bob"})));
  const Record r = record(world);
  // Those of 400, 500, 600 ms, with all of their copies that arrive before 705 ms.
  EXPECT_EQ(r.dropped(DropReason::host_down), 9u);
}

TEST(Reboot, takes_no_time_if_it_has_no_length) {
  World world =
      world_of(with_fault({.at = Range<Duration>(milliseconds(450)), .action = Reboot{"alice"}}));
  const Record r = record(world);
  EXPECT_EQ(boots(world, "alice"), 2u);
  const auto sent_at = [&](Instant t) {
    return std::ranges::find(r.sendings, t, &Record::Sending::at) != r.sendings.end();
  };
  EXPECT_FALSE(sent_at(at_ms(500)));
  EXPECT_TRUE(sent_at(at_ms(550)));
}

TEST(Reboot, gives_other_randomness_to_the_next_life) {
  const Record r =
      record(with_fault({.at = Range<Duration>(milliseconds(450)), .action = Reboot{"alice"}}));
  EXPECT_NE(r.sendings[0].bytes,
            std::ranges::find(r.sendings, at_ms(550), &Record::Sending::at)->bytes);
  EXPECT_EQ(r.fates().count("alice>bob question 5.1"), 1u);
}

TEST(Reboot, lasts_until_the_last_of_those_that_overlap) {
  for (const bool nested : {false, true}) {
    Scenario s = small_talk();
    s.faults = {fault(milliseconds(400), milliseconds(400), Reboot{"alice"}),
                fault(milliseconds(500), milliseconds(nested ? 100 : 600), Reboot{"alice"})};
    World world = world_of(s);
    const Instant up = at_ms(nested ? 800 : 1'100);
    run_until(world, up - nanoseconds(1));
    EXPECT_FALSE(world.is_up(0));
    run_until(world, up);
    EXPECT_TRUE(world.is_up(0));
    run(world);
    EXPECT_EQ(boots(world, "alice"), 2u);
  }
}

TEST(Reboot, starts_the_host_once_when_two_end_together) {
  for (const bool healed : {false, true}) {
    Scenario s = small_talk();
    s.faults = {fault(milliseconds(400), milliseconds(400), Reboot{"alice"}),
                fault(milliseconds(500), milliseconds(300), Reboot{"alice"})};
    if (healed) {
      s.expect.heal = HealSpec{.at = Duration(milliseconds(700)), .within = Duration(seconds(1))};
    }
    World world = world_of(s);
    run(world);
    EXPECT_EQ(boots(world, "alice"), 2u);
  }
}

TEST(Reboot, does_not_start_a_host_before_its_time) {
  Scenario s = with_fault(fault(milliseconds(100), milliseconds(100), Reboot{"alice"}));
  s.hosts[0].start = Duration(milliseconds(500));
  World world = world_of(s);
  run_until(world, at_ms(499));
  EXPECT_FALSE(world.is_up(0));
  run_until(world, at_ms(500));
  EXPECT_TRUE(world.is_up(0));
  run(world);
  EXPECT_EQ(boots(world, "alice"), 1u);
}

TEST(Reboot, delays_a_start_that_falls_into_it) {
  Scenario s = with_fault(fault(milliseconds(100), milliseconds(500), Reboot{"alice"}));
  s.hosts[0].start = Duration(milliseconds(500));
  World world = world_of(s);
  run_until(world, at_ms(599));
  EXPECT_FALSE(world.is_up(0));
  run_until(world, at_ms(600));
  EXPECT_TRUE(world.is_up(0));
  run(world);
  EXPECT_EQ(boots(world, "alice"), 1u);
}

TEST(WallJump, moves_the_wall_clock_and_tells_the_host) {
  Scenario s =
      with_fault(fault(milliseconds(150), {}, WallJump{"alice", Duration(std::chrono::hours(1))}));
  World world = world_of(s);
  bool told = false;
  while (world.next_time() <= at_ms(150)) {
    const Step& step = world.step();
    if (step.kind == StepKind::fault) told = step.touched && step.host == 0;
  }
  EXPECT_TRUE(told);
  EXPECT_EQ(world.host_time(0), at_ms(150));
}

// --- heal --------------------------------------------------------------------------------------

TEST(Heal, ends_every_fault_and_every_mishap_of_the_links) {
  Scenario s = small_talk({.loss = Range<Ratio>(Ratio(1, 2)),
                           .duplicate = Range<Ratio>(Ratio(1, 2)),
                           .reorder = Range<Ratio>(Ratio(1, 2)),
                           .corrupt = Range<Ratio>(Ratio(1, 2))});
  s.faults = {{.action = Partition{"alice", "bob"}},
              {.action = Drop{questions()}},
              {.action = Degrade{"alice", "bob", {.latency = Range<Duration>(seconds(1))}}},
              fault(milliseconds(700), seconds(10), Reboot{"alice"}),
              fault(milliseconds(1'100), milliseconds(100), Block{"alice", "bob"}),
              fault(milliseconds(1'200), milliseconds(100), Reboot{"bob"})};
  s.expect.heal = HealSpec{.at = Duration(seconds(1)), .within = Duration(milliseconds(500))};
  World world = world_of(s);
  run_until(world, Instant::at(seconds(1)) - nanoseconds(1));
  EXPECT_FALSE(world.is_healed());
  EXPECT_EQ(world.counts().delivered, 0u);
  EXPECT_FALSE(world.is_up(0));
  const Record r = record(world);
  EXPECT_TRUE(world.is_healed());
  EXPECT_TRUE(world.is_up(0));
  EXPECT_EQ(boots(world, "bob"), 1u);
  EXPECT_GT(r.sendings.size(), 10u);
  for (const Record::Sending& sent : r.sendings) EXPECT_EQ(sent.fate, decide_fate({}, {}, 0));
}

}  // namespace
}  // namespace tickover::sim
