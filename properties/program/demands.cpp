// Marks that a scenario demands of a sweep.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "properties/paths.h"
#include "properties/program/workbench.h"
#include "properties/world/small_world.h"
#include "sim/scenario/mark.h"
#include "sim/scenario/reader.h"
#include "sim/search/shrink.h"
#include "sim/search/sweep.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const std::string lost = "a datagram lost in a partition";

/// A partition that one run in eight has.
Scenario rarely_parted() {
  Scenario scenario = small_talk();
  scenario.faults = {fault(500ms, 400ms, Partition{"alice", "bob"})};
  scenario.faults[0].sometimes = Range<Ratio>(Ratio(1, 8));
  scenario.expect.marks = {{lost}, {"a client restarted"}};
  return scenario;
}

SweepRow swept(const Scenario& scenario, const SweepOptions& options) {
  return sweep({{"x.toml", scenario}}, small_roles(), options, {}).front();
}

bool is_parted(std::uint64_t seed) {
  return run_case(planned(rarely_parted(), seed)).demanded.front() > 0;
}

/// The first seed from there on that is parted, or is not.
std::uint64_t next_seed(std::uint64_t from, bool parted) {
  while (is_parted(from) != parted) ++from;
  return from;
}

// BUGS P23
TEST(Demands, are_counted_by_the_seeds_that_met_them) {
  std::uint64_t parted = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) parted += is_parted(seed) ? 1 : 0;
  ASSERT_GT(parted, 0u);
  ASSERT_LT(parted, 40u);
  for (const unsigned jobs : {1u, 3u}) {
    const SweepRow row = swept(rarely_parted(), {.seeds = 40, .jobs = jobs});
    ASSERT_EQ(row.demands.size(), 2u);
    EXPECT_EQ(row.demands[0].mark, lost);
    EXPECT_EQ(row.demands[0].seeds, 40u);
    EXPECT_EQ(row.demands[0].met, parted);
    EXPECT_EQ(row.demands[1].met, 0u);
    EXPECT_EQ(row.failed, 0u);  // no run has broken anything
  }
}

TEST(Demands, are_not_met_by_seeds_that_somebody_chose) {
  const std::uint64_t calm = next_seed(1, false);
  const std::uint64_t parted = next_seed(calm + 100, true);
  const SweepRow row = swept(rarely_parted(), {.seeds = 1, .from = calm, .first = {{0, parted}}});
  EXPECT_EQ(row.seeds, 2u);
  EXPECT_GT(row.marks.at(lost), 0u);
  EXPECT_EQ(row.demands[0].seeds, 1u);
  EXPECT_EQ(row.demands[0].met, 0u);
}

TEST(Demands, are_made_of_the_one_seed_that_a_file_pins) {
  Scenario scenario = rarely_parted();
  scenario.seed = next_seed(100, true);
  const SweepRow row = swept(scenario, {.seeds = 9});
  EXPECT_EQ(row.demands[0].seeds, 1u);
  EXPECT_EQ(row.demands[0].met, 1u);
}

/// Alice's first Allocate is lost, and nobody restarts.
class DemandingFile : public testing::Test {
 protected:
  void write(const std::string& marks, const std::string& more = "") {
    bench.write("x.toml", R"(# Alice may have to ask twice.
format   = 1
duration = "5s"
[[host]]
name = "relay"
role = "turn-server"
[[host]]
name  = "alice"
role  = "turn-client"
relay = "relay"
[[link]]
between = ["alice", "relay"]
[[fault]]
drop = { from = "alice", message = "Allocate request", transaction = 1, copy = 1 }
[expect]
finally = ["alice has an allocation"]
marks   = [)" + marks + "]\n" +
                              more);
  }
  Finished sweep(std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"sweep", "x.toml", "--seeds", "3"};
    words.insert(words.end(), more.begin(), more.end());
    return bench.tickover(words);
  }
  Workbench bench;
};

TEST_F(DemandingFile, says_how_many_seeds_met_what_it_demands) {
  write("\"a request sent again\"");
  const Finished held = sweep();
  EXPECT_EQ(held.exit, 0) << held.out << held.err;
  EXPECT_THAT(held.out,
              HasSubstr("x, \"a request sent again\" is demanded (line 17): met in 3 of 3 seeds"));
  EXPECT_EQ(sweep({"--quiet"}).out, "");
}

// BUGS P23
TEST_F(DemandingFile, fails_a_sweep_that_never_met_it) {
  write("\"a request sent again\", \"a client restarted\"");
  const Finished failed = sweep({"--quiet"});
  EXPECT_EQ(failed.exit, 3) << failed.out << failed.err;
  EXPECT_THAT(failed.out, testing::StartsWith("x, \"a client restarted\" is demanded (line 17): "
                                              "FAILED; never met in 3 seeds\nreplay: "));
  EXPECT_EQ(failed.lines().size(), 2u);
  EXPECT_FALSE(bench.has("runs"));  // there is no run to save, or to make small
  EXPECT_EQ(bench.shell(failed.replay()).exit, 3);
}

TEST_F(DemandingFile, is_replayed_with_as_many_seeds_as_there_was_time_for) {
  write("\"a client restarted\"");
  const Finished failed = bench.tickover({"sweep", "x.toml", "--for", "50ms", "--quiet"});
  EXPECT_EQ(failed.exit, 3) << failed.out << failed.err;
  const std::string word = "never met in ";
  const std::size_t at = failed.out.find(word) + word.size();
  std::string seeds = failed.out.substr(at, failed.out.find(" seed", at) - at);
  std::erase(seeds, ',');
  EXPECT_TRUE(failed.last_line().ends_with(" sweep x.toml --seeds " + seeds)) << failed.out;
}

TEST_F(DemandingFile, tells_it_in_json) {
  write("\"a request sent again\", \"a client restarted\"");
  bench.write("sweep.json", sweep({"--json"}).out);
  EXPECT_EQ(bench.shell("jq -c '.exit, .scenarios[0].demands[]' sweep.json").out,
            "3\n{\"mark\":\"a request sent again\",\"seeds\":3,\"met\":3}\n"
            "{\"mark\":\"a client restarted\",\"seeds\":3,\"met\":0}\n");
  bench.write("run.json", bench.tickover({"run", "x.toml", "--json"}).out);
  EXPECT_EQ(bench.shell("jq -c '.demands' run.json").out,
            "{\"a request sent again\":1,\"a client restarted\":0}\n");
}

TEST_F(DemandingFile, is_not_judged_by_one_run_and_that_is_said) {
  write("\"a request sent again\", \"a client restarted\"");
  const Finished run = bench.tickover({"run", "x.toml"});
  EXPECT_EQ(run.exit, 0);
  EXPECT_THAT(run.out, HasSubstr("not judged: whether some seed meets \"a request sent again\", "
                                 "which a sweep decides; this run met it once\n"));
  EXPECT_THAT(run.out,
              HasSubstr("\"a client restarted\", which a sweep decides; this run did not"));
}

TEST_F(DemandingFile, names_the_mark_that_was_meant) {
  write("\"a stale nonce at refresh\"");
  const Finished check = bench.tickover({"check", "x.toml"});
  EXPECT_EQ(check.exit, 2);
  EXPECT_THAT(check.err, HasSubstr("x.toml:17:12: `marks`: expected one of "));
  EXPECT_THAT(check.err, HasSubstr("(did you mean \"a stale nonce at Refresh\"?)"));
  write("\"all is well\"");
  EXPECT_THAT(bench.tickover({"check", "x.toml"}).err, HasSubstr("\"a client restarted\""));
}

TEST(Shrinking, demands_nothing_of_a_failure) {
  Scenario scenario = rarely_parted();
  scenario.faults.push_back(fault(500ms, 10ms, Reboot{"bob"}));
  scenario.expect.never = {{"bob restarts"}};
  const Outcome outcome = run_case(planned(scenario));
  ASSERT_EQ(outcome.exit, ExitCode::expectation) << summary(outcome);
  const Shrunk shrunk = shrink(scenario, outcome, small_roles());
  EXPECT_TRUE(shrunk.scenario.expect.marks.empty());
}

/// So that none can become unreachable unnoticed: each run of the tests sweeps these.
// BUGS P23
TEST(KeptScenarios, demand_every_mark_somewhere) {
  std::set<std::string> demanded;
  for (const char* folder : {"/scenarios/fast", "/scenarios/regressions"}) {
    for (const auto& file :
         std::filesystem::directory_iterator(std::string(TICKOVER_SOURCE_DIR) + folder)) {
      if (file.path().extension() != ".toml") continue;
      const auto read = read_scenario_file(file.path().string(), RoleRegistry::built_in());
      ASSERT_TRUE(read) << file.path();
      for (const Sentence& mark : read->expect.marks) demanded.insert(mark.text);
    }
  }
  for (const std::string& mark : mark_names()) EXPECT_TRUE(demanded.contains(mark)) << mark;
}

}  // namespace
}  // namespace tickover::sim
