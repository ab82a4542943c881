// Faults that last no time, and faults of one kind that last at the same time.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "properties/world/small_world.h"

namespace tickover::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Instant at(std::int64_t ms) {
  return Instant::at(milliseconds(ms));
}
IpAddress ip(const char* text) {
  return *IpAddress::parse(text);
}
std::size_t answers(const Record& r) {
  return static_cast<std::size_t>(std::ranges::count_if(
      r.events, [](const std::string& e) { return e.starts_with("alice answered"); }));
}
/// The world when it has done all until then.
World world_at(const Scenario& s, std::int64_t ms) {
  World world = world_of(s);
  while (world.next_time() <= at(ms)) world.step();
  return world;
}
std::string bob_is_at(const Scenario& s, std::int64_t ms) {
  const auto where = world_at(s, ms).reachable_at(1);
  return where ? where->ip.text() : "nowhere";
}

/// bob is at 192.0.2.10.
Scenario bob_at_home(std::vector<FaultSpec> faults) {
  Scenario s = small_talk();
  s.hosts[1].addresses = {ip("192.0.2.10")};
  s.faults = std::move(faults);
  return s;
}
FaultSpec move_bob(std::int64_t from, std::int64_t to, const char* address,
                   Duration dead = Duration{}) {
  return fault(milliseconds(from), milliseconds(to - from),
               Move{"bob", {ip(address)}, "", Range<Duration>(dead)});
}

/// Whence alice is seen, in order and each once.
std::vector<std::string> seen_from(const Scenario& s) {
  std::vector<std::string> seen;
  for (const Record::Sending& sent : record(s).sendings) {
    if (sent.host != "alice") continue;
    const std::string from = sent.seen_source.ip.text();
    if (seen.empty() || seen.back() != from) seen.push_back(from);
  }
  return seen;
}
Scenario behind_nat(std::vector<FaultSpec> faults) {
  Scenario s = small_talk();
  s.hosts[0].nat = NatSpec{.addresses = {ip("198.51.100.1")}};
  s.faults = std::move(faults);
  return s;
}
FaultSpec move_nat(std::int64_t from, std::int64_t to, const char* address) {
  return fault(milliseconds(from), milliseconds(to - from), NatMove{"alice", ip(address)});
}

// BUGS G24
TEST(FaultTime, of_no_length_undoes_what_it_does) {
  Scenario s = small_talk();
  s.faults = {fault(milliseconds(500), {}, Suspend{"alice"})};
  EXPECT_EQ(answers(record(s)), 19u);
  EXPECT_TRUE(world_at(s, 500).is_up(0));

  EXPECT_EQ(bob_is_at(bob_at_home({move_bob(500, 500, "192.0.2.77")}), 501), "192.0.2.10");
  const Scenario dead = bob_at_home({move_bob(500, 500, "192.0.2.77", milliseconds(100))});
  EXPECT_EQ(bob_is_at(dead, 599), "nowhere");
  EXPECT_EQ(bob_is_at(dead, 600), "192.0.2.10");

  EXPECT_EQ(seen_from(behind_nat({move_nat(500, 500, "198.51.100.9")})),
            std::vector<std::string>{"198.51.100.1"});
  const Scenario flap = behind_nat({fault(milliseconds(500), {}, NatFlap{"alice"})});
  std::set<Endpoint> seen;
  for (const Record::Sending& sent : record(flap).sendings) {
    if (sent.host == "alice") seen.insert(sent.seen_source);
  }
  EXPECT_EQ(seen.size(), 1u);
}

// BUGS G9
TEST(Move, that_ends_leaves_a_host_where_another_one_keeps_it) {
  const Scenario inner =
      bob_at_home({move_bob(500, 1'900, "192.0.2.77"), move_bob(700, 800, "192.0.2.88")});
  EXPECT_EQ(bob_is_at(inner, 699), "192.0.2.77");
  EXPECT_EQ(bob_is_at(inner, 799), "192.0.2.88");
  EXPECT_EQ(bob_is_at(inner, 801), "192.0.2.77");
  EXPECT_EQ(bob_is_at(inner, 1'901), "192.0.2.10");

  const Scenario crossed = bob_at_home(
      {move_bob(500, 800, "192.0.2.77", milliseconds(50)), move_bob(820, 1'500, "192.0.2.88")});
  EXPECT_EQ(bob_is_at(crossed, 810), "nowhere");
  EXPECT_EQ(bob_is_at(crossed, 851), "192.0.2.88");  // whatever time its way home would have taken
  EXPECT_EQ(bob_is_at(crossed, 1'501), "192.0.2.10");
}

// BUGS G9
TEST(Move, is_known_to_a_host_that_starts_again) {
  Scenario s = bob_at_home({move_bob(500, 1'500, "192.0.2.77")});
  s.faults.push_back(fault(milliseconds(700), milliseconds(100), Reboot{"bob"}));
  World world = world_of(s);
  std::vector<std::string> opened;
  while (world.next_time() <= at(1'900)) {
    const Step& step = world.step();
    for (const SocketRecord& socket : step.sockets) {
      if (step.host == 1 && socket.open) opened.push_back(socket.local.text());
    }
  }
  EXPECT_EQ(opened, (std::vector<std::string>{"192.0.2.10:9", "192.0.2.77:9"}));
}

TEST(NatMove, that_ends_leaves_a_nat_where_another_one_keeps_it) {
  EXPECT_EQ(seen_from(behind_nat(
                {move_nat(300, 1'500, "198.51.100.8"), move_nat(700, 900, "198.51.100.9")})),
            (std::vector<std::string>{"198.51.100.1", "198.51.100.8", "198.51.100.9",
                                      "198.51.100.8", "198.51.100.1"}));
  EXPECT_EQ(
      seen_from(
          behind_nat({move_nat(300, 900, "198.51.100.8"), move_nat(700, 1'500, "198.51.100.9")})),
      (std::vector<std::string>{"198.51.100.1", "198.51.100.8", "198.51.100.9", "198.51.100.1"}));
}

// BUGS G8
TEST(NatFlap, lasts_until_the_last_of_those_that_overlap) {
  const Scenario s = behind_nat({fault(milliseconds(300), milliseconds(600), NatFlap{"alice"}),
                                 fault(milliseconds(700), milliseconds(600), NatFlap{"alice"})});
  const Record r = record(s);
  const Endpoint first = r.sendings.front().seen_source;
  for (const Record::Sending& sent : r.sendings) {
    if (sent.host != "alice") continue;
    const bool flapped = sent.at >= at(300) && sent.at < at(1'300);
    EXPECT_EQ(sent.seen_source != first, flapped) << sent.id;
  }
}

// BUGS E15
TEST(Degrade, leaves_alone_what_another_fault_says_of_the_link) {
  const auto degrade = [](std::int64_t from, std::int64_t to, LinkConditions conditions) {
    return fault(milliseconds(from), milliseconds(to - from),
                 Degrade{"alice", "bob", std::move(conditions)});
  };
  Scenario s = small_talk();
  s.faults = {degrade(0, 3'000, {.duplicate = Range<Ratio>(Ratio(1, 1))}),
              degrade(500, 1'000, {.latency = Range<Duration>(milliseconds(40))}),
              degrade(700, 1'500, {.latency = Range<Duration>(milliseconds(70))})};
  for (const Record::Sending& sent : record(s).sendings) {
    const std::int64_t latency = sent.at >= at(700) && sent.at < at(1'500)   ? 70
                                 : sent.at >= at(500) && sent.at < at(1'000) ? 40
                                                                             : 10;
    EXPECT_EQ(sent.fate.copies, 2) << sent.id;
    EXPECT_EQ(sent.fate.delay[0], Duration(milliseconds(latency))) << sent.id;
  }
}

TEST(Refuse, keeps_from_the_nat_what_never_leaves_the_host) {
  Scenario s = behind_nat({});
  s.hosts[0].nat->timeout = Duration(milliseconds(300));
  s.hosts[0].settings.entries.push_back(number("copies", 1));
  s.faults = {fault(milliseconds(500), seconds(1), Refuse{{"alice", "bob", "", {}, {}}})};
  std::set<Endpoint> seen;
  for (const Record::Sending& sent : record(s).sendings) {
    if (sent.host == "alice" && sent.fate.dropped == DropReason::none) {
      seen.insert(sent.seen_source);
    }
  }
  EXPECT_EQ(seen.size(), 2u);  // the mapping died of silence
}

TEST(Plan, knows_how_late_the_last_copy_of_a_fault_is) {
  Scenario s = small_talk();
  s.faults = {{.action = Duplicate{{"alice", "bob", "question", {}, {}},
                                   Range<Duration>(milliseconds(1)),
                                   {Duration(seconds(30)), Duration(seconds(2))}}}};
  EXPECT_EQ(planned(s)->longest_hold(), Duration(seconds(30)));
}

TEST(Fates, of_a_larger_datagram_of_the_same_name_do_no_harm) {
  const Scenario s = small_talk();
  const auto plan = planned(s);
  Fate cut{.truncated = true, .kept = 5'000, .copies = 1};
  Fate bent{.corrupted = true, .corrupt_bit = 40'000, .copies = 1};
  const PacketId first{0, 'Q', 1, 1};
  const PacketId second{0, 'Q', 2, 1};
  World world(plan, {},
              std::make_shared<Fates>(std::vector<NamedFate>{{first, cut}, {second, bent}}));
  const Record r = record(world);
  EXPECT_EQ(r.sendings[0].bytes, r.arrivals[0].bytes);
  EXPECT_EQ(r.sendings[2].bytes.size(), r.arrivals[2].bytes.size());
}

}  // namespace
}  // namespace tickover::sim
