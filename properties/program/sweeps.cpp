#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <regex>
#include <thread>

#include "properties/program/workbench.h"

namespace tickover::sim {
namespace {

constexpr const char* canary = "scenarios/negative/bytes-nobody-sent.toml";
constexpr const char* hopeless = "scenarios/negative/an-expectation-that-breaks.toml";
constexpr const char* talk = "scenarios/fast/two-clients-talk.toml";

std::string digest_in(const std::string& text) {
  std::smatch match;
  const std::regex line("digest *[:=] *\"?([0-9a-f]{16})");
  return std::regex_search(text, match, line) ? match[1].str() : "none";
}

/// Long enough that nobody waits for its end.
std::string endless() {
  std::string text = walker_and("peer", "every = \"1ms\"\n");
  text.replace(text.find("every = \"1s\"\n"), 13, "");
  text.replace(text.find("10s"), 3, "1000h");
  return text;
}

class SweepVerb : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* file : {canary, hopeless, talk}) bench.bring(file);
  }
  void expect_replay(const std::string& file, int code) {
    const Finished sweep = bench.tickover({"sweep", file, "--seeds", "20"});
    EXPECT_EQ(sweep.exit, code) << sweep.out << sweep.err;
    ASSERT_NE(sweep.replay(), "") << sweep.out;
    const Finished replay = bench.shell(sweep.replay());
    EXPECT_EQ(replay.exit, code);

    EXPECT_NE(replay.out.find("reproduces, event by event"), std::string::npos) << replay.out;

    // As it was found and shrunk, each with its events; and the seeds that failed.
    const auto saved = bench.files("runs");
    ASSERT_EQ(saved.size(), 5u);
    for (const std::string& name : saved) {
      if (!name.ends_with(".toml")) continue;
      const std::string path = "runs/" + name;
      const std::string text = bench.read(path);
      EXPECT_EQ(text.find(bench.path("")), std::string::npos) << "an absolute path";
      EXPECT_EQ(bench.tickover({"check", path}).exit, 0);
      const Finished rerun = bench.tickover({"run", path});
      EXPECT_EQ(rerun.exit, code);
      EXPECT_EQ(digest_in(rerun.out), digest_in(text));
      if (!name.ends_with("-shrunk.toml")) continue;
      EXPECT_EQ(digest_in(text), digest_in(replay.out));
    }
  }
  /// Until a case of that file runs.
  void wait_for_note_on(const std::string& file) {
    const auto is_there = [&] {
      const auto notes = notes_left();
      return std::ranges::any_of(notes, [&](const std::string& note) {
        return bench.read(note).find(" run " + file) != std::string::npos;
      });
    };
    for (int i = 0; i < 3'000 && !is_there(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  std::vector<std::string> notes_left() const {
    std::vector<std::string> notes;
    for (const std::string& name : bench.files("runs")) {
      if (name.starts_with("running-")) notes.push_back("runs/" + name);
    }
    return notes;
  }

  Workbench bench;
};

TEST_F(SweepVerb, saves_failures_of_like_names_side_by_side) {
  const std::vector<std::string> names = {"a b.toml", "a-b.toml", "ä.toml", "ü.toml", "A/x.toml"};
  std::vector<std::string> arguments = {"sweep", "--seeds", "1", "--shrink", "0"};
  for (const std::string& name : names) bench.write(name, bench.read(canary));
  arguments.insert(arguments.end(), names.begin(), names.end());
  bench.write("B/x.toml", bench.read(canary));
  const auto saved = [&] {
    return std::ranges::count_if(bench.files("runs"),
                                 [](const std::string& name) { return name.ends_with(".toml"); });
  };
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(bench.tickover(arguments).exit, 1);
    EXPECT_EQ(saved(), 5) << "what was found in the same place is written over";
  }
  EXPECT_EQ(bench.tickover({"sweep", "B/x.toml", "--seeds", "1", "--shrink", "0"}).exit, 1);
  EXPECT_EQ(saved(), 6);
  EXPECT_TRUE(bench.has("runs/ä-P11-1.toml"));
}

TEST_F(SweepVerb, takes_each_file_once_and_no_folder_without_any) {
  bench.shell("mkdir empty");
  const Finished twice =
      bench.tickover({"sweep", talk, "./" + std::string(talk), "--seeds", "2", "--json"});
  bench.write("sweep.json", twice.out);
  EXPECT_EQ(bench.shell("jq '.scenarios | length' sweep.json").out, "1\n");
  const Finished none = bench.tickover({"sweep", talk, "empty"});
  EXPECT_EQ(none.exit, 2);
  EXPECT_NE(none.err.find("there is no *.toml below empty"), std::string::npos) << none.err;
  bench.write("pinned.toml", "seed = \"0x5\"\n" + bench.read(talk));
  const Finished pinned = bench.tickover({"sweep", "pinned.toml", "--seeds", "50"});
  EXPECT_EQ(pinned.exit, 0);
  EXPECT_NE(pinned.err.find("every file pins its `seed`"), std::string::npos) << pinned.err;
}

TEST_F(SweepVerb, leaves_folders_alone_that_it_did_not_make) {
  bench.shell("mkdir mine");
  EXPECT_EQ(bench.tickover({"sweep", talk, "--seeds", "1", "--out", "mine"}).exit, 0);
  EXPECT_TRUE(bench.has("mine"));
  for (const char* verb : {"sweep", "shrink", "exhaust"}) {
    const Finished refused = bench.tickover({verb, talk, "--out", ""});
    EXPECT_EQ(refused.exit, 2);
    EXPECT_NE(refused.err.find("--out needs the name of a folder"), std::string::npos);
  }
}

// BUGS P11, P23
TEST_F(SweepVerb, catches_the_canary_and_its_last_line_replays_it) {
  expect_replay(canary, 1);
}

TEST_F(SweepVerb, catches_a_broken_expectation_and_its_last_line_replays_it) {
  expect_replay(hopeless, 3);
}

TEST_F(SweepVerb, shrinks_no_more_failures_than_it_may) {
  const auto shrunk = [&](const std::string& most) {
    bench.tickover({"sweep", hopeless, canary, "--seeds", "2", "--shrink", most, "--out", most});
    return std::ranges::count_if(
        bench.files(most), [](const std::string& name) { return name.ends_with("-shrunk.toml"); });
  };
  EXPECT_EQ(shrunk("0"), 0);
  EXPECT_EQ(shrunk("1"), 1);
  EXPECT_EQ(shrunk("7"), 2);
}

TEST_F(SweepVerb, says_which_failures_have_one_cause) {
  bench.write("other/bytes.toml", bench.read(canary));
  const Finished sweep = bench.tickover({"sweep", canary, "other", hopeless, "--seeds", "2"});
  EXPECT_NE(sweep.out.find("\n3 failures by oracle and cause:\n"
                           "  P11 after a forged datagram: bytes-nobody-sent (2 of 2 seeds), "
                           "bytes (2 of 2 seeds)\n"
                           "  expect finally \"host has an allocation\" after a partition: "),
            std::string::npos)
      << sweep.out;
}

TEST_F(SweepVerb, exits_with_the_gravest_failure) {
  // A built-in oracle comes before an expectation, and both before a budget.
  EXPECT_EQ(bench.tickover({"sweep", hopeless, canary, talk}).exit, 1);
  EXPECT_EQ(bench.tickover({"sweep", talk, hopeless, "--seeds", "3"}).exit, 3);
  EXPECT_EQ(bench.tickover({"sweep", talk, hopeless, "--seeds", "3", "--steps", "50"}).exit, 3);
}

TEST_F(SweepVerb, replays_a_run_that_ran_out_of_steps_with_its_limit) {
  const Finished sweep = bench.tickover({"sweep", talk, "--seeds", "2", "--steps", "50"});
  EXPECT_EQ(sweep.exit, 5);
  const Finished replay = bench.shell(sweep.replay());
  EXPECT_EQ(replay.exit, 5) << sweep.out;
  EXPECT_NE(replay.out.find("after 50 steps"), std::string::npos);
}

TEST_F(SweepVerb, prints_a_table_of_what_it_did) {
  const Finished sweep = bench.tickover({"sweep", talk, canary, "--seeds", "5"});
  const auto lines = sweep.lines();
  ASSERT_GT(lines.size(), 4u);
  for (const char* word : {"scenario", "seeds", "held", "failed", "simulated time", "datagrams",
                           "wall time", "distinct"}) {
    EXPECT_NE(lines[0].find(word), std::string::npos) << word;
  }
  EXPECT_TRUE(std::regex_search(lines[1], std::regex("^two-clients-talk +5 +5 +0 .* 5$")));
  EXPECT_TRUE(std::regex_search(lines[2], std::regex("^bytes-nobody-sent +5 +0 +5 .* 5$")));
  EXPECT_TRUE(std::regex_search(lines[3], std::regex("^all +10 +5 +5 .* 10$"))) << lines[3];
}

// BUGS P23
TEST_F(SweepVerb, says_how_often_each_mark_was_met_and_which_never_was) {
  const Finished sweep = bench.tickover({"sweep", talk, hopeless, "--seeds", "3"});
  EXPECT_TRUE(std::regex_search(
      sweep.out, std::regex("\nmet: .*a datagram lost in a partition [0-9]+; .*\nnever met: ")))
      << sweep.out;
  EXPECT_TRUE(std::regex_search(sweep.out, std::regex("\nnever met: .*a client restarted; ")));
}

TEST_F(SweepVerb, leaves_nothing_behind_where_all_held) {
  const Finished sweep = bench.tickover({"sweep", talk, "--seeds", "5", "--quiet"});
  EXPECT_EQ(sweep.exit, 0);
  EXPECT_EQ(sweep.out + sweep.err, "");
  EXPECT_FALSE(bench.has("runs"));
}

// BUGS P21
TEST_F(SweepVerb, says_the_same_however_many_threads_there_are) {
  const std::vector<std::string> sweep = {"sweep", "scenarios", "--seeds", "20", "--json"};
  auto with_jobs = [&](const std::string& jobs) {
    std::vector<std::string> arguments = sweep;
    arguments.insert(arguments.end(), {"--jobs", jobs});
    return bench.tickover(arguments);
  };
  const Finished one = with_jobs("1");
  EXPECT_EQ(one.exit, 1);
  EXPECT_EQ(one.out, with_jobs("2").out);
  EXPECT_EQ(one.out, with_jobs("5").out);
  bench.write("one.json", one.out);
  EXPECT_EQ(bench.shell("jq -r '.scenarios[1].failures[0].seed' one.json").out, "0x1\n");
  EXPECT_EQ(bench.shell("jq -r '.scenarios[].digest | type' one.json").out,
            "string\nstring\nstring\n");
}

TEST_F(SweepVerb, gives_a_case_the_same_run_alone_and_among_others) {
  const auto digest = [&](const std::string& from, const std::string& seeds) {
    const Finished sweep =
        bench.tickover({"sweep", talk, "--from", from, "--seeds", seeds, "--json"});
    bench.write("sweep.json", sweep.out);
    return std::stoull(bench.shell("jq -r '.scenarios[0].digest' sweep.json").out, nullptr, 16);
  };
  // The digests of cases are added up, without order.
  EXPECT_EQ(digest("5", "3"), digest("7", "1") + digest("5", "1") + digest("6", "1"));
}

TEST_F(SweepVerb, runs_a_file_with_a_pinned_seed_once) {
  bench.write("x.toml", "seed = 9\n" + one_host("peer"));
  const Finished sweep = bench.tickover({"sweep", "x.toml", "--json"});
  bench.write("sweep.json", sweep.out);
  EXPECT_EQ(bench.shell("jq .scenarios[0].seeds sweep.json").out, "1\n") << sweep.err;
}

TEST_F(SweepVerb, tells_files_of_one_name_apart) {
  bench.write("a/x.toml", bench.read(canary));
  bench.write("b/x.toml", bench.read(canary));
  const Finished sweep = bench.tickover({"sweep", "a", "b", "--seeds", "1", "--shrink", "0"});
  EXPECT_NE(sweep.out.find("\na/x.toml "), std::string::npos) << sweep.out;
  EXPECT_EQ(bench.files("runs").size(), 5u);
}

TEST_F(SweepVerb, draws_a_bar_on_a_terminal_only) {
  bench.write("long.toml", bench.read(talk));
  const std::string sweep = Workbench::program() + " sweep long.toml --seeds 150 --jobs 1";
  EXPECT_EQ(bench.shell(sweep + " 2>&1 >/dev/null").out, "");
  const Finished seen = bench.shell("script -qec '" + sweep + "' /dev/null </dev/null");
  EXPECT_EQ(seen.exit, 0);
  EXPECT_NE(seen.out.find("/150 runs"), std::string::npos);
  EXPECT_NE(seen.out.find("\r\x1b[K"), std::string::npos) << "the bar stays";
}

TEST_F(SweepVerb, ends_at_once_when_interrupted_with_its_summary_and_says_where_it_was) {
  bench.write("endless.toml", endless());
  for (const int signal : {SIGINT, SIGTERM}) {
    const auto start = std::chrono::steady_clock::now();
    const pid_t process =
        bench.start({"sweep", hopeless, "endless.toml", "--seeds", "1000000000", "--jobs", "1"});
    wait_for_note_on("endless.toml");
    ::kill(process, signal);
    const Finished sweep = bench.finish(process);
    EXPECT_EQ(sweep.exit, 130);
    EXPECT_TRUE(
        std::regex_search(sweep.err, std::regex("interrupted after 1 of 2,000,000,000 runs, at\n"
                                                "  replay: .*endless.toml --seed 0x1\n")))
        << sweep.err;
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
    // What had failed by then is told, and saved; what was running stands in a note.
    EXPECT_TRUE(std::regex_search(sweep.out, std::regex("\nall +1 +0 +1 "))) << sweep.out;
    EXPECT_TRUE(bench.has("runs/an-expectation-that-breaks-expect-1.toml")) << sweep.out;
    const auto notes = notes_left();
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_NE(bench.read(notes.front()).find("run endless.toml --seed 0x1 "), std::string::npos);
    bench.shell("rm -r runs");
  }
}

TEST_F(SweepVerb, leaves_a_note_on_what_ran_when_it_is_killed) {
  bench.write("endless.toml", endless());
  const pid_t process = bench.start({"sweep", "endless.toml", "--from", "0x2a", "--jobs", "1"});
  wait_for_note_on("endless.toml");
  ::kill(process, SIGKILL);
  EXPECT_EQ(bench.finish(process).exit, 128 + SIGKILL);
  const auto notes = notes_left();
  ASSERT_EQ(notes.size(), 1u);
  const std::string note = bench.read(notes.front());
  EXPECT_NE(note.find("run endless.toml --seed 0x2a"), std::string::npos) << note;
  EXPECT_EQ(std::ranges::count(note, '\n'), 1);
}

// BUGS P23
TEST_F(SweepVerb, takes_an_oracle_without_work_for_an_error_in_fast_scenarios) {
  // Nobody sends anything, so P11 has nothing to judge.
  const std::string idle = walker_and("peer", "start = \"10s\"\n");
  bench.write("scenarios/fast/idle.toml", idle);
  bench.write("elsewhere/idle.toml", idle);
  const Finished fast = bench.tickover({"sweep", "scenarios/fast/idle.toml", "--seeds", "2"});
  EXPECT_EQ(fast.exit, 2) << fast.out;
  EXPECT_NE(fast.err.find("idle.toml: oracle P11 never judged in 2 runs\n"), std::string::npos)
      << fast.err;
  const Finished other = bench.tickover({"sweep", "elsewhere/idle.toml", "--seeds", "2"});
  EXPECT_EQ(other.exit, 0);
  EXPECT_NE(other.err.find("idle.toml: warning: oracle P11 never judged"), std::string::npos);
  // It never hides a failure.
  EXPECT_EQ(bench.tickover({"sweep", "scenarios", "--seeds", "2"}).exit, 1);
}

TEST_F(SweepVerb, warns_of_a_fault_that_never_matched) {
  bench.write("x.toml", walker_and("peer",
                                   "[[fault]]\ndrop = { from = \"walker\", to = \"mountain\", "
                                   "transaction = 4000 }\n"));
  const Finished sweep = bench.tickover({"sweep", "x.toml", "--seeds", "2"});
  EXPECT_EQ(sweep.exit, 0);
  EXPECT_NE(sweep.err.find("x.toml:17:1: warning: this fault never matched anything in 2 runs"),
            std::string::npos)
      << sweep.err;
  const Finished run = bench.tickover({"run", "x.toml"});
  EXPECT_NE(run.out.find("x.toml:17:1: this fault never matched"), std::string::npos) << run.out;
}

}  // namespace
}  // namespace tickover::sim
