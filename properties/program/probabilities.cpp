// How likely something is, decided by a sweep over seeds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/program/workbench.h"
#include "properties/world/small_world.h"
#include "sim/search/sweep.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Bob restarts in four runs of five.
Scenario mostly(ProbabilitySpec spec) {
  Scenario scenario = small_talk();
  scenario.faults = {fault(500ms, 10ms, Reboot{"bob"})};
  scenario.faults[0].sometimes = Range<Ratio>(Ratio(4, 5));
  spec.of = {"bob restarts"};
  scenario.expect.probability = {spec};
  return scenario;
}

SweepRow swept(const Scenario& scenario, std::uint64_t seeds, unsigned jobs = 1) {
  const SweepOptions options{.seeds = seeds, .jobs = jobs};
  return sweep({{"x.toml", scenario}}, small_roles(), options, {}).front();
}

TEST(Likelihood, is_decided_by_as_many_seeds_as_it_takes) {
  const SweepRow held = swept(mostly({.bound = Ratio(3, 5)}), 1);
  ASSERT_EQ(held.likelihoods.size(), 1u);
  EXPECT_EQ(held.likelihoods[0].verdict(), Likelihood::Verdict::held);
  EXPECT_GT(held.seeds, 10u);
  EXPECT_GE(held.seeds, held.likelihoods[0].seeds());
  EXPECT_EQ(held.likelihoods[0].finding(), "more than 55% with a confidence of 99%");

  const SweepRow failed = swept(mostly({.bound = Ratio(19, 20), .margin = Ratio(1, 25)}), 1);
  EXPECT_EQ(failed.likelihoods[0].verdict(), Likelihood::Verdict::failed);
  EXPECT_EQ(failed.likelihoods[0].finding(), "less than 99% with a confidence of 99%");
  EXPECT_TRUE(failed.likelihoods[0].witness());
  EXPECT_EQ(failed.failed, 0u);  // no run has broken anything
}

TEST(Likelihood, may_be_bounded_from_above) {
  const SweepRow held = swept(mostly({.bound = Ratio(9, 10), .is_least = false}), 1);
  EXPECT_EQ(held.likelihoods[0].verdict(), Likelihood::Verdict::held);
  const SweepRow failed = swept(mostly({.bound = Ratio(1, 2), .is_least = false}), 1);
  EXPECT_EQ(failed.likelihoods[0].verdict(), Likelihood::Verdict::failed);
}

TEST(Likelihood, does_not_depend_on_threads_or_on_how_many_seeds_were_asked_for) {
  const Scenario scenario = mostly({.bound = Ratio(7, 10)});
  const Likelihood alone = swept(scenario, 1).likelihoods[0];
  for (const auto& [seeds, jobs] : {std::pair(1, 3), {400, 1}, {400, 3}}) {
    const Likelihood other =
        swept(scenario, static_cast<std::uint64_t>(seeds), static_cast<unsigned>(jobs))
            .likelihoods[0];
    EXPECT_EQ(other.seeds(), alone.seeds());
    EXPECT_EQ(other.kept(), alone.kept());
    EXPECT_EQ(other.verdict(), alone.verdict());
  }
}

TEST(Likelihood, is_left_undecided_at_its_limit) {
  const SweepRow row = swept(mostly({.bound = Ratio(3, 5), .seeds = 5}), 1);
  EXPECT_EQ(row.likelihoods[0].verdict(), Likelihood::Verdict::undecided);
  EXPECT_EQ(row.seeds, 5u);
  EXPECT_GT(row.likelihoods[0].least_left(), 0u);
}

TEST(Likelihood, of_what_never_has_an_occasion_is_given_up_at_once) {
  Scenario scenario = mostly({.bound = Ratio(3, 5)});
  scenario.faults.push_back(fault(1h, 10ms, Reboot{"alice"}));  // when all is over
  scenario.expect.probability[0].of = {"alice sends datagrams within 1s after alice restarts"};
  const SweepRow row = swept(scenario, 20);
  EXPECT_EQ(row.seeds, 20u);
  EXPECT_EQ(row.likelihoods[0].unjudged(), 20u);
}

TEST(Likelihood, is_not_judged_where_the_seed_is_pinned) {
  Scenario scenario = mostly({.bound = Ratio(3, 5)});
  scenario.seed = 7;
  EXPECT_TRUE(swept(scenario, 20).likelihoods.empty());
}

/// A relay that answers nobody in one run of five.
std::string file_with(const std::string& probability) {
  return R"(# Alice is served in four runs of five.
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
sometimes = "20%"
drop      = { from = "relay", message = "Allocate" }
[expect]
probability = [{ of = "alice has an allocation within 4s", )" +
         probability + " }]\n";
}

class ProbableFile : public testing::Test {
 protected:
  Finished sweep(const std::string& probability, std::vector<std::string> more = {}) {
    bench.write("x.toml", file_with(probability));
    std::vector<std::string> words = {"sweep", "x.toml", "--seeds", "3"};
    words.insert(words.end(), more.begin(), more.end());
    return bench.tickover(words);
  }
  Workbench bench;
};

TEST_F(ProbableFile, says_what_a_sweep_found) {
  const Finished held = sweep("at-least = \"60%\"");
  EXPECT_EQ(held.exit, 0) << held.out << held.err;
  EXPECT_THAT(held.out, HasSubstr("x, how likely \"alice has an allocation within 4s\" is (line "
                                  "17): at least 60%: held; more than 55% with a confidence of "
                                  "99%, by "));
  EXPECT_EQ(sweep("at-least = \"60%\"", {"--quiet"}).out, "");
}

TEST_F(ProbableFile, exits_with_3_where_it_is_refuted_and_with_5_where_it_is_undecided) {
  const Finished failed = sweep("at-most = \"50%\"", {"--quiet"});
  EXPECT_EQ(failed.exit, 3) << failed.out << failed.err;
  EXPECT_THAT(failed.out, HasSubstr("at most 50%: FAILED; more than 45% with a confidence of 99%"));
  EXPECT_EQ(bench.shell(failed.replay()).exit, 3);
  const Finished undecided = sweep("at-least = \"60%\", seeds = 4");
  EXPECT_EQ(undecided.exit, 5) << undecided.out << undecided.err;
  EXPECT_THAT(undecided.out, HasSubstr("at least 60%: undecided by "));
  EXPECT_EQ(bench.shell(undecided.replay()).exit, 5);
}

// BUGS P23
TEST_F(ProbableFile, saves_the_first_run_that_does_not_keep_what_shall_be_likely) {
  const Finished failed = sweep("at-least = \"95%\"");
  EXPECT_EQ(failed.exit, 3) << failed.out << failed.err;
  const std::size_t saved = failed.out.find("\n  saved: runs/");
  const std::size_t line = failed.out.find("\n  replay: ", saved);
  ASSERT_NE(saved, failed.out.npos) << failed.out;
  ASSERT_NE(line, failed.out.npos) << failed.out;
  const std::string command =
      failed.out.substr(line + 11, failed.out.find('\n', line + 1) - line - 11);
  const Finished replay = bench.shell(command);
  EXPECT_EQ(replay.exit, 3) << replay.out << replay.err;
  EXPECT_THAT(replay.out, HasSubstr("LOST (fault)"));
  EXPECT_THAT(replay.out, HasSubstr("within \"alice has an allocation within 4s\""));
  bench.write("out.json", sweep("at-least = \"95%\"", {"--json"}).out);
  EXPECT_EQ(bench.shell("jq -r '.scenarios[0].probabilities[0].replay' out.json").out,
            command + "\n");
}

TEST_F(ProbableFile, names_the_first_run_that_has_what_shall_not_be_likely) {
  const Finished failed = sweep("at-most = \"50%\"");
  EXPECT_THAT(failed.out, HasSubstr("; the first with it is 0x"));
  EXPECT_THAT(failed.out, HasSubstr(" -v\n"));
}

TEST(Likelihood, demands_of_one_run_what_it_says_to_be_likely) {
  Scenario scenario = mostly({.bound = Ratio(3, 5)});
  const ProbabilitySpec event = scenario.expect.probability[0];
  const ProbabilitySpec claim{.of = {"bob restarts within 1s"}};
  const auto plan = planned(scenario);
  EXPECT_EQ(demanding(event, *plan).expect.count.size(), 1u);
  EXPECT_EQ(demanding(claim, *plan).expect.within.size(), 1u);
}

TEST_F(ProbableFile, tells_it_in_json) {
  bench.write("out.json", sweep("at-least = \"60%\"", {"--json"}).out);
  EXPECT_EQ(bench.shell("jq -r '.scenarios[0].probabilities[0] | .bound, .verdict' out.json").out,
            "at least 60%\nheld\n");
}

TEST_F(ProbableFile, is_not_judged_by_one_run_and_that_is_said) {
  bench.write("x.toml", file_with("at-least = \"60%\""));
  const Finished run = bench.tickover({"run", "x.toml"});
  EXPECT_EQ(run.exit, 0);
  EXPECT_THAT(run.out, HasSubstr("not judged: how likely \"alice has an allocation within 4s\" is, "
                                 "which a sweep decides; this run "));
}

TEST_F(ProbableFile, names_what_is_wrong_with_it) {
  const auto complaint = [&](const std::string& words) {
    bench.write("x.toml", file_with(words));
    const Finished check = bench.tickover({"check", "x.toml"});
    EXPECT_EQ(check.exit, 2) << words;
    return check.err;
  };
  EXPECT_THAT(complaint("seeds = 3"), HasSubstr("either `at-least` or `at-most`"));
  EXPECT_THAT(complaint("at-least = \"100%\""), HasSubstr("`within` and `never` judge each run"));
  EXPECT_THAT(complaint("at-least = \"90%\", margin = \"10%\""), HasSubstr("`margin` is above 0"));
  EXPECT_THAT(complaint("at-least = \"90%\", confidence = \"50%\""),
              HasSubstr("`confidence` is above 50%"));
  EXPECT_THAT(complaint("at-least = \"80%..90%\""), HasSubstr("one value is expected"));
}

TEST(ExplicitFile, is_the_same_run) {
  Workbench bench;
  const char* file = "scenarios/fast/ten-clients.toml";
  bench.bring(file);
  const Finished first = bench.tickover({"run", file, "--seed", "9", "--explicit", "said.toml"});
  EXPECT_EQ(first.exit, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("explicit: 12 hosts, 11 links, 10 flows, 0 faults, all said: "
                                   "said.toml"));
  const Finished again = bench.tickover({"run", "said.toml"});
  EXPECT_EQ(again.exit, 0) << again.err;
  const auto last_line = [](const Finished& run) { return run.lines().back(); };
  EXPECT_EQ(last_line(first), last_line(again));
  EXPECT_TRUE(last_line(first).starts_with("digest: "));
  const Finished refused = bench.tickover({"run", file, "--explicit", file});
  EXPECT_EQ(refused.exit, 2);
  EXPECT_THAT(refused.err, HasSubstr("would overwrite the scenario"));
}

}  // namespace
}  // namespace tickover::sim
