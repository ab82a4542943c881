#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "properties/scenario/registry.h"
#include "sim/scenario/reader.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;

constexpr const char* design_example = R"(# A TURN client has its allocation back soon.
format   = 1
duration = "15min"

[[host]]
name    = "relay"
role    = "turn-server"
address = ["192.0.2.1", "2001:db8::1"]

[[host]]
name  = "alice"
role  = "turn-client"
relay = "relay"
nat   = { mapping = "address-and-port", filtering = "address-and-port", timeout = "30s..2min" }

[[link]]
between = ["alice", "relay"]
latency = "20ms..80ms"
jitter  = "0ms..15ms"
loss    = "1%"

[[fault]]
at        = "4min"
for       = "40s"
partition = ["alice", "relay"]

[[fault]]
drop = { from = "relay", to = "alice", message = "Refresh success", transaction = 2 }

[expect]
finally = ["alice has an allocation"]
heal    = { at = "5min", within = "policy" }
)";

/// A test writes its lines, counted from 3, between these two.
constexpr const char* head = "# It holds.\nformat = 1\n";
constexpr const char* tail = R"(
[[host]]
name = "alice"
role = "peer"
[[host]]
name = "bob"
role = "peer"
[[link]]
between = ["alice", "bob"]
)";

std::vector<std::string> problems_in(const std::string& text, const std::string& name = "x.toml") {
  std::vector<Problem> problems;
  if (auto scenario = read_scenario_text(text, name, reading_roles(), &problems); !scenario) {
    problems = std::move(scenario.error());
  }
  std::vector<std::string> texts;
  for (const Problem& problem : problems) texts.push_back(problem.text());
  return texts;
}

/// The problems of these lines in a scenario with the peers alice and bob, as one text.
std::string complaints(const std::string& lines) {
  std::string all;
  for (const std::string& text : problems_in(head + lines + tail)) all += text + "\n";
  return all;
}

TEST(ScenarioReader, reads_the_example_of_the_design) {
  std::vector<Problem> warnings;
  const auto read = read_scenario_text(design_example, "x.toml", reading_roles(), &warnings);
  ASSERT_TRUE(read) << read.error().front().text();
  EXPECT_TRUE(warnings.empty());
  const Scenario& scenario = *read;
  EXPECT_EQ(scenario.sentence, "A TURN client has its allocation back soon.");
  EXPECT_EQ(scenario.duration, Range<Duration>(15min));
  ASSERT_EQ(scenario.hosts.size(), 2u);
  EXPECT_EQ(scenario.hosts[0].addresses.size(), 2u);
  EXPECT_EQ(scenario.hosts[0].place.line, 5u);
  ASSERT_TRUE(scenario.hosts[1].nat);
  EXPECT_EQ(scenario.hosts[1].nat->timeout, (Range<Duration>(30s, 2min)));
  EXPECT_EQ(std::get<std::string>(scenario.hosts[1].settings.find("relay")->value), "relay");
  EXPECT_EQ(scenario.links[0].both.loss, Range<Ratio>(Ratio(1, 100)));
  EXPECT_EQ(scenario.faults[0].action, FaultAction(Partition{"alice", "relay"}));
  EXPECT_EQ(std::get<Drop>(scenario.faults[1].action).match.transaction, 2);
  EXPECT_EQ(scenario.expect.finally_[0].place.line, 31u);
  EXPECT_EQ(scenario.expect.finally_[0].place.column, 12u);
  EXPECT_FALSE(scenario.expect.heal->within);
}

TEST(ScenarioReader, allows_only_the_words_there_are_in_a_list_too) {
  const std::string host =
      "[[host]]\nname = \"c\"\nrole = \"turn-client\"\nrelay = \"alice\"\ndigests = ";
  EXPECT_EQ(complaints(host + "\"sha-1\"\n"), complaints(host + "[\"sha-1\", \"sha-256\"]\n"));
  EXPECT_THAT(complaints(host + "[\"sha-1\", \"sha-265\"]\n"),
              testing::HasSubstr("`digests`: expected \"sha-1\" or \"sha-256\", found \"sha-265\" "
                                 "(did you mean \"sha-256\"?)"));
  EXPECT_THAT(complaints(host + "\"md5\"\n"), testing::HasSubstr("`digests`: expected"));
}

TEST(ScenarioReader, reads_every_fault) {
  const auto read = read_scenario_text(std::string(head) + R"(fault = [
  { block = { from = "alice", to = "bob" } },
  { delay = { from = "alice", copy = "1..3", by = "1s..2s" } },
  { duplicate = { message = "Refresh", after = "5ms" } },
  { corrupt = {} },
  { forge = { from = "alice", to = "bob", text = "hello" } },
  { reboot = "bob", at = "1s", for = "2s" },
  { nat-reset = "alice" },
  { wall-jump = { host = "alice", by = "-1h" } },
  { degrade = { between = ["alice", "bob"], loss = 0.25 } },
])" + tail,
                                       "x.toml", reading_roles());
  ASSERT_TRUE(read) << read.error().front().text();
  ASSERT_EQ(read->faults.size(), 9u);
  EXPECT_EQ(std::get<Delay>(read->faults[1].action).by, (Range<Duration>(1s, 2s)));
  EXPECT_EQ(std::get<Forge>(read->faults[4].action).text, "hello");
  EXPECT_EQ(read->faults[5].length, Range<Duration>(2s));
  EXPECT_EQ(std::get<WallJump>(read->faults[7].action).by, Range<Duration>(-1h));
  EXPECT_EQ(std::get<Degrade>(read->faults[8].action).conditions.loss, Range<Ratio>(Ratio(1, 4)));
}

TEST(ScenarioReader, names_the_nearest_key) {
  EXPECT_EQ(complaints("duratoin = \"1s\"\n"),
            "x.toml:3:1: a scenario has no key \"duratoin\" (did you mean \"duration\"?)\n");
  EXPECT_EQ(
      complaints("[[traffic]]\nfrom = \"alice\"\nto = \"bob\"\nbytes = 3\n"),
      "x.toml:6:1: traffic has no key \"bytes\"; it has \"from\", \"to\", \"like\", \"every\", "
      "\"size\", \"start\" or \"stop\"\n");
}

TEST(ScenarioReader, names_the_nearest_host) {
  EXPECT_EQ(complaints("[[traffic]]\nfrom = \"alcie\"\nto = \"bob\"\n"),
            "x.toml:4:8: there is no host \"alcie\" (did you mean \"alice\"?)\n");
  EXPECT_EQ(complaints("[[fault]]\npartition = [\"alice\", \"bbo\"]\n"),
            "x.toml:4:23: there is no host or NAT \"bbo\" (did you mean \"bob\"?)\n");
  EXPECT_EQ(complaints("[[fault]]\ndrop = { from = \"bobb\" }\n"),
            "x.toml:4:17: there is no host or NAT \"bobb\" (did you mean \"bob\"?)\n");
  EXPECT_EQ(complaints("[[host]]\nname = \"c\"\nrole = \"turn-client\"\nrelay = \"alise\"\n"
                       "[[link]]\nbetween = [\"c\", \"*\"]\n"),
            "x.toml:6:9: there is no host \"alise\" (did you mean \"alice\"?)\n");
}

TEST(ScenarioReader, names_the_nearest_role) {
  EXPECT_EQ(complaints("[[host]]\nname = \"c\"\nrole = \"turn-cleint\"\nrelay = \"alice\"\n"
                       "[[link]]\nbetween = [\"c\", \"*\"]\n"),
            "x.toml:5:8: there is no role \"turn-cleint\"; there are \"peer\", \"turn-client\" or "
            "\"turn-server\" (did you mean \"turn-client\"?)\n");
}

TEST(ScenarioReader, says_what_type_it_found) {
  EXPECT_EQ(complaints("duration = 40\n"),
            "x.toml:3:12: `duration`: expected a duration such as \"500ms\" or \"20ms..80ms\", "
            "found the integer 40 (did you mean \"40s\"?)\n");
  EXPECT_EQ(complaints("expect = true\n"),
            "x.toml:3:10: `expect` is a table { finally = … }, found true\n");
  EXPECT_EQ(complaints("[fault]\nreboot = \"bob\"\n"),
            "x.toml:3:2: `fault` is a list of tables: write [[fault]], not [fault]\n");
  EXPECT_EQ(complaints("traffic = [{ from = \"alice\", to = [\"bob\"] }]\n"),
            "x.toml:3:35: `to`: expected a name, found a list\n");
  EXPECT_EQ(complaints("expect = { never = [\"a b\", 3] }\n"),
            "x.toml:3:28: `never`: expected a text or a list of texts, found the integer 3 in the "
            "list\n");
  EXPECT_EQ(complaints("[[fault]]\ndrop = { copy = \"2\" }\n"),
            "x.toml:4:17: `copy`: expected an integer or a range such as \"3..7\", found the text "
            "\"2\"\n");
  EXPECT_EQ(complaints("[[fault]]\npartition = [\"alice\"]\n"),
            "x.toml:4:13: `partition`: expected two names such as [\"alice\", \"relay\"], found 1 "
            "names\n");
}

TEST(ScenarioReader, points_at_bad_units_and_ranges) {
  EXPECT_EQ(
      complaints("duration = \"5m\"\n"),
      "x.toml:3:12: `duration`: expected a duration such as \"500ms\" or \"1h30min\", found "
      "\"5m\": no unit \"m\"; there are ns, us, ms, s, min, h and d (did you mean \"5min\"?)\n");
  EXPECT_EQ(complaints("duration = \"2s..1s\"\n"),
            "x.toml:3:12: `duration`: expected a range low..high, found \"2s..1s\": its ends are "
            "reversed (did you mean \"1s..2s\"?)\n");
  EXPECT_EQ(complaints("duration = \"0s\"\n"),
            "x.toml:3:12: `duration`: more than 0s is expected, found 0s\n");
  EXPECT_EQ(complaints("[[fault]]\nat = \"-1s\"\nreboot = \"bob\"\n"),
            "x.toml:4:6: `at`: at least 0s is expected, found -1s\n");
  EXPECT_EQ(complaints("[[traffic]]\nfrom = \"bob\"\nto = \"alice\"\nsize = 15\n"),
            "x.toml:6:8: `size`: at least 16 is expected, found 15\n");
  EXPECT_EQ(complaints("[[fault]]\ndegrade = { between = [\"bob\", \"*\"], loss = 1.5 }\n"),
            "x.toml:4:44: `loss`: expected a probability such as \"1%\" or \"1/3\", found \"1.5\": "
            "it is more than 1 (did you mean \"1.5%\"?)\n");
}

TEST(ScenarioReader, refuses_names_that_are_taken_or_no_word) {
  EXPECT_EQ(complaints("[[nat]]\nname = \"bob\"\n"),
            "x.toml:4:8: the name \"bob\" is taken by a host on line 10\n");
  EXPECT_EQ(complaints("[[nat]]\nname = \"the nat\"\n"),
            "x.toml:4:8: a name is one word without spaces, found \"the nat\"\n");
  EXPECT_EQ(complaints("[[nat]]\nname = \"bob-2\"\n"), "");
  EXPECT_EQ(
      problems_in("# S\nformat = 1\nhost = [{ name = \"a\", role = \"peer\", count = 3 },\n"
                  "{ name = \"a-2\", role = \"peer\" }]\nlink = [{ between = [\"*\", \"*\"] }]")
          .front(),
      "x.toml:4:10: the name \"a-2\" is taken by a member of the group \"a\"");
}

TEST(ScenarioReader, wants_one_action_per_fault) {
  EXPECT_EQ(complaints("[[fault]]\nreboot = \"bob\"\nnat-reset = \"bob\"\n"),
            "x.toml:5:1: a fault does one thing, found `nat-reset` besides `reboot`\n");
  EXPECT_TRUE(complaints("[[fault]]\nat = \"1s\"\n")
                  .starts_with("x.toml:3:1: a fault needs an action: \"partition\", \"block\", "));
  EXPECT_EQ(complaints("[[fault]]\nrebot = \"bob\"\n"),
            "x.toml:4:1: a fault has no key \"rebot\" (did you mean \"reboot\"?)\n");
}

TEST(ScenarioReader, says_which_key_is_missing) {
  EXPECT_EQ(complaints("[[traffic]]\nfrom = \"bob\"\n"),
            "x.toml:3:1: traffic needs `to`: the receiver\n");
  EXPECT_EQ(complaints("[[fault]]\ndelay = { from = \"bob\" }\n"),
            "x.toml:4:9: `delay` needs `by`: how much\n");
  EXPECT_EQ(problems_in("# S\nhost = [{ name = \"a\", role = \"peer\" }]"),
            std::vector<std::string>{
                "x.toml:1:1: a scenario needs `format`: the version of this format, 1"});
}

TEST(ScenarioReader, refuses_a_link_twice_or_to_itself) {
  EXPECT_EQ(complaints("[[link]]\nbetween = [\"bob\", \"alice\"]\n"),
            "x.toml:13:11: the link between \"alice\" and \"bob\" is given on line 4 already\n");
  EXPECT_EQ(complaints("[[link]]\nbetween = [\"bob\", \"bob\"]\n"),
            "x.toml:4:19: `between`: two different ends are expected, found \"bob\" twice\n");
}

TEST(ScenarioReader, reports_all_problems_in_order) {
  const auto problems = problems_in(
      "# S\nformat = 2\nhost = [{ name = \"a\", rolle = \"peer\" }]\n"
      "fault = [{}, { reboot = \"b\" }]\nseed = -1\n");
  ASSERT_EQ(problems.size(), 6u);
  EXPECT_EQ(problems[0], "x.toml:2:10: `format`: 1 is expected, found 2");
  EXPECT_EQ(problems[1], "x.toml:3:9: a host needs `role`: which machine runs there");
  EXPECT_EQ(problems[2].substr(0, 12), "x.toml:3:23:");
  EXPECT_EQ(problems[3].substr(0, 12), "x.toml:4:10:");
  EXPECT_EQ(problems[4], "x.toml:4:25: there is no host \"b\"; there is \"a\"");
  EXPECT_EQ(problems[5],
            "x.toml:5:8: `seed`: expected a seed: an integer, \"0x…\" or a commit hash, found the "
            "integer -1");
}

TEST(ScenarioReader, warns_of_hosts_without_a_link) {
  EXPECT_EQ(complaints("[[nat]]\nname = \"n\"\n"), "");
  EXPECT_EQ(problems_in("# S\nformat = 1\n[[host]]\nname = \"a\"\nrole = \"peer\"\n[[host]]\n"
                        "name = \"b\"\nrole = \"peer\"\n[[host]]\nname = \"c\"\nrole = \"peer\"\n"
                        "[[link]]\nbetween = [\"a\", \"b\"]\n"),
            std::vector<std::string>{"x.toml:9:1: warning: no link touches the host \"c\""});
}

TEST(ScenarioReader, wants_a_sentence_first) {
  const std::string bare = "format = 1\nhost = [{ name = \"a\", role = \"peer\" }]\n# late";
  const std::string what = "the file begins with no `# sentence` on what must hold";
  EXPECT_EQ(problems_in(bare), std::vector<std::string>{"x.toml:1:1: warning: " + what});
  EXPECT_EQ(problems_in(bare, "scenarios/fast/x.toml"),
            std::vector<std::string>{"scenarios/fast/x.toml:1:1: " + what});
  EXPECT_EQ(opening_sentence("\n#\n#  It holds. \r\n# More."), "It holds.");
}

TEST(ScenarioReader, knows_groups_and_their_members) {
  const std::string text = R"(# S
format = 1
[[host]]
name = "c"
role = "peer"
count = 3
address = "192.0.2.10"
[[host]]
name = "relay"
role = "turn-server"
[[link]]
between = ["*", "relay"]
[[traffic]]
from = "c"
to = "c-3"
)";
  EXPECT_EQ(problems_in(text), std::vector<std::string>{});
  EXPECT_EQ(problems_in(text + "[[fault]]\nreboot = \"c-4\"\n").at(0),
            "x.toml:17:10: there is no host \"c-4\" (did you mean \"c-1\"?)");
  EXPECT_EQ(
      problems_in(text + "[[host]]\nname = \"d\"\nrole = \"turn-client\"\nrelay = \"c\"\n").at(0),
      "x.toml:19:9: \"c\" is a group of hosts, and one host is expected (did you mean "
      "\"c-1\"?)");
  EXPECT_EQ(
      problems_in(text + "[[host]]\nname = \"d\"\nrole = \"peer\"\naddress = \"192.0.2.12\"\n")
          .at(0),
      "x.toml:16:1: \"d\" has the address 192.0.2.12 of \"c\"");
}

TEST(ScenarioReader, refuses_nats_in_a_circle) {
  EXPECT_EQ(complaints("[[nat]]\nname = \"m\"\nbehind = \"n\"\n[[nat]]\nname = \"n\"\n"
                       "behind = \"m\"\n"),
            "x.toml:3:1: the NAT \"m\" is behind itself\nx.toml:6:1: the NAT \"n\" is behind "
            "itself\n");
  EXPECT_EQ(complaints("[[nat]]\nname = \"l\"\nbehind = \"m\"\n[[nat]]\nname = \"m\"\n"
                       "behind = \"m\"\n"),
            "x.toml:6:1: the NAT \"m\" is behind itself\n");
  EXPECT_EQ(complaints("[[nat]]\nname = \"m\"\nbehind = \"bob\"\n"),
            "x.toml:5:10: \"bob\" is a host, and a [[nat]] is expected\n");
  EXPECT_EQ(complaints("[[nat]]\nname = \"m\"\nmapping = \"adress\"\n"),
            "x.toml:5:11: `mapping`: expected \"endpoint-independent\", \"address\" or "
            "\"address-and-port\", found \"adress\" (did you mean \"address\"?)\n");
}

TEST(ScenarioReader, reports_a_syntax_error_alone) {
  const auto problems = problems_in("format = 1\nhost = [\nfoo");
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].substr(0, 21), "x.toml:3:2: not TOML:") << problems[0];
}

TEST(ScenarioReader, refuses_what_is_no_text) {
  EXPECT_EQ(problems_in(std::string("# a\nb\0c", 7)).at(0),
            "x.toml:2:2: a NUL byte: this is not a text file");
  EXPECT_EQ(problems_in("# ü\n#\n# \xff").at(0),
            "x.toml:3:3: the byte 0xff is not UTF-8: this is not a text file");
  EXPECT_EQ(problems_in("").at(0),
            "x.toml:1:1: the file is empty: a scenario needs at least `format = 1` and one "
            "[[host]] with `name` and `role`");
}

TEST(ScenarioReader, survives_nesting_without_end) {
  std::string dots = "[a";
  for (int i = 0; i < 500'000; ++i) dots += ".a";
  EXPECT_EQ(problems_in(dots + "]").at(0),
            "x.toml:1:33: a key of more than 16 parts, joined by dots");
  EXPECT_EQ(problems_in("a = " + std::string(1'000'000, '[')).size(), 1u);
  std::string tables = "a = ";
  for (int i = 0; i < 500'000; ++i) tables += "{a=";
  EXPECT_EQ(problems_in(tables).size(), 1u);
}

TEST(ScenarioReader, keeps_unquoted_decimals_exact) {
  EXPECT_EQ(complaints("[[fault]]\ndegrade = { between = [\"bob\", \"*\"], corrupt = \"ü\", "
                       "loss = 1e-2 }\n"),
            "x.toml:4:47: `corrupt`: expected a probability such as \"1%\" or \"1/3\", found "
            "\"ü\"\nx.toml:4:59: `loss`: expected a probability such as \"1%\" or \"1/3\", found "
            "\"1e-2\": \"e-2\" is too much\n");
}

TEST(ScenarioReader, lists_a_thousand_problems_and_counts_the_rest) {
  std::string many = "# S\nformat = 1\n";
  for (int i = 0; i < 1500; ++i) many += "k" + std::to_string(i) + " = 1\n";
  const auto problems = problems_in(many);
  ASSERT_EQ(problems.size(), 1001u);
  EXPECT_EQ(problems.back(), "x.toml: and 501 more problems");
}

class ScenarioFile : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(testing::TempDir()) / test->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string problem_of(const std::string& path) {
    const auto read = read_scenario_file(path, reading_roles());
    return read ? "it was read" : read.error().front().text();
  }
  std::filesystem::path folder_;
};

TEST_F(ScenarioFile, must_be_there_and_be_a_file) {
  const std::string missing = folder_ / "missing.toml";
  EXPECT_EQ(problem_of(missing), missing + ": there is no such file");
  EXPECT_EQ(problem_of(folder_),
            folder_.string() + ": this is a directory, and a file is expected");
  EXPECT_EQ(problem_of("/dev/null"), "/dev/null: this is no regular file");
}

TEST_F(ScenarioFile, is_refused_by_its_size_alone) {
  const std::string large = folder_ / "large.toml";
  std::ofstream(large) << "x";
  std::filesystem::resize_file(large, std::uintmax_t{1} << 40);  // sparse: reading would not end
  EXPECT_EQ(problem_of(large),
            large + ": larger than 64 MiB (1099511627776 bytes): this is no scenario");
}

TEST_F(ScenarioFile, is_read) {
  const std::string path = folder_ / "good.toml";
  std::ofstream(path) << design_example;
  EXPECT_EQ(problem_of(path), "it was read");
}

}  // namespace
}  // namespace tickover::sim
