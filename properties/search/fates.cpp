// What befell a run's datagrams, as a list, and as a scenario that leaves nothing to dice.
#include <gtest/gtest.h>
// RapidCheck's bridge needs gtest first.
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "properties/paths.h"
#include "properties/world/small_world.h"
#include "sim/scenario/find.h"
#include "sim/scenario/printer.h"
#include "sim/scenario/reader.h"
#include "sim/search/invent.h"
#include "sim/search/spell_out.h"

namespace tickover::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const RoleRegistry& roles() {
  static const RoleRegistry registry = RoleRegistry::built_in();
  return registry;
}

/// When two datagrams of one name first fared differently, as those may that somebody replays.
class Namesakes final : public Watcher {
 public:
  void see(const Step& step, const World&) override {
    for (const SentRecord& sent : step.sent) {
      if (!sent.has_id || part_at_) continue;
      const PacketId& id = sent.id;
      const auto key = std::tuple(id.direction, id.kind, id.transaction, id.copy);
      const auto [at, is_new] = fates_.try_emplace(key, sent.fate);
      if (!(at->second == sent.fate)) part_at_ = step.number;
    }
  }
  std::optional<std::uint64_t> part_at() const { return part_at_; }  // step

 private:
  std::map<std::tuple<std::uint32_t, std::uint16_t, std::uint32_t, std::uint32_t>, Fate> fates_;
  std::optional<std::uint64_t> part_at_;
};

struct Told {
  Outcome outcome;
  std::shared_ptr<const Fates> fates;
  SpelledOut spelled;
  std::optional<std::uint64_t> namesakes_part_at;
};

Told tell(const std::shared_ptr<const Plan>& plan, const RoleRegistry& registry,
          LinkFaults faults = LinkFaults::keep) {
  FateRecorder recorder;
  Told told;
  Namesakes namesakes;
  told.outcome = run_case(plan, {}, {&recorder, &namesakes});
  told.namesakes_part_at = namesakes.part_at();
  told.fates = std::make_shared<const Fates>(recorder.take());
  told.spelled =
      spell_out(*plan, told.fates, Instant::at(told.outcome.simulated), faults, registry);
  return told;
}

/// Whether two plans run alike before that step.
bool run_alike(const std::shared_ptr<const Plan>& one, const std::shared_ptr<const Plan>& other,
               std::uint64_t end) {
  World a(one, {});
  World b(other, {});
  while (a.steps() + 1 < end && a.next_time() == b.next_time() && a.digest() == b.digest()) {
    a.step();
    b.step();
  }
  return a.steps() + 1 >= end && a.digest() == b.digest();
}

/// Empty if the run told in words is the run itself: all of it, or where there may be namesakes,
/// until a second datagram of one name fares otherwise than the first, of which the words are.
std::string difference(const Scenario& scenario, std::uint64_t seed, const RoleRegistry& registry,
                       bool may_have_namesakes = false) {
  const auto plan = make_plan(scenario, seed, registry);
  if (!plan) return "no plan: " + plan.error().what;
  const Told told = tell(*plan, registry);
  const std::string text = print(told.spelled.scenario);
  const auto read = read_scenario_text(text, "told", registry);
  if (!read) return read.error().front().text() + "\n" + text;
  if (!(*read == told.spelled.scenario)) return "reads otherwise\n" + text;
  const auto again = make_plan(*read, *read->seed, registry);
  if (!again) return "no plan when told: " + again.error().what;
  const Outcome outcome = run_case(*again);
  const bool is_same = outcome.digest == told.outcome.digest && outcome.exit == told.outcome.exit;
  const auto part_at = may_have_namesakes ? told.namesakes_part_at : std::nullopt;
  if (is_same || (part_at && run_alike(*plan, *again, *part_at))) return {};
  return "runs otherwise: " + summary(outcome) + "\n" + text;
}

RC_GTEST_PROP(SpelledOut, is_the_same_run_without_dice_in_any_invented_world, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1'000'000'000);
  SeededChoices choices(seed);
  const Scenario scenario = invent(choices);
  const std::string what = difference(scenario, seed, roles(), true);
  if (!what.empty()) RC_FAIL(what);
}

TEST(SpelledOut, is_the_same_run_without_dice_for_every_kept_scenario) {
  for (const std::string& file :
       find_scenarios({std::string(TICKOVER_SOURCE_DIR) + "/scenarios/fast"})) {
    const auto scenario = read_scenario_file(file, roles());
    ASSERT_TRUE(scenario) << file;
    EXPECT_EQ(difference(*scenario, 5, roles()), "") << file;
  }
}

/// Two datagrams may have one name, where the first is forgotten before somebody sends it again.
/// The dice, which are keyed by names, treat them alike; so does a fault, which is said once.
TEST(SpelledOut, says_of_each_name_once_what_befell_it) {
  const auto scenario = read_scenario_file(
      TICKOVER_SOURCE_DIR "/scenarios/regressions/requests-replayed-for-ten-minutes.toml", roles());
  ASSERT_TRUE(scenario);
  Scenario late = *scenario;
  late.links.front().both.jitter = Range<Duration>(milliseconds(1), milliseconds(9));
  constexpr std::uint64_t seed_with_namesakes = 6;
  const Told told = tell(planned(late, seed_with_namesakes), roles());
  std::set<std::tuple<std::string, std::string, std::int64_t, std::int64_t>> names;
  const auto& faults = told.spelled.scenario.faults;
  for (std::size_t i = late.faults.size(); i < faults.size(); ++i) {
    const PacketMatch& match = std::get<Delay>(faults[i].action).match;
    const bool is_new =
        names.emplace(match.from, match.message, match.transaction->low, match.copy->low).second;
    EXPECT_TRUE(is_new) << match.from << " " << match.message << " " << match.transaction->low;
  }
  EXPECT_GT(names.size(), 1'000u);
  EXPECT_FALSE(told.namesakes_part_at);
  EXPECT_EQ(difference(late, seed_with_namesakes, roles()), "");
}

TEST(SpelledOut, asks_no_dice) {
  const LinkConditions bad{.latency = Range<Duration>(milliseconds(1), milliseconds(9)),
                           .jitter = Range<Duration>(milliseconds(30)),
                           .loss = Range<Ratio>(Ratio(1, 5)),
                           .duplicate = Range<Ratio>(Ratio(1, 5)),
                           .reorder = Range<Ratio>(Ratio(1, 5)),
                           .corrupt = Range<Ratio>(Ratio(1, 5))};
  const Told told = tell(planned(small_talk(bad)), small_roles());
  EXPECT_GT(told.spelled.said, 20u);
  const LinkConditions& left = told.spelled.scenario.links.front().both;
  EXPECT_EQ(left, (LinkConditions{.latency = bad.latency}));
  EXPECT_EQ(digest_of(told.spelled.scenario, *told.spelled.scenario.seed), told.outcome.digest);
}

TEST(SpelledOut, says_of_a_lossy_link_what_was_lost_and_nothing_else) {
  const Told told = tell(planned(small_talk({.loss = Range<Ratio>(Ratio(1, 4))})), small_roles());
  const auto lost = std::ranges::count_if(told.fates->all(), [](const NamedFate& fate) {
    return fate.fate.dropped != DropReason::none;
  });
  EXPECT_GT(lost, 0);
  EXPECT_EQ(told.spelled.said, static_cast<std::uint64_t>(lost));
  for (const FaultSpec& fault : told.spelled.scenario.faults) {
    EXPECT_TRUE(std::holds_alternative<Drop>(fault.action));
  }
}

TEST(SpelledOut, says_which_bit_was_flipped) {
  const Told told =
      tell(planned(small_talk({.corrupt = Range<Ratio>(Ratio(1, 3))})), small_roles());
  ASSERT_FALSE(told.spelled.scenario.faults.empty());
  for (const FaultSpec& fault : told.spelled.scenario.faults) {
    EXPECT_TRUE(std::get<Corrupt>(fault.action).bit);
  }
}

TEST(SpelledOut, keeps_the_bound_that_jitter_had_a_part_in) {
  Scenario s = small_talk({.jitter = Range<Duration>(milliseconds(300))});
  s.duration = Duration(seconds(10));
  s.expect.heal = HealSpec{.at = Duration(milliseconds(250))};
  const auto plan = planned(s);
  EXPECT_EQ(tell(plan, small_roles()).spelled.scenario.expect.heal->within, plan->heal_within);
}

TEST(SpelledOut, says_nothing_of_a_run_without_dice) {
  Scenario s = small_talk();
  s.faults = {fault(milliseconds(200), milliseconds(100), Partition{"alice", "bob"})};
  const Told told = tell(planned(s), small_roles());
  EXPECT_EQ(told.spelled.said, 0u);
  s.seed = 1;
  EXPECT_EQ(told.spelled.scenario, s);
}

TEST(SpelledOut, tells_what_a_partition_took_instead_of_the_partition) {
  Scenario s = small_talk();
  s.faults = {fault(milliseconds(200), milliseconds(100), Partition{"alice", "bob"}),
              fault(milliseconds(700), milliseconds(1), Reboot{"bob"})};
  const Told told = tell(planned(s), small_roles(), LinkFaults::spell_out);
  ASSERT_EQ(told.spelled.scenario.faults.size(), 4u);
  EXPECT_TRUE(std::holds_alternative<Reboot>(told.spelled.scenario.faults.front().action));
  EXPECT_EQ(told.spelled.said, 3u);
  const Record before = record(s);
  const Record after = record(told.spelled.scenario);
  EXPECT_EQ(after.dropped(DropReason::fault), before.dropped(DropReason::partition));
  EXPECT_EQ(after.events, before.events);
}

// --- a world that is told its fates --------------------------------------------------------------

TEST(Fates, decide_instead_of_the_dice) {
  const LinkConditions bad{.jitter = Range<Duration>(milliseconds(30)),
                           .loss = Range<Ratio>(Ratio(1, 3))};
  const Told told = tell(planned(small_talk(bad)), small_roles());
  const LinkConditions worse{.loss = Range<Ratio>(Ratio(1, 1))};
  World driven(planned(small_talk(worse)), {}, told.fates);
  run(driven);
  EXPECT_EQ(driven.digest(), told.outcome.digest);
}

TEST(Fates, are_found_by_the_whole_name) {
  const PacketId id{.direction = 1, .kind = 2, .transaction = 3, .copy = 4};
  const Fates fates({{id, {.copies = 2}}, {id, {.copies = 1}}});
  ASSERT_NE(fates.find(id), nullptr);
  EXPECT_EQ(fates.find(id)->copies, 2) << "the first of one name";
  for (const PacketId other : {PacketId{0, 2, 3, 4}, {1, 1, 3, 4}, {1, 2, 2, 4}, {1, 2, 3, 3}}) {
    EXPECT_EQ(fates.find(other), nullptr);
  }
}

// --- faults that name one datagram ---------------------------------------------------------------

PacketMatch question(std::int64_t transaction, std::int64_t copy) {
  return {.from = "alice",
          .to = "bob",
          .message = "question",
          .transaction = Range<std::int64_t>(transaction),
          .copy = Range<std::int64_t>(copy)};
}

TEST(NamedFault, begins_with_no_event) {
  Scenario s = small_talk();
  const std::uint64_t alone = digest_of(s);
  s.faults = {{.action = Drop{question(4'000, 1)}},
              {.action = Drop{{.from = "bob", .to = "alice", .message = "question"}}}};
  EXPECT_EQ(digest_of(s), alone);
}

TEST(NamedFault, can_bring_a_copy_before_its_original_but_nothing_before_it_is_sent) {
  Scenario s = small_talk();
  s.faults = {{.action = Duplicate{question(1, 1), Duration(milliseconds(-4))}},
              {.action = Delay{question(2, 1), Duration(seconds(-1))}}};
  const auto fates = record(s).fates();
  EXPECT_EQ(fates.at("alice>bob question 1.1").delay[0], Duration(milliseconds(10)));
  EXPECT_EQ(fates.at("alice>bob question 1.1").delay[1], Duration(milliseconds(6)));
  EXPECT_EQ(fates.at("alice>bob question 2.1").delay[0], Duration());
}

TEST(NamedFault, flips_the_bit_that_it_names) {
  Scenario s = small_talk();
  s.faults = {{.action = Corrupt{question(1, 1), 13}}};
  const Record r = record(s);
  auto bytes = r.sendings.front().bytes;
  bytes[1] ^= 1u << 5;
  EXPECT_EQ(r.arrivals.front().bytes, bytes);
}

TEST(NamedFault, delays_after_the_heal_and_loses_nothing_then) {
  Scenario s = small_talk();
  s.expect.heal = HealSpec{.at = Duration(milliseconds(250)), .within = Duration(seconds(1))};
  s.faults = {{.action = Delay{question(4, 1), Duration(milliseconds(3))}},
              {.action = Drop{question(4, 1)}},
              {.action = Drop{question(2, 1)}},
              {.action = Delay{{.from = "alice", .to = "bob"}, Duration(milliseconds(5))}}};
  const auto fates = record(s).fates();
  EXPECT_EQ(fates.at("alice>bob question 1.1").delay[0], Duration(milliseconds(15)));
  EXPECT_EQ(fates.at("alice>bob question 2.1").dropped, DropReason::fault);
  EXPECT_EQ(fates.at("alice>bob question 4.1").dropped, DropReason::none);
  EXPECT_EQ(fates.at("alice>bob question 4.1").delay[0], Duration(milliseconds(13)));
  EXPECT_EQ(fates.at("alice>bob question 5.1").delay[0], Duration(milliseconds(10)));
}

TEST(NamedFault, may_leave_out_an_end_for_any) {
  Scenario s = small_talk();
  s.faults = {{.action = Drop{{.message = "answer", .transaction = Range<std::int64_t>(1)}}}};
  EXPECT_EQ(record(s).fates().at("bob>alice answer 1.1").dropped, DropReason::fault);
}

}  // namespace
}  // namespace tickover::sim
