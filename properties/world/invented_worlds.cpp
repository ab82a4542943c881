// TURN in worlds that nobody wrote: whatever is invented, every oracle holds.
#include <gtest/gtest.h>
// RapidCheck's bridge needs gtest first.
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "properties/paths.h"
#include "sim/oracles/oracles.h"
#include "sim/program/crash_note.h"
#include "sim/program/keep_failure.h"
#include "sim/scenario/printer.h"
#include "sim/scenario/reader.h"
#include "sim/search/invent.h"

namespace tickover::sim {
namespace {

const RoleRegistry& roles() {
  static const RoleRegistry registry = RoleRegistry::built_in();
  return registry;
}

/// Choices over their whole range at once: RapidCheck would begin with small numbers only.
Scenario any_world() {
  const auto words = rc::gen::container<std::vector<std::uint64_t>>(
      *rc::gen::inRange<std::size_t>(0, 300), rc::gen::inRange<std::uint64_t>(0, 1'000'000));
  RecordedChoices choices(*rc::gen::resize(rc::kNominalSize, words));
  return invent(choices);
}

/// A world that fails ends as in a sweep: small, as a file beside the tests, with its replay line.
/// Empty if it held.
std::string verdict(const Scenario& scenario, std::uint64_t seed) {
  install_crash_notes();
  return run_and_keep(scenario, seed,
                      {.program = TICKOVER_PROGRAM, .folder = "runs", .name = "invented"}, roles());
}

RC_GTEST_PROP(InventedWorld, breaks_no_oracle, ()) {
  // RapidCheck does not shrink: a scenario knows better what can go.
  const Scenario scenario = *rc::gen::noShrink(rc::gen::exec(any_world));
  const auto seed = *rc::gen::noShrink(rc::gen::inRange<std::uint64_t>(0, 1'000'000));
  const std::string failure = verdict(scenario, seed);
  if (!failure.empty()) RC_FAIL(failure);
}

TEST(InventedWorld, breaks_no_oracle_in_a_swarm) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SeededChoices choices(seed);
    const std::string failure = verdict(invent(choices), seed);
    if (!failure.empty()) FAIL() << failure;
  }
}

RC_GTEST_PROP(InventedWorld, can_be_written_down_and_read_back, ()) {
  const Scenario scenario = any_world();
  const std::string text = print(scenario);
  const auto read = read_scenario_text(text, "invented", roles());
  if (!read) RC_FAIL(read.error().front().what + "\n" + text);
  RC_ASSERT(*read == scenario);
}

// A world in which a correct client may fail is no world: a Refresh that traffic puts off must not
// be refused at the heal's deadline, and no flap may take the answer to an Allocate, whose
// allocation would be the client's once more when the flap is over.
TEST(InventedWorld, asks_nothing_of_a_client_that_it_cannot_know) {
  int flaps = 0;
  int cues = 0;
  for (std::uint64_t seed = 0; seed < 3'000; ++seed) {
    SeededChoices choices(seed);
    const Scenario s = invent(choices);
    for (const FaultSpec& fault : s.faults) {
      const auto* flap = std::get_if<NatFlap>(&fault.action);
      if (flap == nullptr) continue;
      ++flaps;
      ASSERT_TRUE(fault.after) << seed;
      EXPECT_EQ(fault.after->sentence.text, flap->nat + " gets an allocation");
      EXPECT_GE(fault.after->delay, Duration(std::chrono::seconds(5)));
      EXPECT_FALSE(fault.every);
    }
    for (const HostSpec& host : s.hosts) {
      const Setting* const entry = host.settings.find("answers");
      if (entry == nullptr) continue;
      const auto& answers = std::get<std::vector<std::string>>(entry->value);
      const bool is_late = std::ranges::find(answers, "Refresh 2: 437") != answers.end();
      cues += is_late ? 1 : 0;
      EXPECT_FALSE(answers.empty() || (is_late && !s.traffic.empty())) << seed;
    }
  }
  EXPECT_GT(flaps, 15);
  EXPECT_GT(cues, 15);
}

// What a shrinker ends with must be worth reading.
TEST(InventedWorld, is_as_small_as_can_be_without_choices) {
  RecordedChoices nothing({});
  const Scenario s = invent(nothing);
  EXPECT_EQ(s.hosts.size(), 3u);
  EXPECT_EQ(s.links.size(), 2u);
  EXPECT_TRUE(s.faults.empty());
  EXPECT_TRUE(s.traffic.empty());
  EXPECT_TRUE(s.nats.empty());
  for (const HostSpec& host : s.hosts) {
    EXPECT_FALSE(host.nat);
    EXPECT_EQ(host.driver.kind, DriverKind::lazy);
    EXPECT_EQ(host.clock, ClockSpec{});
  }
  for (const LinkSpec& link : s.links) EXPECT_FALSE(link.both.loss);
  EXPECT_EQ(verdict(s, 1), "");
}

TEST(InventedWorld, is_the_same_for_the_same_seed_and_another_for_another) {
  std::set<std::string> worlds;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SeededChoices choices(seed);
    SeededChoices again(seed);
    const Scenario s = invent(choices);
    EXPECT_EQ(invent(again), s);
    worlds.insert(print(s));
  }
  EXPECT_EQ(worlds.size(), 100u);
}

// A kind of fault that is never invented tests nothing, and a swarm leaves each out often.
// BUGS P23
TEST(InventedWorld, has_each_kind_of_fault_in_some_worlds_and_not_in_others) {
  constexpr std::uint64_t worlds = 500;
  std::map<std::size_t, int> with;
  std::map<DriverKind, int> drivers;
  std::map<std::string, int> shapes;
  int nats = 0;
  for (std::uint64_t seed = 0; seed < worlds; ++seed) {
    SeededChoices choices(seed);
    const Scenario s = invent(choices);
    std::set<std::size_t> kinds;
    for (const FaultSpec& fault : s.faults) kinds.insert(fault.action.index());
    for (const std::size_t kind : kinds) ++with[kind];
    for (const HostSpec& host : s.hosts) {
      const auto has = [&](bool v6) {
        return std::ranges::any_of(host.addresses, [&](const IpAddress& ip) {
          return (ip.family() == AddressFamily::ipv6) == v6;
        });
      };
      shapes["nested"] += host.nat && !host.nat->behind.empty() ? 1 : 0;
      shapes["NAT64"] += host.nat && host.nat->nat64 ? 1 : 0;
      shapes["herd"] += host.count > 1 ? 1 : 0;
      shapes["attacker"] += host.role == "attacker" ? 1 : 0;
      shapes["IPv6 only"] += has(true) && !has(false) ? 1 : 0;
      shapes["both families"] += has(true) && has(false) && host.role == "turn-client" ? 1 : 0;
      shapes["on cue"] += host.settings.find("answers") != nullptr ? 1 : 0;
      ++drivers[host.driver.kind];
      nats += host.nat ? 1 : 0;
    }
  }
  for (std::size_t kind = 0; kind < std::variant_size_v<FaultAction>; ++kind) {
    EXPECT_GT(with[kind], 15) << kind;
    EXPECT_LT(with[kind], 250) << kind;
  }
  EXPECT_EQ(drivers.size(), 3u);
  EXPECT_GT(nats, 100);
  for (const char* odd :
       {"nested", "NAT64", "herd", "attacker", "IPv6 only", "both families", "on cue"}) {
    EXPECT_GT(shapes[odd], 15) << odd;
    EXPECT_LT(shapes[odd], 400) << odd;
  }
}

}  // namespace
}  // namespace tickover::sim
