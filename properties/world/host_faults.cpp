// What befalls hosts, and what the network tells them: sleep, moves, refusals, ICMP; and faults
// that come after something, again and again, or only sometimes.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/transmit_queue.h"
#include "properties/world/small_world.h"

namespace tickover::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

Instant at(std::int64_t ms) {
  return Instant::at(milliseconds(ms));
}

std::vector<Instant> first_questions(const Record& r) {
  std::vector<Instant> result;
  for (const Record::Sending& s : r.sendings) {
    if (s.host == "alice" && s.id.ends_with(".1")) result.push_back(s.at);
  }
  return result;
}

// BUGS G17, G18
TEST(Sleep, stops_a_host_and_its_clock_and_keeps_its_state) {
  Scenario s = small_talk();
  const std::size_t all = first_questions(record(s)).size();
  s.faults = {fault(milliseconds(550), milliseconds(1'005), Suspend{"alice"})};
  const Record r = record(s);
  const std::vector<Instant> asked = first_questions(r);
  EXPECT_EQ(asked.size(), all - 11);
  for (const Instant t : asked) EXPECT_TRUE(t <= at(550) || t >= at(1'555));
  // The wait goes on where it was: 50 ms of it were left, to the nanosecond.
  EXPECT_TRUE(std::ranges::find(asked, at(1'605)) != asked.end());
  EXPECT_TRUE(std::ranges::find(r.events, "alice answered 6") != r.events.end());
}

TEST(Sleep, loses_what_arrives_and_tells_the_wall_clock_afterwards) {
  Scenario s = small_talk();
  s.faults = {fault(milliseconds(505), milliseconds(300), Suspend{"alice"})};
  World world = world_of(s);
  std::size_t lost = 0;
  bool told = false;
  while (world.next_time() <= at(1'000)) {
    const Step& step = world.step();
    lost += step.dropped == DropReason::halted ? 1 : 0;
    told = told || (step.kind == StepKind::fault && !step.fault_begins && step.touched);
    const bool asleep = step.time >= at(505) && step.time < at(805);
    if (step.time == at(0)) continue;
    EXPECT_EQ(world.is_up(0), !asleep);
  }
  EXPECT_EQ(lost, 1u);
  EXPECT_TRUE(told);
  EXPECT_EQ(world.sleeps(0), 1u);
  EXPECT_EQ(world.host_time(0),
            Instant::at(milliseconds(1'000) - milliseconds(300)) - (at(1'000) - world.now()));
}

// BUGS G9
TEST(Move, closes_sockets_at_once_and_gives_new_addresses_after_the_dead_window) {
  Scenario s = small_talk();
  s.hosts[0].addresses = {IpAddress::v4({192, 0, 2, 10})};
  const IpAddress there = IpAddress::v4({192, 0, 2, 77});
  s.faults = {fault(milliseconds(510), milliseconds(700),
                    Move{"alice", {there}, "", Range<Duration>(milliseconds(200))})};
  World world = world_of(s);
  std::vector<std::pair<Instant, bool>> sockets;
  while (world.next_time() <= at(1'900)) {
    const Step& step = world.step();
    if (step.host != 0) continue;
    for (const SocketRecord& socket : step.sockets) sockets.emplace_back(step.time, socket.open);
  }
  // The talker never opens another one: its old socket is closed, and nothing can be sent.
  ASSERT_EQ(sockets.size(), 2u);
  EXPECT_EQ(sockets[1], std::pair(at(510), false));
  const Record r = record(s);
  EXPECT_GT(r.dropped(DropReason::send_refused), 5u);
}

TEST(Refuse, keeps_the_senders_own_system_from_sending) {
  Scenario s = small_talk();
  s.faults = {
      {.action = Refuse{{"alice", "bob", "question", Range<std::int64_t>(std::int64_t{3}), {}}}}};
  const Record r = record(s);
  EXPECT_EQ(r.dropped(DropReason::send_refused), 3u);
  EXPECT_EQ(std::ranges::count(r.events, "alice answered 3"), 0);
}

// --- ICMP --------------------------------------------------------------------------------------

std::vector<IcmpError> told(const Scenario& s, std::string_view whom) {
  World world = world_of(s);
  std::vector<IcmpError> result;
  while (world.next_time() <= Instant::at(world.plan().duration)) {
    const Step& step = world.step();
    if (step.kind != StepKind::icmp || !step.touched) continue;
    EXPECT_EQ(world.plan().hosts[step.host].info.name, whom);
    result.push_back(step.icmp);
  }
  return result;
}

/// bob has gone: nobody listens on his port any more.
Scenario closed_port() {
  Scenario s = small_talk();
  s.icmp = true;
  s.hosts[1] = {.name = "bob", .role = "peer"};
  return s;
}

// PROTOCOL D6
TEST(Icmp, comes_from_a_closed_port_only_if_the_network_speaks_it) {
  Scenario s = closed_port();
  const std::vector<IcmpError> errors = told(s, "alice");
  ASSERT_GT(errors.size(), 10u);
  EXPECT_EQ(errors[0].type, 3);
  EXPECT_EQ(errors[0].code, 3);
  EXPECT_EQ(errors[0].remote.port, 9);
  s.icmp = false;
  EXPECT_TRUE(told(s, "alice").empty());
}

TEST(Icmp, finds_its_way_back_through_nats) {
  Scenario s = closed_port();
  s.nats = {{.name = "outer"}};
  s.hosts[0].nat = NatSpec{.behind = "outer"};
  s.links[0].a = "outer";
  const std::vector<IcmpError> errors = told(s, "alice");
  ASSERT_GT(errors.size(), 10u);
  EXPECT_EQ(errors[0].local.ip, IpAddress::v4({10, 0, 0, 2}));
}

TEST(Icmp, does_not_pass_a_partition) {
  Scenario s = closed_port();
  s.faults = {fault({}, minutes(1), Block{"bob", "alice"})};
  EXPECT_TRUE(told(s, "alice").empty());
}

TEST(Icmp, takes_what_is_usual_on_its_way_back) {
  const auto way_back = [](const Scenario& s) {
    World world = world_of(s);
    std::optional<Instant> refused;
    while (world.next_time() <= Instant::at(world.plan().duration)) {
      const Step& step = world.step();
      if (step.dropped == DropReason::no_socket && !refused) refused = step.time;
      if (step.kind == StepKind::icmp) return step.time - *refused;
    }
    return Duration{};
  };
  Scenario s = closed_port();
  s.hosts[0].settings.entries.push_back(number("copies", 1));
  s.links[0].back.percentiles = {{50, milliseconds(30)}, {100, milliseconds(90)}};
  EXPECT_EQ(way_back(s), Duration(milliseconds(30)));
  s.faults = {fault({}, minutes(1),
                    Degrade{"alice", "bob", {.latency = Range<Duration>(milliseconds(200))}})};
  EXPECT_EQ(way_back(s), Duration(milliseconds(200)));
}

/// Sends a kilobyte that nobody may fragment, every 100 ms.
class Kilobyte {
 public:
  using Event = Notice;
  explicit Kilobyte(const RoleContext& context) {
    transmits_.open({0, {context.self.addresses.front(), 1}});
    to_ = {context.hosts.back().addresses.front(), 9};
  }
  void handle_input(const Input& input, Instant now) {
    if (std::holds_alternative<SocketOpened>(input)) next_ = now + milliseconds(100);
    if (const auto* opened = std::get_if<SocketOpened>(&input)) local_ = opened->local;
  }
  void handle_timeout(Instant now) {
    if (now < next_) return;
    next_ += milliseconds(100);
    const std::vector<std::uint8_t> bytes(1'000);
    transmits_.send({.local = local_, .remote = to_, .dont_fragment = true}, bytes);
  }
  std::optional<Transmit> poll_transmit(MutableBytes buffer) { return transmits_.poll(buffer); }
  std::optional<Notice> poll_event() { return {}; }
  std::optional<Timeout> poll_timeout() const { return Timeout{next_, "next"}; }
  bool operator==(const Kilobyte&) const = default;

 private:
  Endpoint local_;
  Endpoint to_;
  Instant next_ = Instant::never();
  TransmitQueue transmits_;
};

TEST(Icmp, tells_the_mtu_that_a_degraded_link_has) {
  RoleRegistry roles;
  roles.add({.name = "kilobyte", .make = [](const auto& c) { return AnyMachine(Kilobyte(c)); }});
  Scenario s{.duration = Duration(seconds(2)),
             .icmp = true,
             .hosts = {{.name = "alice", .role = "kilobyte"}, {.name = "bob", .role = "kilobyte"}},
             .links = {link("alice", "bob", {.mtu = Range<std::int64_t>(900)})}};
  s.faults = {
      fault(seconds(1), seconds(1), Degrade{"alice", "bob", {.mtu = Range<std::int64_t>(500)}})};
  World world(*make_plan(s, 1, roles), {});
  std::set<std::uint32_t> told;
  while (world.next_time() <= at(2'000)) {
    const Step& step = world.step();
    if (step.kind != StepKind::icmp) continue;
    told.insert(step.icmp.data);
    EXPECT_EQ(step.icmp.data, step.time < at(1'010) ? 900u : 500u);
  }
  EXPECT_EQ(told.size(), 2u);
}

// --- when --------------------------------------------------------------------------------------

std::vector<Instant> begins(const Scenario& s, std::uint64_t seed = 1) {
  World world = world_of(s, seed);
  std::vector<Instant> result;
  while (world.next_time() <= Instant::at(world.plan().duration)) {
    const Step& step = world.step();
    if (step.kind == StepKind::fault && step.fault_begins) result.push_back(step.time);
  }
  return result;
}

TEST(FaultTime, comes_again_and_again) {
  Scenario s = small_talk();
  s.faults = {fault(milliseconds(300), milliseconds(100), Partition{"alice", "bob"})};
  s.faults[0].every = Range<Duration>(milliseconds(500));
  EXPECT_EQ(begins(s), (std::vector{at(300), at(800), at(1'300), at(1'800)}));
  const Record r = record(s);
  for (const Record::Sending& sent : r.sendings) {
    const std::int64_t into = (sent.at - at(300)).count() % 500'000'000;
    const bool is_cut = sent.at >= at(300) && into < 100'000'000;
    EXPECT_EQ(sent.fate.dropped == DropReason::partition, is_cut) << sent.id;
  }
}

TEST(FaultTime, counts_from_an_event_as_well_as_from_the_clock) {
  Scenario s = small_talk();
  s.faults = {fault({}, milliseconds(100), Reboot{"bob"}),
              fault({}, milliseconds(50), Partition{"alice", "bob"})};
  s.faults[0].at = Range<Duration>(milliseconds(400));
  s.faults[1].at.reset();
  s.faults[1].after = After{milliseconds(70), {"bob restarts", {}}};
  EXPECT_EQ(begins(s), (std::vector{at(400), at(570)}));
}

TEST(FaultTime, never_comes_after_what_does_not_happen) {
  Scenario s = small_talk();
  s.faults = {fault({}, milliseconds(50), Partition{"alice", "bob"})};
  s.faults[0].at.reset();
  s.faults[0].after = After{{}, {"bob restarts", {}}};
  EXPECT_TRUE(begins(s).empty());
}

// A swarm: each seed leaves some kinds out, and which is nobody else's draw.
TEST(FaultTime, leaves_a_fault_out_as_often_as_it_says) {
  Scenario s = small_talk();
  s.faults = {fault(milliseconds(300), milliseconds(100), Partition{"alice", "bob"}),
              fault(milliseconds(600), milliseconds(100), Block{"alice", "bob"})};
  s.faults[0].sometimes = Range<Ratio>(Ratio(1, 4));
  int with = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const auto plan = planned(s, seed);
    with += plan->faults[0].present ? 1 : 0;
    EXPECT_TRUE(plan->faults[1].present);
  }
  EXPECT_NEAR(with, 100, 30);
  s.faults[0].sometimes = Range<Ratio>(Ratio(0, 1));
  EXPECT_EQ(begins(s), std::vector{at(600)});
  s.faults[0].sometimes = Range<Ratio>(Ratio(1, 1));
  EXPECT_EQ(begins(s).size(), 2u);
}

}  // namespace
}  // namespace tickover::sim
