// What must hold in every world, whatever happens in it (DESIGN, section 5).
#include <gtest/gtest.h>
// RapidCheck's bridge needs gtest first.
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "properties/world/invented_talk.h"
#include "properties/world/small_world.h"
#include "sim/search/choices.h"

namespace tickover::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

Scenario any_talk() {
  RecordedChoices choices(*rc::gen::container<std::vector<std::uint64_t>>(
      120, rc::gen::inRange<std::uint64_t>(0, 10'000)));
  return invented_talk(choices);
}

std::uint64_t any_seed() {
  return *rc::gen::arbitrary<std::uint64_t>();
}

// --- determinism -------------------------------------------------------------------------------

// BUG E07; BUGS P21
RC_GTEST_PROP(World, runs_alike_from_the_same_seed_whatever_ran_before, ()) {
  const Scenario scenario = any_talk();
  const std::uint64_t seed = any_seed();
  const std::uint64_t before = digest_of(scenario, seed);
  digest_of(any_talk(), any_seed());
  RC_ASSERT(digest_of(scenario, seed) == before);
}

// AMBITION: fork, shrink and time travel stand on this.
RC_GTEST_PROP(World, forks_into_worlds_that_end_alike, ()) {
  World original = world_of(any_talk(), any_seed());
  const auto steps = *rc::gen::inRange(0, 400);
  for (int i = 0; i < steps && original.next_time() != Instant::never(); ++i) original.step();
  World fork = original;
  RC_ASSERT(fork.same_state(original));
  run(original);
  RC_ASSERT(fork.steps() <= original.steps());
  run(fork);
  RC_ASSERT(fork.digest() == original.digest());
  RC_ASSERT(fork.same_state(original));
}

RC_GTEST_PROP(World, forks_into_worlds_that_keep_step, ()) {
  World original = world_of(any_talk(), any_seed());
  run_until(original, Instant::at(ms(*rc::gen::inRange<std::uint64_t>(0, 1'000))));
  World fork = original;
  for (int i = 0; i < 200 && original.next_time() != Instant::never(); ++i) {
    RC_ASSERT(fork.next_time() == original.next_time());
    original.step();
    fork.step();
    RC_ASSERT(fork.digest() == original.digest());
    RC_ASSERT(fork.same_state(original));
  }
}

RC_GTEST_PROP(World, is_another_one_after_one_more_step, ()) {
  World original = world_of(any_talk(), any_seed());
  run_until(original, Instant::at(ms(*rc::gen::inRange<std::uint64_t>(0, 1'000))));
  const World before = original;
  original.step();
  RC_ASSERT(!before.same_state(original));
  RC_ASSERT(before.digest() != original.digest());
}

// BUG E17(a), E17(d)
TEST(World, runs_otherwise_from_another_seed) {
  SeededChoices choices(3);
  Scenario scenario = small_talk({.jitter = Range<Duration>({}, milliseconds(5))});
  std::set<std::uint64_t> digests;
  for (std::uint64_t seed = 0; seed < 200; ++seed) digests.insert(digest_of(scenario, seed));
  EXPECT_EQ(digests.size(), 200u);
}

// --- keyed randomness --------------------------------------------------------------------------

void assert_same_fates_in_both(const std::map<std::string, Fate>& a,
                               const std::map<std::string, Fate>& b, std::size_t at_least) {
  std::size_t both = 0;
  for (const auto& [id, fate] : a) {
    const auto other = b.find(id);
    if (other == b.end()) continue;
    ++both;
    if (other->second != fate) RC_FAIL("another fate for " + id);
  }
  RC_ASSERT(both >= at_least);
}

// BUG E07; BUGS P24
RC_GTEST_PROP(World, gives_every_packet_its_fate_whoever_else_is_there, ()) {
  RecordedChoices choices(*rc::gen::container<std::vector<std::uint64_t>>(
      150, rc::gen::inRange<std::uint64_t>(0, 10'000)));
  const Scenario scenario = invented_talk(choices);
  Scenario crowded = scenario;
  // In front of the others, so that every index moves.
  crowded.hosts.insert(crowded.hosts.begin(), {talker("dave", "erin"), echo("erin")});
  crowded.links.insert(crowded.links.begin(), link("dave", "erin", invented_weather(choices)));
  crowded.faults.insert(crowded.faults.begin(), fault({}, seconds(1), Partition{"dave", "erin"}));
  const std::uint64_t seed = any_seed();
  const auto fates = record(scenario, seed).fates();
  assert_same_fates_in_both(fates, record(crowded, seed).fates(), fates.size());
}

// BUGS P24
RC_GTEST_PROP(World, gives_every_other_packet_its_fate_when_a_fault_takes_one, ()) {
  RecordedChoices choices(*rc::gen::container<std::vector<std::uint64_t>>(
      20, rc::gen::inRange<std::uint64_t>(0, 10'000)));
  const Scenario scenario = small_talk(invented_conditions(choices));
  const auto n = *rc::gen::inRange<std::int64_t>(1, 15);
  Scenario faulty = scenario;
  faulty.faults = {{.action = Drop{{"alice", "bob", "question", Range<std::int64_t>(n), {}}}}};
  const std::uint64_t seed = any_seed();
  auto fates = record(faulty, seed).fates();
  std::erase_if(fates, [](const auto& f) { return f.second.dropped == DropReason::fault; });
  assert_same_fates_in_both(fates, record(scenario, seed).fates(), 15);
}

// --- the digest notices ------------------------------------------------------------------------

RC_GTEST_PROP(World, has_another_digest_after_the_least_of_changes, ()) {
  const auto latency = *rc::gen::inRange<std::int64_t>(0, 50'000'000);
  const Scenario scenario = small_talk({.latency = Range<Duration>(nanoseconds(latency))});
  std::set<std::uint64_t> digests = {digest_of(scenario)};
  const auto is_new = [&](const Scenario& s) { return digests.insert(digest_of(s)).second; };

  Scenario later = scenario;
  later.links[0].both.latency = Range<Duration>(nanoseconds(latency + 1));
  RC_ASSERT(is_new(later));

  Scenario salted = scenario;
  const auto bit = *rc::gen::inRange(0, 62);
  salted.hosts[0].settings.entries.push_back(number("salt", std::int64_t{1} << bit));
  RC_ASSERT(is_new(salted));

  const auto n = *rc::gen::inRange<std::int64_t>(1, 19);
  const PacketMatch one{"alice", "bob", "question", Range<std::int64_t>(n), {}};
  const FaultAction verdicts[] = {Drop{one}, Delay{one, Duration(nanoseconds(1))},
                                  Duplicate{one, Duration{}}, Corrupt{one}};
  for (const FaultAction& verdict : verdicts) {
    Scenario judged = scenario;
    judged.faults = {{.action = verdict}};
    RC_ASSERT(is_new(judged));
  }
}

TEST(World, has_another_digest_as_soon_as_a_verdict_differs) {
  const PacketMatch all{.from = "alice", .to = "bob"};
  std::vector<Scenario> scenarios(6, small_talk());
  scenarios[1].links[0].both.latency = Range<Duration>(Duration(nanoseconds(10'000'001)));
  scenarios[2].faults = {{.action = Drop{all}}};
  scenarios[3].faults = {{.action = Corrupt{all}}};
  scenarios[4].faults = {{.action = Duplicate{all, Duration{}}}};
  scenarios[5].faults = {{.action = Duplicate{all, Duration(nanoseconds(1))}}};
  // A fault's own begin is no difference here: all have one that never matches.
  PacketMatch none = all;
  none.message = "nothing";
  for (Scenario& s : scenarios) {
    if (s.faults.empty()) s.faults = {{.action = Drop{none}}};
  }
  std::set<std::uint64_t> digests;
  for (const Scenario& s : scenarios) {
    World world = world_of(s);
    run_until(world, Instant::at(milliseconds(100)));
    EXPECT_EQ(world.counts().sent, 1u);
    EXPECT_EQ(world.counts().delivered, 0u);
    digests.insert(world.digest());
  }
  EXPECT_EQ(digests.size(), scenarios.size());
}

// --- order -------------------------------------------------------------------------------------

Scenario crowd() {
  Scenario s{.duration = Duration(milliseconds(150)), .hosts = {echo("bob")}};
  for (const char* name : {"a", "b", "c", "d"}) {
    s.hosts.push_back(talker(name, "bob"));
    s.links.push_back(link(name, "bob"));
  }
  return s;
}

std::vector<std::string> order_of_arrivals(std::uint64_t seed, const std::string& at) {
  std::vector<std::string> order;
  for (const Record::Arrival& a : record(crowd(), seed).arrivals) {
    if (a.host == at) order.push_back(a.id.substr(0, 1));
  }
  return order;
}

TEST(World, orders_simultaneous_deliveries_by_its_seed_and_nothing_else) {
  std::set<std::vector<std::string>> orders;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const auto order = order_of_arrivals(seed, "bob");
    ASSERT_EQ(order.size(), 4u);
    EXPECT_EQ(order_of_arrivals(seed, "bob"), order);
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 24u);  // every one of 4!
}

TEST(World, orders_simultaneous_timers_by_its_seed) {
  std::set<std::string> orders;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    std::string order;
    for (const Record::Sending& s : record(crowd(), seed).sendings) {
      if (s.host != "bob") order += s.host;
    }
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 24u);
}

// --- conservation and time ---------------------------------------------------------------------

// BUG E03(b); BUGS P22
RC_GTEST_PROP(World, loses_count_of_no_datagram, ()) {
  World world = world_of(any_talk(), any_seed());
  Instant before;
  while (world.next_time() <= Instant::at(world.plan().duration)) {
    const Step& step = world.step();
    RC_ASSERT(step.time >= before);
    before = step.time;
    const DatagramCounts& c = world.counts();
    RC_ASSERT(c.sent + c.duplicated + c.forged + c.overheard ==
              c.delivered + c.dropped + c.in_flight);
  }
}

// BUG E03(a); BUGS P22
RC_GTEST_PROP(World, delivers_at_the_instant_that_was_decided_and_never_unasked, ()) {
  const Record r = record(any_talk(), any_seed());
  std::map<std::string, Record::Sending> sent;
  for (const Record::Sending& s : r.sendings) {
    if (!s.id.empty()) sent.emplace(s.id, s);
  }
  std::map<std::string, int> arrived;
  for (const Record::Arrival& a : r.arrivals) {
    if (a.id.empty()) continue;
    const Record::Sending& s = sent.at(a.id);
    RC_ASSERT(a.sent == s.at);
    const auto& delays = s.fate.delay;
    RC_ASSERT(std::count(delays, delays + s.fate.copies, a.at - s.at) > 0);
    RC_ASSERT(++arrived[a.id] <= s.fate.copies);
    RC_ASSERT((a.bytes == s.bytes) == !s.fate.is_bent());
  }
  const Instant end = Instant::at(seconds(2));
  for (const auto& [id, s] : sent) {
    int due = 0;
    for (int i = 0; i < s.fate.copies; ++i) due += s.at + s.fate.delay[i] <= end ? 1 : 0;
    RC_ASSERT(arrived[id] == due);
  }
}

// --- drivers and clocks ------------------------------------------------------------------------

std::uint64_t trace_of(Scenario scenario, const DriverSpec& driver, std::uint64_t seed) {
  for (HostSpec& host : scenario.hosts) host.driver = driver;
  World world = world_of(scenario, seed);
  run(world);
  return world.trace_digest();
}

// BUGS G18, P2
RC_GTEST_PROP(Driver, leaves_the_same_trace_lazy_or_ticking, ()) {
  const Scenario scenario = any_talk();
  const std::uint64_t seed = any_seed();
  const std::uint64_t lazy = trace_of(scenario, {}, seed);
  const auto every = *rc::gen::element<std::int64_t>(1'000'000, 7'000'001, 30'000'000, 100'000'000);
  RC_ASSERT(trace_of(scenario, {DriverKind::ticking, Duration(nanoseconds(every))}, seed) == lazy);
}

// BUGS G18, P2
RC_GTEST_PROP(Driver, oversleeps_by_no_more_than_it_may, ()) {
  const Duration most = ms(*rc::gen::inRange<std::uint64_t>(0, 29));
  Scenario scenario = small_talk();
  scenario.hosts[0].driver = {DriverKind::oversleeping, most};
  scenario.hosts[0].clock.drift_ppm = *rc::gen::inRange<std::int64_t>(-200, 201);
  World world = world_of(scenario, any_seed());
  Duration longest;
  while (world.next_time() <= Instant::at(world.plan().duration)) {
    const Step& step = world.step();
    if (step.kind != StepKind::timer) continue;
    RC_ASSERT(step.woken_for.has_value());
    const Duration late = step.time - world.plan().hosts[0].clock.when(step.woken_for->at);
    RC_ASSERT(late >= Duration{});
    RC_ASSERT(late <= most);
    longest = std::max(longest, late);
  }
  RC_ASSERT(longest >= most / 4);
}

TEST(Driver, ticks_besides_waking_at_deadlines) {
  Scenario scenario = small_talk();
  scenario.hosts[1].driver = {DriverKind::ticking, Duration(milliseconds(30))};
  World world = world_of(scenario);
  std::vector<Instant> ticks;
  // What arrives at 110 ms does not move the grid.
  while (world.next_time() <= Instant::at(milliseconds(150))) {
    const Step& step = world.step();
    if (step.kind == StepKind::timer && step.host == 1) {
      EXPECT_FALSE(step.woken_for);
      ticks.push_back(step.time);
    }
  }
  std::vector<Instant> grid;
  for (int i = 1; i <= 5; ++i) grid.push_back(Instant::at(milliseconds(30 * i)));
  EXPECT_EQ(ticks, grid);
}

// The talker never says what time it is, so nobody else may notice either.
// BUG A13; BUGS G17, P20
RC_GTEST_PROP(Clock, can_begin_anywhere, ()) {
  const Scenario scenario = any_talk();
  const std::uint64_t seed = any_seed();
  const auto kind = *rc::gen::element(DriverKind::lazy, DriverKind::oversleeping);
  const auto digest_at = [&](Duration offset) {
    Scenario shifted = scenario;
    for (HostSpec& host : shifted.hosts) {
      host.clock.offset = Range<Duration>(offset);
      host.driver = {kind, Duration(milliseconds(20))};
    }
    return digest_of(shifted, seed);
  };
  const std::uint64_t at_zero = digest_at({});
  RC_ASSERT(digest_at(milliseconds(std::int64_t{1} << 31)) == at_zero);
  RC_ASSERT(digest_at(milliseconds((std::int64_t{1} << 32) - 1)) == at_zero);
  RC_ASSERT(digest_at(std::chrono::hours(24 * 365 * 100)) == at_zero);
}

}  // namespace
}  // namespace tickover::sim
