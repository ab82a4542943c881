// Sweeps that go on for a time, end with a failure, and remember.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <regex>
#include <thread>

#include "properties/program/workbench.h"
#include "sim/program/seed_memory.h"

namespace tickover::sim {
namespace {

constexpr const char* canary = "scenarios/negative/bytes-nobody-sent.toml";
constexpr const char* hopeless = "scenarios/negative/an-expectation-that-breaks.toml";
constexpr const char* talk = "scenarios/fast/two-clients-talk.toml";
constexpr const char* memory = "runs/failing-seeds.tsv";

/// Fails with one seed in about six: where one of ten words is lost.
std::string rarely() {
  std::string text = walker_and(
      "peer", "[expect]\ncount = [{ of = \"mountain hears from walker\", is = \"10..20\" }]\n");
  const std::string latency = "latency = \"20ms..80ms\"\n";
  text.replace(text.find(latency), latency.size(), latency + "loss = \"2%\"\n");
  return text;
}

class LongSweep : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* file : {canary, hopeless, talk}) bench.bring(file);
    bench.write("rarely.toml", rarely());
  }
  /// jq's answer about the JSON of a sweep.
  std::string ask(const Finished& sweep, const std::string& what) {
    bench.write("sweep.json", sweep.out);
    std::string text = bench.shell("jq -r '" + what + "' sweep.json").out;
    return text.substr(0, text.find_last_not_of('\n') + 1);
  }
  Finished json(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "sweep");
    arguments.insert(arguments.end(), {"--json", "--shrink", "0"});
    return bench.tickover(arguments);
  }

  Workbench bench;
};

TEST_F(LongSweep, goes_on_with_higher_seeds_until_its_time_is_up) {
  const auto start = std::chrono::steady_clock::now();
  const Finished sweep = json({talk, "rarely.toml", "--for", "500ms"});
  const auto wall = std::chrono::steady_clock::now() - start;
  EXPECT_GE(wall, std::chrono::milliseconds(500));
  EXPECT_LT(wall, std::chrono::seconds(10));
  // Each file has its share: the same number of seeds, but for the last round.
  const std::uint64_t first = std::stoull(ask(sweep, ".scenarios[0].seeds"));
  const std::uint64_t second = std::stoull(ask(sweep, ".scenarios[1].seeds"));
  EXPECT_GT(first, 20u);
  EXPECT_LE(std::max(first, second) - std::min(first, second), 1u);
  // What each seed came to does not depend on how the sweep was told to end.
  const Finished known = json({talk, "--seeds", std::to_string(first)});
  EXPECT_EQ(ask(sweep, ".scenarios[0].digest"), ask(known, ".scenarios[0].digest"));
}

TEST_F(LongSweep, ends_with_its_seeds_where_there_is_time_left) {
  const Finished sweep = json({talk, "--minutes", "60", "--seeds", "3"});
  EXPECT_EQ(ask(sweep, ".scenarios[0].seeds"), "3");
  EXPECT_EQ(bench.tickover({"sweep", talk, "--minutes", "1", "--for", "1s"}).exit, 2);
  EXPECT_EQ(bench.tickover({"sweep", talk, "--for", "-1s"}).exit, 2);
}

TEST_F(LongSweep, ends_with_the_first_failures_that_are_new_on_any_number_of_threads) {
  const auto run = [&](const std::string& failures, const std::string& jobs) {
    bench.shell("rm -rf runs");
    return json({talk, "rarely.toml", canary, hopeless, "--seeds", "100", "--failures", failures,
                 "--jobs", jobs});
  };
  for (const std::string failures : {"1", "2", "3"}) {
    const Finished one = run(failures, "1");
    EXPECT_EQ(ask(one, "[.scenarios[].failures[]] | length"), failures);
    EXPECT_EQ(one.out, run(failures, "4").out);
  }
  // A second seed of a known failure is not new.
  const Finished all = run("5", "2");
  EXPECT_EQ(ask(all, "[.scenarios[].seeds] | add"), "400");
}

TEST_F(LongSweep, tells_a_thousand_failing_seeds_of_one_bug_as_one) {
  const Finished sweep = bench.tickover({"sweep", canary, "--seeds", "1000"});
  EXPECT_NE(sweep.out.find("bytes-nobody-sent with 1,000 of 1,000 seeds, first 0x1\n"),
            std::string::npos);
  const auto lines = sweep.lines();
  EXPECT_EQ(std::ranges::count_if(
                lines,
                [](const std::string& line) { return line.starts_with("bytes-nobody-sent with"); }),
            1);
  // And remembers a few of them.
  const std::string text = bench.read(memory);
  EXPECT_EQ(std::ranges::count(text, '\n'), 1 + static_cast<int>(most_failing_seeds));
}

TEST_F(LongSweep, tells_failures_of_one_cause_at_length_only_once) {
  bench.write("other/bytes.toml", bench.read(canary));
  const Finished sweep = bench.tickover({"sweep", canary, "other", "--seeds", "2"});
  EXPECT_NE(sweep.out.find("\nbytes (2 of 2 seeds): P11 after a forged datagram again\n  saved: "),
            std::string::npos)
      << sweep.out;
}

TEST_F(LongSweep, tries_the_seeds_that_failed_first_and_forgets_those_that_hold) {
  // Seeds beyond those that the next sweep would try by itself.
  const Finished found = json({"rarely.toml", "--from", "1000", "--seeds", "60"});
  const std::string seed = ask(found, ".scenarios[0].failures[0].seed");
  ASSERT_TRUE(seed.starts_with("0x")) << found.out;
  EXPECT_NE(bench.read(memory).find(seed + "\texpect\trarely.toml\n"), std::string::npos);
  const Finished again = json({"rarely.toml", "--seeds", "1", "--failures", "1", "--jobs", "1"});
  EXPECT_EQ(ask(again, ".scenarios[0].seeds"), "1");
  EXPECT_EQ(ask(again, ".scenarios[0].failures[0].seed"), seed);
  EXPECT_EQ(ask(again, ".scenarios[0].failures[0].what"),
            ask(found, ".scenarios[0].failures[0].what"));
  // Files that are not swept are left as they are; mended, it holds.
  EXPECT_EQ(json({talk, "--seeds", "1"}).exit, 0);
  EXPECT_NE(bench.read(memory).find(seed), std::string::npos);
  bench.write("rarely.toml", walker_and("peer"));
  EXPECT_EQ(json({"rarely.toml", "--seeds", "1"}).exit, 0);
  EXPECT_FALSE(bench.has(memory));
}

/// One shape of failure comes first, and another behind it.
TEST_F(LongSweep, remembers_the_seeds_that_it_ran_but_did_not_count) {
  std::string text = walker_and("peer",
                                "[expect]\nnever = [\"mountain hears from walker\"]\n"
                                "finally = [\"mountain hears from walker\"]\n"
                                "[[fault]]\nsometimes = \"50%\"\n"
                                "partition = [\"mountain\", \"walker\"]\n");
  // Those that come first take long, and meanwhile all others are run.
  text.replace(text.find("10s"), 3, "20h");
  bench.write("two.toml", text);
  json({"two.toml", "--seeds", "12"});
  const std::string all = bench.read(memory);
  EXPECT_GT(std::ranges::count(all, '\n'), 4) << "there are two shapes";
  for (const char* jobs : {"1", "4"}) {
    json({"two.toml", "--failures", "1", "--jobs", jobs});
    for (std::size_t at = all.find("0x"); at != all.npos; at = all.find("0x", at + 1)) {
      const std::string seed = all.substr(at, all.find('\t', at) - at + 1);
      EXPECT_NE(bench.read(memory).find(seed), std::string::npos) << seed << " with " << jobs;
    }
  }
}

TEST_F(LongSweep, makes_a_broken_expectation_small_but_not_such_that_it_could_never_be_met) {
  const Finished sweep = bench.tickover({"sweep", "rarely.toml", "--seeds", "20", "--json"});
  const std::string shrunk = bench.read(ask(sweep, ".scenarios[0].failures[0].shrunk"));
  // One word of ten is lost, and nothing else is wrong.
  const std::size_t drop = shrunk.find("\ndrop = {");
  ASSERT_NE(drop, std::string::npos) << shrunk;
  EXPECT_EQ(shrunk.find("\ndrop = {", drop + 1), std::string::npos) << shrunk;
  EXPECT_EQ(shrunk.find("loss"), std::string::npos) << shrunk;
}

TEST_F(LongSweep, reads_a_memory_that_somebody_has_spoilt) {
  bench.write(memory, "nonsense\n0x5\tP1\n\t\t\nzz\ta\trarely.toml\n0x2a\tP1\ttalk.toml\n");
  const Finished sweep = json({talk, "--seeds", "2"});
  EXPECT_EQ(sweep.exit, 0) << sweep.err;
  EXPECT_EQ(ask(sweep, ".scenarios[0].seeds"), "2");
}

TEST_F(LongSweep, begins_with_the_case_at_which_it_was_killed) {
  bench.write("slow.toml", bench.read(talk));
  const std::vector<std::string> arguments = {"sweep",     "slow.toml", "--from", "0x7000",
                                              "--minutes", "60",        "--jobs", "1"};
  const pid_t process = bench.start(arguments);
  // Some way into it.
  for (int i = 0; i < 3'000; ++i) {
    const auto notes = bench.files("runs");
    if (!notes.empty() && bench.read("runs/" + notes.front()).find("0x70") != std::string::npos)
      break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ::kill(process, SIGKILL);
  EXPECT_EQ(bench.finish(process).exit, 128 + SIGKILL);
  const std::string note = bench.read("runs/" + bench.files("runs").front());
  std::smatch match;
  ASSERT_TRUE(std::regex_search(note, match, std::regex("--seed (0x7[0-9a-f]+)"))) << note;
  // One seed of its own, and the one that was left.
  const Finished next = json({"slow.toml", "--seeds", "1", "--jobs", "1"});
  EXPECT_EQ(ask(next, ".scenarios[0].seeds"), "2");
  EXPECT_FALSE(bench.has("runs"));
}

TEST_F(LongSweep, takes_its_first_seed_from_a_commit) {
  const auto digest = [&](const std::string& from) {
    return ask(json({talk, "--from", from, "--seeds", "2"}), ".scenarios[0].digest");
  };
  const std::string commit = digest("5713545d00c0ffee00112233445566778899aabb");
  EXPECT_EQ(commit, digest("0x5713545d00c0ffee"));
  EXPECT_EQ(commit, digest("6274451464278573038"));
  EXPECT_NE(commit, digest("5713545"));  // seven digits are a number
  EXPECT_EQ(digest("5713abc"), digest("0x5713abc"));
  EXPECT_EQ(bench.tickover({"sweep", talk, "--from", "5713xyz"}).exit, 2);
}

TEST_F(LongSweep, invents_worlds_and_replays_each_by_its_seed) {
  const Finished many = json({"--swarm", "--seeds", "6"});
  EXPECT_EQ(many.exit, 0) << many.out << many.err;
  std::uint64_t sum = 0;
  for (const char* seed : {"4", "2", "6", "1", "5", "3"}) {
    const Finished one = json({"--swarm", "--seeds", "1", "--from", seed});
    sum += std::stoull(ask(one, ".scenarios[0].digest"), nullptr, 16);
  }
  EXPECT_EQ(std::stoull(ask(many, ".scenarios[0].digest"), nullptr, 16), sum);
  EXPECT_EQ(bench.tickover({"sweep"}).exit, 2);
  EXPECT_EQ(ask(json({talk, "--swarm", "--seeds", "1"}), ".scenarios | length"), "2");
}

TEST_F(LongSweep, saves_an_invented_world_that_fails_and_makes_it_small) {
  const Finished sweep =
      bench.tickover({"sweep", "--swarm", "--seeds", "3", "--steps", "40", "--jobs", "1"});
  EXPECT_EQ(sweep.exit, 5);
  // A sweep would begin with all the seeds that it remembers.
  const Finished again = bench.shell(sweep.replay());
  EXPECT_NE(sweep.replay().find(" run runs/swarm-"), std::string::npos) << sweep.replay();
  EXPECT_EQ(again.exit, 5);
}

}  // namespace
}  // namespace tickover::sim
