#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "properties/program/workbench.h"

namespace tickover::sim {
namespace {

std::string with(const std::string& line) {
  return walker_and("peer", line);
}

struct Mistake {
  std::string text;
  std::string says;  // after "x.toml"
};

class BadFile : public testing::TestWithParam<Mistake> {};

TEST_P(BadFile, is_refused_by_every_verb_at_the_place_of_its_mistake) {
  const Workbench bench;
  bench.write("x.toml", GetParam().text);
  for (const char* verb : {"check", "run", "sweep"}) {
    const Finished finished = bench.tickover({verb, "x.toml"});
    EXPECT_EQ(finished.exit, 2) << verb;
    EXPECT_NE(finished.err.find("x.toml" + GetParam().says), std::string::npos) << finished.err;
    EXPECT_EQ(finished.out, "");
  }
  const Finished json = bench.tickover({"check", "x.toml", "--json"});
  EXPECT_EQ(json.exit, 2);
  bench.write("x.json", json.out);
  EXPECT_EQ(bench.shell("jq -r '.[0].ok' x.json").out, "false\n");
}

INSTANTIATE_TEST_SUITE_P(
    OfEveryKind, BadFile,
    testing::Values(
        Mistake{with("size = 100\nevrey = \"1s\"\n"),
                ":18:1: traffic has no key \"evrey\" (did you mean \"every\"?)"},
        Mistake{with("start = \"1m\"\n"), ":17:9: `start`: expected a duration"},
        Mistake{with("start = 1\n"), ":17:9: `start`: expected a duration"},
        Mistake{with("[[link]]\nbetween = [\"walker\", \"montain\"]\n"),
                ":18:22: there is no host"},
        Mistake{with("[[host]\n"), ":17:"}, Mistake{"", ":1:1: the file is empty"},
        Mistake{std::string("\x7f\x45LF\0\1\2\xff", 8), ":1:"},
        Mistake{with("[expect]\nfinally = [\"walker hears form mountain\"]\n"),
                ":18:12: \"walker hears form mountain\": \"form\" does not fit"},
        Mistake{with("[expect]\nnever = [\"hiker restarts\"]\n"), ":18:10: \"hiker restarts\""},
        Mistake{with("[expect]\nheal = { at = \"9s\", within = \"5s\" }\n"),
                ":18:8: the run is too short to judge the heal"},
        Mistake{with("[[host]]\nname = \"twin\"\nrole = \"peer\"\naddress = \"192.0.2.5\"\n"
                     "[[host]]\nname = \"other\"\nrole = \"peer\"\naddress = \"192.0.2.5\"\n"),
                ":2"}));

class BadInput : public testing::Test {
 protected:
  void expect_refused(const std::string& path, const std::string& says) {
    for (const char* verb : {"check", "run", "sweep"}) {
      const auto start = std::chrono::steady_clock::now();
      const Finished finished = bench.tickover({verb, path});
      EXPECT_EQ(finished.exit, 2) << verb << " " << path;
      EXPECT_NE(finished.err.find(says), std::string::npos) << finished.err;
      EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
    }
  }
  Workbench bench;
};

TEST_F(BadInput, that_is_no_file_is_refused_at_once) {
  ::mkfifo(bench.path("fifo.toml").c_str(), 0600);
  std::filesystem::create_directory(bench.path("folder"));
  expect_refused("missing.toml", "missing.toml: there is no such file");
  expect_refused("fifo.toml", "fifo.toml: this is no regular file");
  expect_refused("/dev/zero", "/dev/zero: this is no regular file");
  expect_refused("folder", "folder");
}

TEST_F(BadInput, that_is_huge_is_refused_at_once) {
  bench.write("huge.toml", "# S\n");
  std::filesystem::resize_file(bench.path("huge.toml"), 100 << 20);
  expect_refused("huge.toml", "huge.toml: larger than 64 MiB");
}

TEST_F(BadInput, that_may_not_be_read_is_refused) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  bench.write("secret.toml", one_host("peer"));
  ::chmod(bench.path("secret.toml").c_str(), 0);
  expect_refused("secret.toml", "secret.toml: the file cannot be opened");
}

TEST_F(BadInput, among_good_files_stops_a_sweep_before_it_begins) {
  bench.write("all/a.toml", one_host("peer"));
  bench.write("all/b.toml", one_host("pear"));
  const Finished sweep = bench.tickover({"sweep", "all"});
  EXPECT_EQ(sweep.exit, 2);
  EXPECT_EQ(sweep.out, "");
  EXPECT_NE(sweep.err.find("all/b.toml:6:8: there is no role"), std::string::npos) << sweep.err;
}

TEST_F(BadInput, that_only_some_seeds_draw_is_told_with_such_a_seed) {
  bench.write("x.toml", with("[expect]\nheal = { at = \"1s..9s\", within = \"5s\" }\n"));
  const Finished check = bench.tickover({"check", "x.toml"});
  EXPECT_EQ(check.exit, 2);
  EXPECT_NE(check.err.find(":18:8: the run is too short"), std::string::npos) << check.err;
}

struct Line {
  std::vector<std::string> arguments;
  std::string says;
};

class BadUsage : public testing::TestWithParam<Line> {};

TEST_P(BadUsage, exits_with_2_and_says_what_would_do) {
  const Workbench bench;
  bench.write("x.toml", one_host("peer"));
  const Finished finished = bench.tickover(GetParam().arguments);
  EXPECT_EQ(finished.exit, 2);
  EXPECT_EQ(finished.out, "");
  EXPECT_NE(finished.err.find(GetParam().says), std::string::npos) << finished.err;
  EXPECT_NE(finished.err.find("help"), std::string::npos) << finished.err;
}

constexpr const char* number = "expected a whole number from 1 to ";

INSTANTIATE_TEST_SUITE_P(
    OfEveryKind, BadUsage,
    testing::Values(Line{{}, "a verb is expected"}, Line{{"rnu", "x.toml"}, "did you mean run?"},
                    Line{{"dance"}, "there is no verb \"dance\"; there are run, "},
                    Line{{"--jsno"}, "there is no option --jsno"},
                    Line{{"run"}, "FILE is required"},
                    Line{{"run", "x.toml", "y.toml"}, "one argument too many: \"y.toml\""},
                    Line{{"run", "x.toml", "--sed", "7"}, "no option --sed (did you mean --seed?)"},
                    Line{{"run", "x.toml", "--seed"}, "--seed needs a value"},
                    Line{{"run", "x.toml", "--seed", "banana"}, "expected a seed"},
                    Line{{"run", "x.toml", "--steps", "0"}, number},
                    Line{{"sweep", "x.toml", "--seeds", "0"}, number},
                    Line{{"sweep", "x.toml", "--seeds", "-3"}, number},
                    Line{{"sweep", "x.toml", "--seeds", "99999999999999999999999"}, number},
                    Line{{"sweep", "x.toml", "--seeds", "ten"}, number},
                    Line{{"sweep", "x.toml", "--jobs", "0"}, number}));

TEST(Help, is_there_for_every_verb) {
  const Workbench bench;
  const Finished whole = bench.tickover({"--help"});
  EXPECT_EQ(whole.exit, 0);
  for (const char* verb : {"run", "sweep", "check", "new", "list"}) {
    EXPECT_NE(whole.out.find(std::string("\n  ") + verb + " "), std::string::npos);
    const Finished help = bench.tickover({verb, "--help"});
    EXPECT_EQ(help.exit, 0);
    EXPECT_NE(help.out.find(std::string("Usage: tickover ") + verb), std::string::npos);
  }
  EXPECT_TRUE(bench.tickover({"--version"}).out.starts_with("tickover "));
}

TEST(Template, that_new_writes_passes_check_runs_and_holds) {
  const Workbench bench;
  EXPECT_EQ(bench.tickover({"new", "mine"}).out, "mine.toml\n");
  EXPECT_EQ(bench.tickover({"check", "mine.toml"}).out, "mine.toml: ok\n");
  const Finished sweep = bench.tickover({"sweep", "mine.toml", "--seeds", "20"});
  EXPECT_EQ(sweep.exit, 0) << sweep.out << sweep.err;
  bench.write("x.json", bench.tickover({"new", "other", "--json"}).out);
  EXPECT_EQ(bench.shell("jq -r .file x.json").out, "other.toml\n");
}

}  // namespace
}  // namespace tickover::sim
