#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "properties/program/workbench.h"

namespace tickover::sim {
namespace {

constexpr const char* talk = "scenarios/fast/two-clients-talk.toml";
constexpr const char* canary = "scenarios/negative/bytes-nobody-sent.toml";

class RunVerb : public testing::Test {
 protected:
  void SetUp() override {
    bench.bring(talk);
    bench.bring(canary);
  }
  Workbench bench;
};

// BUGS P21
TEST_F(RunVerb, prints_the_same_bytes_for_the_same_seed) {
  const Finished once = bench.tickover({"run", talk, "--seed", "7", "-v"});
  EXPECT_EQ(once.exit, 0);
  EXPECT_EQ(once.out, bench.tickover({"run", talk, "--seed", "7", "-v"}).out);
  EXPECT_NE(once.out, bench.tickover({"run", talk, "--seed", "8", "-v"}).out);
}

TEST_F(RunVerb, takes_a_seed_as_decimal_and_as_hex) {
  EXPECT_EQ(bench.tickover({"run", talk, "--seed", "42"}).out,
            bench.tickover({"run", talk, "--seed", "0x2A"}).out);
}

TEST_F(RunVerb, tells_what_it_did_in_json) {
  bench.write("held.json", bench.tickover({"run", talk, "--seed", "7", "--json"}).out);
  EXPECT_EQ(
      bench.shell("jq -r '.seed, .verdict, (.digest | test(\"^[0-9a-f]{16}$\"))' held.json").out,
      "0x7\nheld\ntrue\n");
  const Finished failed = bench.tickover({"run", canary, "--json", "--caught"});
  EXPECT_EQ(failed.exit, 0);
  bench.write("failed.json", failed.out);
  EXPECT_EQ(bench.shell("jq -r '.exit, .caught, .breach.oracle' failed.json").out,
            "1\ntrue\nP11\n");
}

TEST_F(RunVerb, writes_no_two_things_to_one_file) {
  const Finished twice = bench.tickover({"run", talk, "--log", "o", "--fates", "./o"});
  EXPECT_EQ(twice.exit, 2);
  EXPECT_NE(twice.err.find("the list would overwrite the log"), std::string::npos) << twice.err;
  EXPECT_FALSE(bench.has("o"));
  EXPECT_EQ(bench.tickover({"run", talk, "--fates", talk}).exit, 2);
}

TEST_F(RunVerb, writes_a_log_that_jq_reads_as_a_story) {
  const Finished run = bench.tickover({"run", talk, "--seed", "7", "--log", "run.jsonl"});
  EXPECT_EQ(run.exit, 0);
  const Finished story = bench.shell("jq -r '\"\\(.time) \\(.severity) \\(.message)\"' run.jsonl");
  EXPECT_EQ(story.exit, 0);
  const auto lines = story.lines();
  ASSERT_GT(lines.size(), 100u);
  const std::regex shape(
      "2026-01-01T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{9}Z (trace|info|warning|error) .+");
  for (const std::string& line : lines) EXPECT_TRUE(std::regex_match(line, shape)) << line;
  EXPECT_TRUE(lines.front().starts_with("2026-01-01T00:00:00.000000000Z info seed 0x7: "));
  EXPECT_TRUE(lines.back().ends_with(" info held")) << lines.back();
  for (const char* words : {"allocated, ", " gets Allocate request 1 from ", "wakes: "}) {
    EXPECT_NE(story.out.find(words), std::string::npos) << words;
  }
}

TEST_F(RunVerb, tells_in_forty_lines_what_a_long_run_is_about) {
  bench.write("long.toml", R"(# S
format   = 1
duration = "20min"
[[host]]
name = "relay"
role = "turn-server"
[[host]]
name  = "alice"
role  = "turn-client"
relay = "relay"
[[host]]
name = "bob"
role = "peer"
echo = true
[[link]]
between = ["alice", "relay"]
loss    = "10%"
[[link]]
between = ["relay", "bob"]
[[traffic]]
from  = "alice"
to    = "bob"
every = "1s"
[[fault]]
at     = "10min"
for    = "5s"
reboot = "relay"
)");
  const Finished run = bench.tickover({"run", "long.toml"});
  EXPECT_EQ(run.exit, 0);
  // Two above the timeline, four below.
  EXPECT_LE(run.lines().size(), 46u);
  for (const char* words : {"600.000000000  reboot of relay begins", "relay starts again",
                            " is gone", " lines left out)", "-v shows all of it"}) {
    EXPECT_NE(run.out.find(words), std::string::npos) << words;
  }
  EXPECT_GT(bench.tickover({"run", "long.toml", "-v"}).lines().size(), 1'000u);
}

// BUGS P6
TEST_F(RunVerb, says_which_claim_was_never_judged) {
  std::string text = bench.read(talk);
  text += R"(
within = [
  "alice has an allocation within 30s",
  "alice has an allocation within 30s after alice is told by ICMP",
]
)";
  bench.write("claims.toml", text);
  const std::size_t line = static_cast<std::size_t>(std::ranges::count(text, '\n')) - 1;
  const std::string place = "claims.toml:" + std::to_string(line) + ":3: ";
  const Finished run = bench.tickover({"run", "claims.toml"});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_NE(run.out.find("warning: " + place + "this claim was never judged"), std::string::npos)
      << run.out;
  EXPECT_EQ(run.out.find("never judged"), run.out.rfind("never judged")) << run.out;
  const Finished sweep = bench.tickover({"sweep", "claims.toml", "--seeds", "3"});
  EXPECT_NE(sweep.err.find(place + "warning: this claim was never judged in 3 runs"),
            std::string::npos)
      << sweep.err;
}

TEST_F(RunVerb, refuses_a_log_that_cannot_be_written) {
  for (const std::string log : {"no/folder/x", ".", "/dev/full", talk}) {
    const Finished run = bench.tickover({"run", talk, "--log", log});
    EXPECT_EQ(run.exit, 2) << log;
    EXPECT_TRUE(run.err.starts_with(log + ": ")) << run.err;
  }
  EXPECT_EQ(bench.tickover({"check", talk}).exit, 0) << "the scenario was overwritten";
}

TEST_F(RunVerb, notices_that_its_output_is_lost) {
  const Finished run = bench.shell(Workbench::program() + " run " + talk + " >/dev/full");
  EXPECT_EQ(run.exit, 2);
  EXPECT_NE(run.err.find("not all output could be written"), std::string::npos);
}

TEST_F(RunVerb, says_whether_a_negative_file_was_caught) {
  const Finished caught = bench.tickover({"run", canary, "--caught"});
  EXPECT_EQ(caught.exit, 0);
  EXPECT_EQ(caught.last_line(), "ok: caught by P11, as it should be by P11");

  std::string harmless = bench.read(canary);
  harmless = harmless.substr(0, harmless.find("[[fault]]"));
  bench.write("harmless.toml", harmless);
  const Finished missed = bench.tickover({"run", "harmless.toml", "--caught"});
  EXPECT_EQ(missed.exit, 1);
  EXPECT_EQ(bench.shell(missed.replay()).exit, 1) << missed.out;

  bench.write("missed.json", bench.tickover({"run", "harmless.toml", "--caught", "--json"}).out);
  const Finished command = bench.shell("$(jq -r .replay missed.json)");
  EXPECT_EQ(command.exit, 1) << command.out << command.err;
  const Finished unsaid = bench.tickover({"run", talk, "--caught"});
  EXPECT_EQ(unsaid.exit, 2);
  EXPECT_NE(unsaid.err.find("does not say `caught-by`"), std::string::npos);
}

TEST_F(RunVerb, ends_a_failing_run_with_the_line_that_replays_it) {
  const Finished run = bench.tickover({"run", canary, "--seed", "0xFEEDFACECAFEBEEF"});
  EXPECT_EQ(run.exit, 1);
  const Finished replay = bench.shell(run.replay());
  EXPECT_EQ(replay.exit, 1);
  EXPECT_EQ(replay.out, run.out);
}

}  // namespace
}  // namespace tickover::sim
