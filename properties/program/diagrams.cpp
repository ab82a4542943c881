// What the sequence diagram of a failure shows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "properties/program/workbench.h"

namespace tickover::sim {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Twelve walkers talk to one mountain over bad links.
constexpr const char* crowd = R"(# A crowd talks to a mountain.
format   = 1
duration = "20s"
[[host]]
name  = "walker"
role  = "peer"
count = 12
[[host]]
name = "mountain"
role = "peer"
[[link]]
between = ["walker", "mountain"]
latency = "20ms"
loss    = "20%"
[[traffic]]
from  = "walker"
to    = "mountain"
every = "1s"
[expect]
count = [{ of = "mountain hears from walker-7", is = "100..200" }]
)";

class Diagrams : public testing::Test {
 protected:
  std::string of(const std::string& scenario) const {
    bench.write("x.toml", scenario);
    const Finished run = bench.tickover({"run", "x.toml"});
    EXPECT_EQ(run.exit, 3) << run.out << run.err;
    return run.out;
  }
  Workbench bench;
};

// DESIGN 8
TEST_F(Diagrams, of_many_hosts_show_those_that_the_breach_names) {
  const std::string shown = of(crowd);
  EXPECT_TRUE(std::regex_search(shown, std::regex("\n {14,}[^\n]*walker-7"))) << shown;
  EXPECT_TRUE(std::regex_search(shown, std::regex("\n {14,}[^\n]*mountain"))) << shown;
  EXPECT_THAT(shown, HasSubstr("LOST (loss)"));
  EXPECT_THAT(shown, HasSubstr("(what befell other hosts is left out)"));
  // Nobody sends anything without being named.
  EXPECT_FALSE(std::regex_search(shown, std::regex("\\d s  sends "))) << shown;
}

// DESIGN 8
TEST_F(Diagrams, of_long_runs_show_what_was_lost_first) {
  std::string text = walker_and(
      "peer",
      "[[fault]]\n"
      "drop = { from = \"walker\", to = \"mountain\", message = \"datagram\", transaction = 3 }\n"
      "[expect]\ncount = [{ of = \"mountain hears from walker\", is = \"1..150000\" }]\n");
  text.replace(text.find("10s"), 3, "250s");
  text.replace(text.find("\"1s\""), 4, "\"1ms\"");
  EXPECT_THAT(of(text), HasSubstr("LOST (fault)"));
}

// DESIGN 8
TEST_F(Diagrams, tell_early_from_late_and_every_copy) {
  std::string text = walker_and(
      "peer",
      "[[fault]]\nduplicate = { from = \"walker\", to = \"mountain\", message = \"datagram\", "
      "transaction = 2, after = \"300ms\", also = [\"1s\"] }\n"
      "[[fault]]\nat = \"2500ms\"\nfor = \"1s\"\n"
      "degrade = { between = [\"walker\", \"mountain\"], latency = \"5ms\" }\n"
      "[[fault]]\nat = \"5500ms\"\nfor = \"1s\"\n"
      "degrade = { between = [\"walker\", \"mountain\"], latency = \"200ms\" }\n"
      "[expect]\ncount = [{ of = \"mountain hears from walker\", is = 99 }]\n");
  text.replace(text.find("20ms..80ms"), 10, "20ms");
  const std::string shown = of(text);
  EXPECT_THAT(shown, HasSubstr("arrives at 1.020s, DOUBLED: again at 1.320s and at 2.020s"));
  EXPECT_THAT(shown, HasSubstr("EARLY: arrives at 3.005s"));
  EXPECT_THAT(shown, HasSubstr("LATE: arrives at 6.200s"));
  EXPECT_THAT(shown, Not(HasSubstr("LATE: arrives at 3.005s")));
}

// DESIGN 8
TEST_F(Diagrams, show_the_datagram_that_was_one_too_many) {
  std::string text = crowd;
  text.replace(text.find("20%"), 3, "0%");
  text.replace(text.find("count = [{"), std::string::npos,
               "budget = [{ of = \"walker-7 sends datagrams\", most = 4 }]\n");
  const std::string shown = of(text);
  EXPECT_THAT(shown, HasSubstr("5 times"));
  EXPECT_TRUE(std::regex_search(shown, std::regex("datagram 5[^0-9].*\n.*BROKEN"))) << shown;
}

}  // namespace
}  // namespace tickover::sim
