// What `faults` and `exhaust` can be asked for.
#include <gtest/gtest.h>

#include "properties/program/workbench.h"

namespace tickover::sim {
namespace {

constexpr const char* three = "scenarios/fast/three-requests-of-connlib.toml";
constexpr const char* four = "scenarios/fast/four-requests-in-a-row.toml";

class SearchVerb : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* file : {three, four}) bench.bring(file);
  }
  std::string ask(const Finished& done, const std::string& what) {
    bench.write("out.json", done.out);
    const std::string text = bench.shell("jq -r '" + what + "' out.json").out;
    return text.substr(0, text.find_last_not_of('\n') + 1);
  }
  Finished exhaust(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "exhaust");
    arguments.emplace_back("--json");
    return bench.tickover(arguments);
  }

  Workbench bench;
};

TEST_F(SearchVerb, exhaust_takes_a_row_and_a_bound_of_losses) {
  const Finished all = exhaust({three});
  EXPECT_EQ(all.exit, 0) << all.out << all.err;
  EXPECT_EQ(ask(all, ".histories"), "7231");
  EXPECT_EQ(ask(all, "[.transactions[].given_up] | add + 0"), std::to_string(16 + 240 + 3'600));
  const Finished one = exhaust({three, "--transactions", "Allocate", "--losses", "2"});
  // None, one of the first copy and its answer, two of those of the first two copies.
  EXPECT_EQ(ask(one, ".histories"), "7");
  EXPECT_EQ(ask(one, ".most_losses"), "2");
  EXPECT_EQ(ask(one, "[.transactions[].name] | join(\",\")"), "Allocate request 1");
}

TEST_F(SearchVerb, exhaust_walks_a_fourth_transaction_under_a_bound_of_losses) {
  // n losses end with the copy that arrives; spread over four transactions, each with two ways.
  const Finished done = exhaust(
      {four, "--transactions", "Allocate,Allocate,ChannelBind,ChannelBind", "--losses", "3"});
  EXPECT_EQ(done.exit, 0) << done.out << done.err;
  EXPECT_EQ(ask(done, ".histories"), std::to_string(1 + 4 * 2 + 10 * 4 + 20 * 8));
  EXPECT_EQ(ask(done, ".succeeded"), ask(done, ".histories"));
}

TEST_F(SearchVerb, exhaust_saves_the_shortest_history_that_fails_where_it_is_told_to) {
  const Finished late = exhaust({three, "--transactions", "Allocate", "--within", "500ms", "--out",
                                 "elsewhere", "--jobs", "2"});
  EXPECT_EQ(late.exit, 3) << late.err;
  EXPECT_EQ(ask(late, ".bound_ns"), "500000000");
  EXPECT_EQ(ask(late, ".losses"), "1");
  const std::string saved = ask(late, ".saved");
  ASSERT_TRUE(saved.starts_with("elsewhere/")) << saved;
  EXPECT_NE(bench.read(saved).find("drop = "), std::string::npos);
  EXPECT_EQ(bench.tickover({"check", saved}).exit, 0);
}

TEST_F(SearchVerb, exhaust_says_what_it_cannot_walk) {
  const Finished none = exhaust({three, "--transactions", "Allocate,Binding"});
  EXPECT_EQ(none.exit, 2);
  EXPECT_NE(none.err.find("no Binding that is answered follows in the row"), std::string::npos);
  EXPECT_EQ(exhaust({three, "--within", "soon"}).exit, 2);
  EXPECT_EQ(exhaust({three, "--within", "-1s"}).exit, 2);
}

TEST_F(SearchVerb, faults_tries_only_the_kinds_that_it_is_told) {
  const Finished done =
      bench.tickover({"faults", three, "--rows", "2", "--kinds", "lost,late", "--json"});
  EXPECT_EQ(ask(done, "[.datagrams[].faults | keys | join(\"+\")] | unique | join(\",\")"),
            "late+lost");
  EXPECT_EQ(ask(done, ".runs"), "5");
  const Finished wrong = bench.tickover({"faults", three, "--kinds", "lots"});
  EXPECT_EQ(wrong.exit, 2);
  EXPECT_NE(wrong.err.find("there is no \"lots\"; there are \"lost\", "), std::string::npos)
      << wrong.err;
}

TEST_F(SearchVerb, faults_tries_pairs_and_prints_the_command_of_each) {
  const std::vector<std::string> pairs = {"faults",  three,     "--rows", "4",
                                          "--pairs", "--kinds", "lost"};
  auto json = pairs;
  json.emplace_back("--json");
  const Finished done = bench.tickover(json);
  EXPECT_EQ(done.exit, 0) << done.err;
  // Six pairs of four datagrams.
  EXPECT_EQ(ask(done, ".pairs | length"), "6");
  EXPECT_EQ(ask(done, ".pairs_left_out"), "0");
  EXPECT_EQ(ask(done, ".runs"), std::to_string(1 + 4 + 6));
  const Finished run = bench.shell(ask(done, ".pairs[0].command") + " --json");
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_EQ(ask(run, ".complaints | length"), "0") << "a fault that matched nothing";

  auto few = pairs;
  few.insert(few.end(), {"--cells", "2"});
  const Finished told = bench.tickover(few);
  EXPECT_NE(told.out.find("\n2 pairs of these cells; "), std::string::npos) << told.out;
  EXPECT_NE(told.out.find("\n4 more pairs were not run: "), std::string::npos);
}

}  // namespace
}  // namespace tickover::sim
