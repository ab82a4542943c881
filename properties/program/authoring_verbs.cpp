// The verbs that help to write scenarios, as a user calls them.
#include <gtest/gtest.h>

#include "properties/program/workbench.h"

namespace tickover::sim {
namespace {

constexpr const char* talk = "scenarios/fast/two-clients-talk.toml";

TEST(ExplainVerb, says_the_same_for_the_same_seed_in_words_and_in_json) {
  const Workbench bench;
  bench.bring(talk);
  const Finished words = bench.tickover({"explain", talk, "--seed", "7"});
  EXPECT_EQ(words.exit, 0) << words.err;
  EXPECT_EQ(words.out, bench.tickover({"explain", talk, "--seed", "0x7"}).out);
  EXPECT_NE(words.out, bench.tickover({"explain", talk, "--seed", "8"}).out);
  EXPECT_EQ(words.lines().front(), std::string(talk) + ", seed 0x7");
  bench.write("words.json", bench.tickover({"explain", talk, "--seed", "7", "--json"}).out);
  const Finished read = bench.shell(
      "jq -r '\"\\(.file), seed \\(.seed)\\n\\(.sentence)\", (.chapters[] | \"\\n\\(.title)\", "
      "(.lines[] | \"  \\(.)\"))' words.json");
  EXPECT_EQ(read.out, words.out);
}

TEST(ExplainVerb, refuses_what_cannot_be_run) {
  const Workbench bench;
  bench.write("bad.toml", "# S\nformat = 2\n");
  const Finished bad = bench.tickover({"explain", "bad.toml"});
  EXPECT_EQ(bad.exit, 2);
  EXPECT_EQ(bad.out, "");
  EXPECT_NE(bad.err.find("bad.toml:2:10: `format`: 1 is expected, found 2"), std::string::npos);
  EXPECT_EQ(bench.tickover({"explain", "missing.toml"}).exit, 2);
}

TEST(SchemaVerb, names_every_table_and_every_role) {
  const Workbench bench;
  bench.write("schema.json", bench.tickover({"schema"}).out);
  EXPECT_EQ(bench.shell("jq -r '.required[]' schema.json").out, "format\n");
  EXPECT_EQ(
      bench
          .shell("jq -r '.definitions.host | (.oneOf // .anyOf)[].properties.role.anyOf[].enum[]' "
                 "schema.json | sort | tr '\\n' ' '")
          .out,
      "attacker peer stun-client turn-client turn-server ");
  EXPECT_EQ(bench
                .shell("jq '[.. | .\"$ref\"? // empty | ltrimstr(\"#/definitions/\")] - "
                       "(.definitions | keys) | length' schema.json")
                .out,
            "0\n");
  const Finished reference = bench.tickover({"schema", "--markdown"});
  EXPECT_EQ(reference.exit, 0);
  EXPECT_TRUE(reference.out.starts_with("### The file\n"));
  EXPECT_EQ(bench.tickover({"schema", "--marks"}).exit, 2);
}

}  // namespace
}  // namespace tickover::sim
