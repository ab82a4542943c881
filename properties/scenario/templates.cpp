// Templates: what several tables would say alike is said once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/random.h"
#include "properties/scenario/registry.h"
#include "sim/scenario/printer.h"
#include "sim/scenario/reader.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Line 3 is the first of `lines`.
std::expected<Scenario, std::vector<Problem>> read_lines(const std::string& lines,
                                                         std::vector<Problem>* warnings = nullptr) {
  return read_scenario_text("# It holds.\nformat = 1\n" + lines, "x.toml", reading_roles(),
                            warnings);
}

std::string complaints(const std::string& lines) {
  std::vector<Problem> problems;
  if (auto read = read_lines(lines, &problems); !read) problems = std::move(read.error());
  std::string all;
  for (const Problem& problem : problems) all += problem.text() + "\n";
  return all;
}

constexpr const char* two_peers = R"(
[[host]]
name = "alice"
role = "peer"
like = "box"
[[host]]
name = "bob"
role = "peer"
like = "box"
[[link]]
between = ["alice", "bob"]
)";

TEST(Template, gives_what_a_table_does_not_say_itself) {
  const auto read = read_lines(R"([template.phone]
role  = "turn-client"
relay = "r"
start = "1s"
nat   = { like = "tight", timeout = "20s" }
[template.tight]
mapping   = "address"
filtering = "address"
timeout   = "30s"
[template.radio]
preset = "lte"
loss   = "5%"
back   = { like = "radio-back" }
[template.radio-back]
loss = "7%"
[[host]]
name = "r"
role = "turn-server"
[[host]]
name  = "a"
like  = "phone"
start = "2s"
[[host]]
name = "b"
like = "phone"
nat  = "home"
[[nat]]
name = "home"
like = "tight"
[[link]]
between = ["a", "r"]
like    = "radio"
jitter  = "3ms"
[[link]]
between = ["home", "r"]
)");
  ASSERT_TRUE(read) << read.error().front().text();
  EXPECT_EQ(read->hosts[1].start, Range<Duration>(2s));
  EXPECT_EQ(read->hosts[2].start, Range<Duration>(1s));
  EXPECT_EQ(read->hosts[1].nat->mapping, NatBehaviour::address);
  EXPECT_EQ(read->hosts[1].nat->timeout, Range<Duration>(20s));
  EXPECT_FALSE(read->hosts[2].nat);
  EXPECT_EQ(read->nats[0].timeout, Range<Duration>(30s));
  EXPECT_EQ(read->links[0].both.loss, Range<Ratio>(Ratio(1, 20)));
  EXPECT_EQ(read->links[0].both.jitter, Range<Duration>(3ms));
  EXPECT_EQ(read->links[0].back.loss, Range<Ratio>(Ratio(7, 100)));
  EXPECT_TRUE(read->links[0].both.wander);  // of the preset
}

TEST(Template, is_told_of_where_it_is_wrong_and_once) {
  EXPECT_EQ(
      complaints(std::string("[template.box]\nstart = \"30 sec\"\n") + two_peers),
      "x.toml:4:9: `start`: expected a duration such as \"500ms\" or \"1h30min\", found \"30 "
      "sec\": no unit \"sec\"; there are ns, us, ms, s, min, h and d (did you mean \"30s\"?)\n");
  EXPECT_EQ(complaints(std::string("[template.box]\nstrat = \"30s\"\n") + two_peers),
            "x.toml:4:1: a host of role \"peer\" has no key \"strat\" (did you mean \"start\"?)\n");
}

TEST(Template, must_be_there) {
  EXPECT_THAT(complaints(std::string("[template.bix]\nstart = \"3s\"\n") + two_peers),
              HasSubstr("x.toml:9:8: there is no template \"box\"; there is \"bix\" (did you mean "
                        "\"bix\"?)\n"));
  EXPECT_THAT(complaints(two_peers), HasSubstr("x.toml:7:8: there is no [template.box]\n"));
}

TEST(Template, that_nothing_is_like_is_warned_of) {
  EXPECT_EQ(complaints(std::string("[template.box]\nlike = \"base\"\n[template.base]\n"
                                   "start = \"3s\"\n[template.lost]\nlike = \"more\"\n"
                                   "[template.more]\n") +
                       two_peers),
            "x.toml:7:11: warning: nothing is like the template \"lost\"\n"
            "x.toml:9:11: warning: nothing is like the template \"more\"\n");
}

TEST(Template, is_never_like_itself) {
  EXPECT_THAT(complaints(std::string("[template.box]\nlike = \"a\"\n[template.a]\nlike = \"b\"\n"
                                     "[template.b]\nnat = { like = \"box\" }\n") +
                         two_peers),
              HasSubstr("x.toml:8:16: the template \"box\" is like itself in the end\n"));
}

TEST(Template, has_no_name_and_is_a_table) {
  EXPECT_EQ(complaints(std::string("[template.box]\nname = \"x\"\n") + two_peers),
            "x.toml:4:1: a template gives no `name`: each host and NAT has its own\n");
  EXPECT_THAT(complaints(std::string("template.box = 3\n") + two_peers),
              HasSubstr("x.toml:3:16: a template is a table: write [template.box], not the integer "
                        "3\n"));
  EXPECT_THAT(complaints(std::string("template = 3\n") + two_peers),
              HasSubstr("x.toml:3:1: `template` is a table of tables: write [template.NAME]"));
}

TEST(Template, that_doubles_at_each_step_is_refused) {
  std::string lines;
  for (int i = 0; i < 40; ++i) {
    const std::string next = std::to_string(i + 1);
    lines += "[template.t" + std::to_string(i) + "]\na = { like = \"t" + next +
             "\" }\nb = { like = \"t" + next + "\" }\n";
  }
  lines += "[template.t40]\nstart = \"1s\"\n[template.box]\nlike = \"t0\"\n";
  EXPECT_THAT(complaints(lines + two_peers), HasSubstr("unfold to more than 1000000 values\n"));
}

/// The same scenario written twice: with templates, and by hand. Each host says some keys itself
/// and leaves some to one or two templates.
struct Twice {
  std::string with_templates;
  std::string by_hand;
};

Twice written_twice(std::uint64_t key) {
  Random random(key);
  const std::vector<std::pair<std::string, std::vector<std::string>>> pool = {
      {"role", {"\"turn-client\""}},
      {"relay", {"\"r\""}},
      {"username", {"\"u\"", "\"v\""}},
      {"refresh", {"\"1s\"", "\"2s..3s\""}},
      {"retries", {"3", "\"4..5\""}},
      {"backoff", {"{ first = \"1s\" }", "{ factor = \"3/2\" }"}},
      {"nat", {"{ mapping = \"address\" }", "{ timeout = \"9s\" }"}},
      {"start", {"\"1s..5s\"", "\"7s\""}},
      {"clock", {"{ drift-ppm = 3 }", "{ offset = \"1h\" }"}},
  };
  // From the most particular to the most general: own keys, the template, the one that it is like.
  const auto pick = [&](std::size_t levels) {
    std::vector<std::string> lines(levels);
    std::string by_hand;
    for (std::size_t level = 0; level < levels; ++level) {
      for (const auto& [name, values] : pool) {
        const bool is_last = level + 1 == levels;
        const bool is_said = by_hand.find(name + " = ") != std::string::npos;
        const bool is_needed = is_last && (name == "role" || name == "relay") && !is_said;
        if (!is_needed && random.below(3) > 0) continue;
        const std::string line = name + " = " + values[random.below(values.size())] + "\n";
        lines[level] += line;
        if (!is_said) by_hand += line;
      }
    }
    lines.push_back(by_hand);
    return lines;
  };
  Twice twice;
  const std::string relay = "[[host]]\nname = \"r\"\nrole = \"turn-server\"\n";
  const std::string link = "[[link]]\nbetween = [\"*\", \"r\"]\n";
  std::string templates;
  for (int i = 0; i < 3; ++i) {
    const std::string n = std::to_string(i);
    const auto lines = pick(3);
    templates += "[template.t" + n + "]\nlike = \"s" + n + "\"\n" + lines[1];
    templates += "[template.s" + n + "]\n" + lines[2];
    twice.with_templates += "[[host]]\nname = \"h" + n + "\"\nlike = \"t" + n + "\"\n" + lines[0];
    twice.by_hand += "[[host]]\nname = \"h" + n + "\"\n" + lines[3];
  }
  twice.with_templates = templates + relay + twice.with_templates + link;
  twice.by_hand = relay + twice.by_hand + link;
  return twice;
}

RC_GTEST_PROP(Template, says_what_is_written_by_hand, (std::uint64_t key)) {
  const Twice twice = written_twice(key);
  RC_LOG() << twice.with_templates;
  std::vector<Problem> warnings;
  const auto unfolded = read_lines(twice.with_templates, &warnings);
  const auto by_hand = read_lines(twice.by_hand);
  if (!unfolded) RC_FAIL(unfolded.error().front().text());
  if (!by_hand) RC_FAIL(by_hand.error().front().text());
  RC_ASSERT(warnings.empty());
  RC_ASSERT(*unfolded == *by_hand);
  RC_ASSERT(print(*unfolded) == print(*by_hand));
}

}  // namespace
}  // namespace tickover::sim
