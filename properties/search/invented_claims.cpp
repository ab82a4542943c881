// What is claimed of the clients of invented worlds: it can be claimed, it holds, and it bites.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "sim/oracles/expect.h"
#include "sim/search/invent.h"
#include "sim/search/run_case.h"

namespace tickover::sim {
namespace {

const RoleRegistry& roles() {
  static const RoleRegistry registry = RoleRegistry::built_in();
  return registry;
}

Scenario world_of(std::uint64_t seed) {
  SeededChoices choices(seed);
  return invent(choices);
}

/// By what is claimed in some worlds: "within … the heal", "fairness until".
TEST(InventedClaim, is_of_each_kind_in_some_worlds_and_of_none_in_others) {
  std::map<std::string, int> worlds;
  for (std::uint64_t seed = 0; seed < 5'000; ++seed) {
    const ExpectSpec expect = world_of(seed).expect;
    std::set<std::string> kinds;
    for (const Sentence& claim : expect.within) {
      const std::size_t at = claim.text.find(" after ");
      const std::size_t verb = claim.text.rfind(' ');
      kinds.insert(at == std::string::npos ? "start" : claim.text.substr(verb));
      kinds.insert(claim.text.starts_with("every ") ? "every" : "one");
      kinds.insert(claim.text.find(" gets an ") < at ? "event" : "state");
    }
    for (const BudgetSpec& budget : expect.budget) {
      kinds.insert(budget.least ? "least" : "most");
      if (budget.from) kinds.insert("from");
      if (budget.until) kinds.insert("until");
    }
    if (!expect.count.empty()) kinds.insert("count");
    for (const FairnessSpec& fairness : expect.fairness) {
      kinds.insert(fairness.until ? "fairness of how often" : "fairness of when");
      if (fairness.after) kinds.insert("fairness after a restart");
    }
    for (const std::string& kind : kinds) ++worlds[kind];
  }
  for (const char* kind :
       {"start", " heal", " restarts", " allocation", "every", "one", "event", "state", "least",
        "most", "from", "until", "count", "fairness of how often", "fairness of when",
        "fairness after a restart"}) {
    EXPECT_GE(worlds[kind], 3) << kind;
    EXPECT_LE(worlds[kind], 4'000) << kind;
  }
}

/// What the claims object to, where nobody else judges and nothing else is expected.
TEST(InventedClaim, is_kept_by_correct_clients) {
  std::uint64_t judgements = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Scenario scenario = world_of(seed);
    scenario.expect.finally_.clear();
    const auto plan = make_plan(scenario, seed, roles());
    ASSERT_TRUE(plan) << plan.error().what;
    if (!Expect::applies(**plan)) continue;
    Oracles oracles;
    oracles.add(std::make_unique<Expect>(**plan));
    World world(*plan, std::move(oracles));
    run(world);
    const Breach* const breach = world.oracles().breach();
    ASSERT_EQ(breach, nullptr) << seed << ": " << breach->what;
    judgements += world.oracles().all().front()->judgements();
  }
  EXPECT_GT(judgements, 300u);
}

}  // namespace
}  // namespace tickover::sim
