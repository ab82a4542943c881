// From scenario to plan: draws that nothing else moves, and errors that name the thing.
#include <gtest/gtest.h>

#include <set>

#include "properties/world/small_world.h"

namespace tickover::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

Range<Duration> up_to(Duration high) {
  return {Duration{}, high};
}

const HostPlan& host(const Plan& plan, const char* name) {
  return plan.hosts[*plan.host_named(name)];
}

/// Everything that is drawn, as ranges.
Scenario ranges() {
  Scenario s = small_talk({.latency = up_to(seconds(1)), .loss = Range<Ratio>({0, 1}, {1, 1})});
  s.duration = {seconds(100), seconds(200)};
  s.hosts[0].start = up_to(seconds(10));
  s.hosts[0].clock = {.offset = up_to(seconds(10)), .wall_offset = up_to(seconds(10))};
  s.hosts[0].nat = NatSpec{.timeout = {seconds(30), seconds(120)}};
  s.hosts[0].settings.entries.push_back({"every", up_to(seconds(10)), {}});
  s.traffic = {{.from = "bob", .to = "alice", .every = {milliseconds(1), seconds(1)}}};
  s.faults = {{.at = up_to(seconds(100)), .action = Partition{"alice", "bob"}}};
  return s;
}

void expect_same_draws(const Plan& a, const Plan& b) {
  EXPECT_EQ(a.duration, b.duration);
  EXPECT_EQ(host(a, "alice").start, host(b, "alice").start);
  EXPECT_EQ(host(a, "alice").clock, host(b, "alice").clock);
  EXPECT_EQ(host(a, "alice").settings, host(b, "alice").settings);
  EXPECT_EQ(a.nats[*host(a, "alice").behind].timeout, b.nats[*host(b, "alice").behind].timeout);
  const auto conditions = [](const Plan& plan) {
    return plan
        .directions[plan.direction(plan.node_of_nat(*host(plan, "alice").behind),
                                   *plan.host_named("bob"))]
        .conditions;
  };
  EXPECT_EQ(conditions(a), conditions(b));
  EXPECT_EQ(a.flows.back().every, b.flows.back().every);
  EXPECT_EQ(a.faults.back().begin, b.faults.back().begin);
}

TEST(Draws, depend_on_the_seed_and_their_own_name_alone) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Scenario s = ranges();
    Scenario more = s;
    more.hosts.insert(more.hosts.begin(), talker("aaron", "bob"));
    more.hosts.front().start = up_to(seconds(10));
    more.links.insert(more.links.begin(), link("aaron", "bob", {.latency = up_to(seconds(1))}));
    more.traffic.insert(more.traffic.begin(),
                        {.from = "bob", .to = "aaron", .every = {milliseconds(1), seconds(1)}});
    more.faults.insert(more.faults.begin(),
                       {.at = up_to(seconds(100)), .action = Partition{"aaron", "bob"}});
    more.hosts.back().settings.entries.push_back({"nothing", up_to(seconds(10)), {}});
    expect_same_draws(*planned(s, seed), *planned(more, seed));
  }
}

TEST(Draws, of_one_name_do_not_follow_those_of_another) {
  std::set<Duration> starts;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Scenario s = ranges();
    s.hosts.push_back(echo("rob"));
    for (HostSpec& spec : s.hosts) spec.start = up_to(seconds(10));
    const auto plan = planned(s, seed);
    for (const char* name : {"alice", "bob", "rob"}) starts.insert(host(*plan, name).start);
  }
  EXPECT_EQ(starts.size(), 300u);
}

TEST(Draws, reach_both_ends_of_a_range) {
  Scenario s = ranges();
  s.hosts[0].start = {nanoseconds(3), nanoseconds(6)};
  std::set<std::int64_t> seen;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    seen.insert(host(*planned(s, seed), "alice").start.count());
  }
  EXPECT_EQ(seen, (std::set<std::int64_t>{3, 4, 5, 6}));
}

TEST(Draws, of_a_fault_do_not_move_when_another_one_goes) {
  const PacketMatch first{"alice", "bob", "question", Range<std::int64_t>(1), {}};
  const PacketMatch second{"alice", "bob", "question", Range<std::int64_t>(2), {}};
  Scenario s = ranges();
  s.faults = {{.at = up_to(seconds(100)), .action = Drop{first}},
              {.at = up_to(seconds(100)), .action = Drop{second}}};
  const auto both = planned(s);
  s.faults.erase(s.faults.begin());
  EXPECT_EQ(planned(s)->faults[0].begin, both->faults[1].begin);
}

TEST(Draws, of_a_degraded_link_are_made_once_for_both_directions) {
  Scenario s = small_talk();
  s.faults = {{.action = Degrade{"alice", "bob", {.latency = up_to(seconds(100))}}}};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto plan = planned(s, seed);
    ASSERT_EQ(plan->faults[0].conditions.size(), 2u);
    EXPECT_EQ(plan->faults[0].conditions[0], plan->faults[0].conditions[1]);
  }
}

// --- groups, wild cards, conditions ------------------------------------------------------------

TEST(Plan, counts_hosts_and_addresses_of_a_group_on) {
  Scenario s = small_talk();
  s.hosts[0].count = 3;
  s.hosts[0].addresses = {*IpAddress::parse("192.0.2.7")};
  const auto plan = planned(s);
  EXPECT_EQ(plan->hosts_named("alice").size(), 3u);
  EXPECT_EQ(host(*plan, "alice-3").info.addresses.front().text(), "192.0.2.9");
  EXPECT_NE(plan->direction(*plan->host_named("alice-3"), *plan->host_named("bob")), no_index);
}

TEST(Plan, prefers_a_link_by_name_to_one_by_wild_card) {
  Scenario s = small_talk();
  s.hosts.push_back(talker("carol", "bob"));
  s.links = {link("*", "bob", {.latency = Range<Duration>(seconds(9))}),
             link("alice", "bob", {.latency = Range<Duration>(seconds(1))})};
  const auto plan = planned(s);
  const auto latency = [&](const char* from, const char* to) {
    return plan->directions[plan->direction(*plan->host_named(from), *plan->host_named(to))]
        .conditions.latency;
  };
  EXPECT_EQ(latency("alice", "bob"), Duration(seconds(1)));
  EXPECT_EQ(latency("bob", "carol"), Duration(seconds(9)));
}

TEST(Plan, prefers_a_link_by_name_to_one_by_group_wherever_they_stand) {
  Scenario s = small_talk();
  s.hosts[0].count = 3;
  s.links = {link("*", "bob", {.latency = Range<Duration>(seconds(9))}),
             link("alice", "bob", {.latency = Range<Duration>(seconds(5))}),
             link("alice-2", "bob", {.latency = Range<Duration>(seconds(1))})};
  const auto plan = planned(s);
  const auto latency = [&](const char* from) {
    return plan->directions[plan->direction(*plan->host_named(from), *plan->host_named("bob"))]
        .conditions.latency;
  };
  EXPECT_EQ(latency("alice-1"), Duration(seconds(5)));
  EXPECT_EQ(latency("alice-2"), Duration(seconds(1)));
}

// BUGS E15
TEST(Plan, takes_a_latency_of_one_direction_instead_of_the_trace_of_both) {
  const TraceSpec trace{.values = {Duration(milliseconds(10)), std::nullopt}};
  Scenario s = small_talk({.trace = trace});
  s.links[0].there.latency = Range<Duration>(milliseconds(40));
  s.faults = {{.action = Degrade{
                   "alice", "bob", {.percentiles = {{50, milliseconds(20)}, {100, seconds(1)}}}}}};
  const auto plan = planned(s);
  EXPECT_TRUE(plan->directions[0].conditions.trace.values.empty());
  EXPECT_EQ(plan->directions[0].conditions.latency, Duration(milliseconds(40)));
  EXPECT_EQ(plan->directions[1].conditions.trace.values, trace.values);
  for (const Conditions& c : plan->faults[0].conditions) EXPECT_TRUE(c.trace.values.empty());
}

TEST(Plan, lets_each_direction_of_a_link_differ) {
  Scenario s = small_talk({.latency = Range<Duration>(seconds(1))});
  s.links[0].back = {.latency = Range<Duration>(seconds(2))};
  const auto plan = planned(s);
  EXPECT_EQ(plan->directions[0].conditions.latency, Duration(seconds(1)));
  EXPECT_EQ(plan->directions[1].conditions.latency, Duration(seconds(2)));
  EXPECT_EQ(plan->longest_round_trip(), Duration(seconds(3)));
}

TEST(Plan, of_a_thousand_hosts_with_all_their_links_is_made_at_once) {
  Scenario s{.hosts = {{.name = "crowd", .role = "echo", .count = 500}}, .links = {link("*", "*")}};
  EXPECT_EQ(planned(s)->directions.size(), 500u * 499u);
}

// --- errors ------------------------------------------------------------------------------------

template <class Change>
std::string error_after(Change change) {
  Scenario s = small_talk();
  change(s);
  return plan_error(s);
}

TEST(PlanErrors, are_none_for_a_sound_scenario) {
  EXPECT_EQ(error_after([](Scenario&) {}), "");
  EXPECT_EQ(plan_error(ranges()), "");
}

TEST(PlanErrors, name_what_is_unknown) {
  EXPECT_EQ(error_after([](Scenario& s) { s.hosts[1].role = "ekko"; }),
            "host \"bob\" has the unknown role \"ekko\"");
  EXPECT_EQ(error_after([](Scenario& s) { s.links[0].b = "bop"; }),
            "no host or NAT is called \"bop\"");
  EXPECT_EQ(error_after([](Scenario& s) { s.hosts[0].behind = "home"; }),
            "host \"alice\" is behind \"home\", which is not a [[nat]]");
  EXPECT_EQ(error_after([](Scenario& s) { s.hosts[0].nat = NatSpec{.behind = "isp"}; }),
            "the NAT of host \"alice\" is behind \"isp\", which is not a [[nat]]");
  EXPECT_EQ(error_after([](Scenario& s) { s.nats = {{.name = "home", .behind = "isp"}}; }),
            "NAT \"home\" is behind \"isp\", which is not a [[nat]]");
  EXPECT_EQ(error_after([](Scenario& s) { s.traffic = {{.from = "alice", .to = "eve"}}; }),
            "no host is called \"eve\"");
  EXPECT_EQ(error_after([](Scenario& s) { s.faults = {{.action = Reboot{"eve"}}}; }),
            "no host is called \"eve\"");
  EXPECT_EQ(error_after([](Scenario& s) { s.faults = {{.action = NatReset{"alice"}}}; }),
            "no NAT is called \"alice\", and no host of that name has one");
  EXPECT_EQ(error_after([](Scenario& s) {
              s.hosts.push_back(echo("carol"));
              s.faults = {{.action = Partition{"alice", "carol"}}};
            }),
            "no link leads from \"alice\" to \"carol\"");
}

TEST(PlanErrors, name_what_there_is_twice) {
  EXPECT_EQ(error_after([](Scenario& s) { s.hosts.push_back(s.hosts[1]); }),
            "two hosts are called \"bob\"");
  EXPECT_EQ(error_after([](Scenario& s) { s.nats = {{.name = "home"}, {.name = "home"}}; }),
            "two NATs are called \"home\"");
  EXPECT_EQ(error_after([](Scenario& s) { s.nats = {{.name = "bob"}}; }),
            "a host and a NAT are both called \"bob\"");
  EXPECT_EQ(error_after([](Scenario& s) { s.links.push_back(link("bob", "alice")); }),
            "two links are between \"bob\" and \"alice\"");
  EXPECT_EQ(error_after([](Scenario& s) {
              for (HostSpec& h : s.hosts) h.addresses = {*IpAddress::parse("192.0.2.1")};
            }),
            "\"alice\" and \"bob\" both have the address 192.0.2.1");
}

TEST(Plan, gives_nobody_an_address_that_another_one_has_written) {
  Scenario s = small_talk();
  s.nats = {{.name = "home"}};
  for (HostSpec& host : s.hosts) host.addresses.clear();
  s.hosts.push_back(talker("third", "bob"));
  s.hosts.back().addresses = {*IpAddress::parse("198.18.0.2")};
  s.hosts.back().count = 2;
  const auto plan = planned(s);
  EXPECT_EQ(plan->nats.front().addresses.front().text(), "198.18.0.1");
  EXPECT_EQ(host(*plan, "alice").info.addresses.front().text(), "198.18.0.4");
  EXPECT_EQ(host(*plan, "bob").info.addresses.front().text(), "198.18.0.5");
  // What is written behind a NAT is nothing to the public network.
  s.hosts.back().behind = "home";
  EXPECT_EQ(host(*planned(s), "alice").info.addresses.front().text(), "198.18.0.2");
  s.hosts.back().addresses = {*IpAddress::parse("10.0.0.2")};
  s.hosts[0].behind = "home";
  s.links = {link("home", "bob")};
  EXPECT_EQ(host(*planned(s), "alice").info.addresses.front().text(), "10.0.0.4");
}

TEST(PlanErrors, allow_one_address_in_two_realms) {
  EXPECT_EQ(error_after([](Scenario& s) {
              s.hosts[0].addresses = s.hosts[1].addresses = {*IpAddress::parse("10.0.0.2")};
              s.hosts[0].nat = NatSpec{};
            }),
            "");
}

TEST(PlanErrors, refuse_a_link_into_a_nat_and_nats_in_a_circle) {
  EXPECT_EQ(error_after([](Scenario& s) {
              s.nats = {{.name = "home"}};
              s.hosts[0].behind = "home";
            }),
            "\"alice\" is behind the NAT \"home\": the link must end there, so write \"home\" "
            "instead of \"alice\"");
  EXPECT_EQ(error_after([](Scenario& s) {
              s.nats = {{.name = "one", .behind = "two"}, {.name = "two", .behind = "one"}};
            }),
            "NAT \"one\" is behind itself");
}

TEST(PlanErrors, refuse_numbers_that_make_no_sense) {
  EXPECT_EQ(error_after([](Scenario& s) { s.hosts.clear(); }),
            "a scenario needs at least one [[host]]");
  EXPECT_EQ(error_after([](Scenario& s) { s.hosts[0].count = 0; }), "count must be 1..100000");
  const std::string traffic = "traffic needs every > 0 and a size of 16..60000 bytes";
  EXPECT_EQ(error_after([](Scenario& s) {
              s.traffic = {{.from = "alice", .to = "bob", .every = Duration{}}};
            }),
            traffic);
  EXPECT_EQ(error_after([](Scenario& s) {
              s.traffic = {{.from = "alice", .to = "bob", .size = std::int64_t{15}}};
            }),
            traffic);
  EXPECT_EQ(error_after([](Scenario& s) { s.hosts[0].driver = {DriverKind::ticking, Duration{}}; }),
            "the driver of host \"alice\" needs a period above zero");
  EXPECT_EQ(error_after([](Scenario& s) { s.hosts[0].clock.drift_ppm = -1'000'000; }),
            "the clock of host \"alice\" drifts by more than 900000 ppm");
}

TEST(PlanErrors, refuse_a_run_too_short_to_judge_its_heal) {
  const auto error = [](Duration at) {
    return error_after(
        [&](Scenario& s) { s.expect.heal = HealSpec{.at = at, .within = Duration(seconds(1))}; });
  };
  EXPECT_EQ(error(seconds(1)), "");
  EXPECT_EQ(error(Duration(seconds(1)) + nanoseconds(1)),
            "the run is too short to judge the heal: it lasts 2 s and needs 3 s");
}

}  // namespace
}  // namespace tickover::sim
