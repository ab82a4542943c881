// What a failure leaves behind: a diagram, a scenario to replay, and the way to make it smaller.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "properties/program/workbench.h"
#include "sim/report/events.h"

namespace tickover::sim {
namespace {

constexpr const char* hopeless = "scenarios/negative/an-expectation-that-breaks.toml";

/// walker must not be heard, though it talks: one lost datagram is not enough to break that.
std::string unheard(const std::string& more = "") {
  return walker_and("peer", "[expect]\nnever = [\"mountain hears from walker\"]\n" + more);
}

bool has(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

class Counterexample : public testing::Test {
 protected:
  /// Shrinks the failing file and returns the path of what is left.
  std::string shrunk(const std::string& file) {
    const Finished done = bench.tickover({"shrink", file});
    EXPECT_NE(done.exit, 0) << done.out << done.err;
    for (const std::string& name : bench.files("runs")) {
      if (name.ends_with("-shrunk.toml")) return "runs/" + name;
    }
    ADD_FAILURE() << "nothing saved: " << done.out << done.err;
    return {};
  }
  Workbench bench;
};

TEST_F(Counterexample, begins_with_what_must_hold_and_tells_what_happened) {
  bench.bring(hopeless);
  const std::string path = shrunk(hopeless);
  const std::string text = bench.read(path);
  EXPECT_TRUE(text.starts_with("# A client whose relay is cut off for good")) << text;
  EXPECT_TRUE(has(text, "#     10.000 s  partition of alice and relay begins")) << text;
  EXPECT_TRUE(has(text, " Allocate request 1 ")) << text;
  EXPECT_TRUE(has(text, "LOST (partition)")) << text;
  EXPECT_TRUE(has(text, "expect BROKEN")) << text;
  EXPECT_TRUE(has(text, "[found]\noracle  = \"expect finally")) << text;
  EXPECT_EQ(bench.tickover({"check", path}).exit, 0);
}

TEST_F(Counterexample, keeps_everybody_in_reach_of_somebody) {
  const char* canary = "scenarios/negative/bytes-nobody-sent.toml";
  bench.bring(canary);
  EXPECT_TRUE(has(bench.read(shrunk(canary)), "[[link]]"));
}

TEST_F(Counterexample, replays_event_by_event) {
  bench.write("x.toml", unheard());
  const std::string path = shrunk("x.toml");
  const Finished replay = bench.tickover({"replay", path});
  EXPECT_EQ(replay.exit, 3);
  EXPECT_TRUE(has(replay.out, path + ": reproduces, event by event\n")) << replay.out;
  EXPECT_EQ(bench.shell(replay.replay()).out, replay.out);
  const Finished json = bench.tickover({"replay", path, "--json"});
  EXPECT_TRUE(has(json.out, "\"reproduces\":true,\"same_run\":true")) << json.out;
}

TEST_F(Counterexample, that_is_mended_names_the_first_event_that_differs) {
  bench.write("x.toml", unheard());
  const std::string path = shrunk("x.toml");
  std::string text = bench.read(path);
  text.replace(text.find("[expect]"), 0, "[[fault]]\ndrop = { from = \"walker\" }\n\n");
  bench.write(path, text);
  const Finished replay = bench.tickover({"replay", path});
  EXPECT_EQ(replay.exit, 0) << replay.out;
  EXPECT_TRUE(has(replay.out, "does not reproduce: all held")) << replay.out;
  EXPECT_TRUE(has(replay.out, "first difference: event ")) << replay.out;
  EXPECT_TRUE(has(replay.out, "now:  ")) << replay.out;
  EXPECT_EQ(replay.replay(), "") << "there is nothing to replay";
}

TEST_F(Counterexample, that_fails_by_another_run_says_so) {
  bench.write("x.toml", unheard());
  const std::string path = shrunk("x.toml");
  std::string text = bench.read(path);
  text.replace(text.find("[[link]]"), 0, "[[host]]\nname = \"by\"\nrole = \"peer\"\n\n");
  bench.write(path, text);
  const Finished replay = bench.tickover({"replay", path});
  EXPECT_EQ(replay.exit, 3);
  EXPECT_TRUE(has(replay.out, "reproduces, by another run")) << replay.out;
  EXPECT_TRUE(has(replay.out, "first difference: event ")) << replay.out;
}

TEST_F(Counterexample, that_breaks_another_sentence_does_not_reproduce) {
  bench.write("x.toml", unheard());
  const std::string path = shrunk("x.toml");
  std::string text = bench.read(path);
  EXPECT_TRUE(has(text, R"(oracle  = "expect never \"mountain hears from walker\"")") ||
              has(text, "oracle  = 'expect never \"mountain hears from walker\"'"))
      << text;
  const std::string never = "never = [\"mountain hears from walker\"]";
  ASSERT_TRUE(has(text, never)) << text;
  text.replace(text.find(never), never.size(), "never = [\"walker sends datagrams\"]");
  bench.write(path, text);
  const Finished replay = bench.tickover({"replay", path});
  EXPECT_EQ(replay.exit, 3);
  EXPECT_TRUE(has(replay.out, "fails, but not as it was found")) << replay.out;
}

TEST_F(Counterexample, that_ran_out_of_steps_replays_without_being_told_how_many) {
  bench.write("x.toml", walker_and("peer"));
  const Finished sweep = bench.tickover({"sweep", "x.toml", "--seeds", "1", "--steps", "9"});
  EXPECT_EQ(sweep.exit, 5);
  const auto saved = bench.files("runs");
  const auto file =
      std::ranges::find_if(saved, [](const std::string& name) { return name.ends_with(".toml"); });
  ASSERT_NE(file, saved.end()) << sweep.out;
  const Finished replay = bench.tickover({"replay", "runs/" + *file});
  EXPECT_EQ(replay.exit, 5) << replay.out;
  EXPECT_TRUE(has(replay.out, "reproduces, event by event")) << replay.out;
}

TEST_F(Counterexample, is_as_small_as_it_is_once_somebody_asks_to_stop) {
  std::string text = walker_and("peer", "[expect]\nnever = [\"mountain hears from walker\"]\n");
  text.replace(text.find("latency"), 0, "loss = \"30%\"\n");
  bench.write("x.toml", text);
  bench.tickover({"run", "x.toml"});
  const pid_t process = bench.start({"shrink", "x.toml"});
  for (int i = 0; i < 1'000 && bench.files("runs").empty(); ++i) ::usleep(1'000);
  ::kill(process, SIGINT);
  const Finished done = bench.finish(process);
  // It may have been ready just before.
  EXPECT_TRUE(done.exit == 130 || done.exit == 3) << done.exit << done.out << done.err;
  for (const std::string& name : bench.files("runs")) {
    EXPECT_FALSE(has(name, "candidate") || has(name, ".part")) << name;
    if (!name.ends_with(".toml")) continue;
    EXPECT_EQ(bench.tickover({"check", "runs/" + name}).exit, 0);
  }
}

TEST_F(Counterexample, is_needed_for_a_replay) {
  bench.write("x.toml", unheard());
  const Finished replay = bench.tickover({"replay", "x.toml"});
  EXPECT_EQ(replay.exit, 2);
  EXPECT_TRUE(has(replay.err, "x.toml: replay needs `seed` and [found]")) << replay.err;
}

TEST_F(Counterexample, is_not_made_of_a_run_that_holds) {
  bench.write("x.toml", walker_and("peer"));
  const Finished shrink = bench.tickover({"shrink", "x.toml"});
  EXPECT_EQ(shrink.exit, 0);
  EXPECT_TRUE(has(shrink.out, "held, and there is nothing to shrink")) << shrink.out;
  EXPECT_FALSE(bench.has("runs"));
}

TEST_F(Counterexample, is_the_best_so_far_if_runs_are_few) {
  bench.bring(hopeless);
  const Finished shrink = bench.tickover({"shrink", hopeless, "--runs", "3", "--json"});
  EXPECT_EQ(shrink.exit, 3);
  EXPECT_TRUE(has(shrink.out, "\"end\":\"out of runs\",\"runs\":3,")) << shrink.out;
}

TEST_F(Counterexample, shows_as_a_diagram_in_a_failing_run) {
  bench.bring(hopeless);
  const Finished run = bench.tickover({"run", hopeless});
  EXPECT_TRUE(has(run.out, "| -- ") || has(run.out, "|-----")) << run.out;
  EXPECT_TRUE(has(run.out, "LOST (partition)")) << run.out;
  EXPECT_FALSE(has(run.out, "-v shows all of it")) << run.out;
}

TEST_F(Counterexample, can_be_told_by_fates) {
  std::string text = walker_and("peer");
  text.replace(text.find("latency"), 0, "loss = \"30%\"\n");
  bench.write("x.toml", text);
  const Finished run = bench.tickover({"run", "x.toml", "--fates", "told.toml"});
  EXPECT_EQ(run.exit, 0);
  EXPECT_TRUE(has(run.out, " datagrams on links need a word: told.toml\n")) << run.out;
  const std::string told = bench.read("told.toml");
  EXPECT_FALSE(has(told, "loss"));
  EXPECT_TRUE(has(told, "drop = { from = \"walker\", to = \"mountain\"")) << told;
  const Finished again = bench.tickover({"run", "told.toml"});
  EXPECT_EQ(again.lines().back(), run.lines().back()) << "another digest";
}

// --- one fault at a time
// --------------------------------------------------------------------------

TEST(FaultsVerb, prints_a_matrix_of_which_each_cell_is_a_command) {
  Workbench bench;
  bench.write("x.toml", walker_and("peer"));
  const Finished done = bench.tickover({"faults", "x.toml", "--rows", "3"});
  EXPECT_EQ(done.exit, 0) << done.err;
  const auto lines = done.lines();
  ASSERT_GE(lines.size(), 5u);
  for (const char* kind :
       {"datagram", "lost", "late", "doubled", "reordered", "corrupted", "truncated"}) {
    EXPECT_TRUE(has(lines[0], kind)) << lines[0];
  }
  EXPECT_TRUE(has(lines[1], "0.000 s  walker to mountain, datagram 1 ")) << lines[1];
  EXPECT_TRUE(has(lines[4], "8 more datagrams")) << lines[4];
  EXPECT_TRUE(has(lines.back(), "--fault 'delay = { from = \"walker\"")) << done.out;
  const Finished cell = bench.shell(lines.back());
  EXPECT_EQ(cell.exit, 0) << cell.err;
  EXPECT_NE(cell.lines().back(), bench.tickover({"run", "x.toml"}).lines().back());
}

TEST(FaultsVerb, says_what_it_cannot_do) {
  Workbench bench;
  bench.write("x.toml", walker_and("peer"));
  bench.write("alone.toml", one_host("peer"));
  const auto refusal = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "faults");
    const Finished done = bench.tickover(arguments);
    EXPECT_EQ(done.exit, 2) << done.out;
    EXPECT_EQ(done.out, "");
    return done.err;
  };
  EXPECT_TRUE(has(refusal({"x.toml", "--message", "datagrm"}), "did you mean \"datagram\"?"));
  EXPECT_TRUE(has(refusal({"alone.toml"}), "no datagram crosses a link"));
  EXPECT_TRUE(has(refusal({"x.toml", "--cells", "1"}), "--cells needs --pairs"));
}

TEST(FaultsVerb, says_what_fails_without_any_fault) {
  Workbench bench;
  bench.write("x.toml", unheard());
  const Finished done = bench.tickover({"faults", "x.toml", "--rows", "2"});
  EXPECT_EQ(done.exit, 3);
  EXPECT_TRUE(has(done.out, "it fails without any of these: expect")) << done.out;
  EXPECT_EQ(bench.shell(done.replay()).exit, 3) << done.out;
}

TEST(FaultsVerb, ends_with_the_gravest_cell) {
  Workbench bench;
  bench.write("x.toml", walker_and("peer",
                                   "[expect]\ncount = [{ of = \"mountain hears from "
                                   "walker\", is = 10 }]\n"));
  const Finished done = bench.tickover({"faults", "x.toml"});
  EXPECT_EQ(done.exit, 3) << done.out;
  EXPECT_TRUE(has(done.out, "expect!")) << done.out;
  EXPECT_EQ(bench.shell(done.replay()).exit, 3);
  const Finished json = bench.tickover({"faults", "x.toml", "--json"});
  bench.write("matrix.json", json.out);
  const std::string command =
      bench.shell("jq -r '.datagrams[4].faults.lost.command' matrix.json").out;
  EXPECT_EQ(bench.shell(command).exit, 3) << command;
}

TEST(FaultOption, adds_a_fault_to_a_run_and_says_where_it_is_wrong) {
  Workbench bench;
  bench.write("x.toml", walker_and("peer"));
  const Finished run = bench.tickover({"run", "x.toml", "--fault", "drop = { from = \"walker\" }"});
  EXPECT_TRUE(has(run.out, " 0 datagrams delivered")) << run.out;
  const Finished wrong = bench.tickover({"run", "x.toml", "--fault", "drip = 7"});
  EXPECT_EQ(wrong.exit, 2);
  EXPECT_TRUE(has(wrong.err, "did you mean \"drop\"?")) << wrong.err;
}

// --- the events beside a saved failure
// -------------------------------------------------------------

TEST(Events, are_read_as_they_were_written_or_not_at_all) {
  EXPECT_EQ(parse_events("0000002a 1.000000000 alice starts\n"),
            (std::vector<EventLine>{{42, "1.000000000 alice starts"}}));
  EXPECT_EQ(parse_events(""), std::vector<EventLine>{});
  for (const char* bad : {"x", "0000002a", "0000002g words\n", "0000002a1words\n", "\n"}) {
    EXPECT_FALSE(parse_events(bad)) << bad;
  }
}

TEST(Events, differ_first_where_their_digests_do) {
  const std::vector<EventLine> a = {{1, "x"}, {2, "y"}, {3, "z"}};
  std::vector<EventLine> b = a;
  EXPECT_EQ(first_difference(a, b), std::nullopt);
  b[1].words = "other words of the same run";
  EXPECT_EQ(first_difference(a, b), std::nullopt);
  b[1].digest = 7;
  EXPECT_EQ(first_difference(a, b), 2u);
  b.resize(1);
  EXPECT_EQ(first_difference(a, b), std::nullopt);
}

}  // namespace
}  // namespace tickover::sim
