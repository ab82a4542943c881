// The words for links: what they mean, and what is said of wrong ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "properties/scenario/registry.h"
#include "sim/scenario/presets.h"
#include "sim/scenario/printer.h"
#include "sim/scenario/reader.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;

/// A test writes its lines, counted from 8, into the one link.
constexpr const char* head = R"(# It holds.
format = 1
host = [{ name = "alice", role = "peer" }, { name = "bob", role = "peer" }]

[[link]]
between = ["alice", "bob"]

)";

std::string complaints(const std::string& lines, const std::string& name = "x.toml") {
  std::string all;
  const auto read = read_scenario_text(head + lines, name, reading_roles());
  if (!read) {
    for (const Problem& problem : read.error()) all += problem.text() + "\n";
  }
  return all;
}

LinkConditions conditions(const std::string& lines, const std::string& name = "x.toml") {
  const auto read = read_scenario_text(head + lines, name, reading_roles());
  EXPECT_TRUE(read) << complaints(lines, name);
  return read ? read->links.at(0).both : LinkConditions{};
}

TEST(LinkReader, reads_every_word_of_a_link) {
  const LinkConditions c = conditions(R"(latency = { p50 = "40ms", p99 = "200ms", p100 = "900ms" }
wander = { by = "0ms..80ms", every = "2s" }
burst-loss = { good = "10s..20s", bad = "300ms", loss-good = "1%", loss-bad = "90%" }
bursts = { every = "1min", for = "1s..5s" }
flap = { up = "30s", down = "2s", offset = "5s" }
duplicate = "1%"
copies = "1..3"
copy-spacing = "0ms..20ms"
bandwidth = "64kbit..2Mbit"
queue-packets = 20
queue-bytes = "20000..30000"
codel = { target = "5ms..8ms" }
ecn-above = "5ms"
mtu = 1280
truncate = "1/3"
)");
  EXPECT_FALSE(c.latency);
  EXPECT_EQ(c.percentiles, (std::vector<LatencyPoint>{{50, 40ms}, {99, 200ms}, {100, 900ms}}));
  EXPECT_EQ(c.wander, (WanderSpec{{0ms, 80ms}, Duration(2s)}));
  EXPECT_EQ(c.burst_loss->loss_bad, Range<Ratio>(Ratio(9, 10)));
  EXPECT_EQ(c.bursts->length, (Range<Duration>(1s, 5s)));
  EXPECT_EQ(c.flap->offset, Range<Duration>(5s));
  EXPECT_EQ(c.bandwidth, (Range<std::int64_t>(64'000, 2'000'000)));
  EXPECT_EQ(c.queue_bytes, (Range<std::int64_t>(20'000, 30'000)));
  EXPECT_EQ(c.codel, (CodelSpec{{5ms, 8ms}, Duration(100ms)}));
  EXPECT_EQ(c.mtu, Range<std::int64_t>(1'280));
  EXPECT_EQ(c.truncate, Range<Ratio>(Ratio(1, 3)));
}

TEST(LinkReader, lets_single_keys_override_a_preset) {
  LinkConditions lte = preset_conditions("lte");
  EXPECT_EQ(conditions("preset = \"lte\"\n"), lte);
  const LinkConditions changed = conditions("preset = \"lte\"\nloss = \"5%\"\nlatency = \"9ms\"\n");
  lte.loss = Range<Ratio>(Ratio(5, 100));
  lte.latency = Duration(9ms);
  lte.percentiles.clear();
  EXPECT_EQ(changed, lte);
}

TEST(LinkReader, prints_a_preset_as_what_it_is) {
  for (const std::string& name : preset_names()) {
    const std::string text = head + ("preset = \"" + name + "\"\n");
    const auto read = read_scenario_text(text, "x.toml", reading_roles());
    ASSERT_TRUE(read);
    const auto again = read_scenario_text(print(*read), "y.toml", reading_roles());
    ASSERT_TRUE(again) << again.error().front().text();
    EXPECT_EQ(*again, *read);
    EXPECT_EQ(print(*read).find("preset"), std::string::npos);
  }
}

TEST(LinkReader, reads_a_trace_from_a_file_beside_the_scenario) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "link_reader";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "path.trace") << "# recorded\n40ms\n\nlost # a tunnel\n1.5s\n";
  const std::string scenario = (folder / "x.toml").string();
  const LinkConditions c = conditions("trace = { file = \"path.trace\" }\n", scenario);
  EXPECT_EQ(c.trace->values,
            (std::vector<std::optional<Duration>>{Duration(40ms), {}, Duration(1500ms)}));
  std::ofstream(folder / "bad.trace") << "40ms\nforty\n";
  const std::string bad = complaints("trace = { file = \"bad.trace\" }\n", scenario);
  EXPECT_THAT(bad, testing::HasSubstr("x.toml:8:18: `file`: see line 2 of \"bad.trace\""));
  EXPECT_THAT(complaints("trace = { file = \"none.trace\" }\n", scenario),
              testing::HasSubstr("`file`: \"none.trace\": there is no such file"));
  EXPECT_THAT(complaints("trace = { file = \"../x.trace\" }\n", scenario),
              testing::HasSubstr("expected a name beside the scenario"));
}

TEST(LinkReader, says_what_is_wrong_and_where) {
  const std::pair<const char*, const char*> wrong[] = {
      {"preset = \"lt\"", "8:10: `preset`: expected \"wired\", \"wifi\""},
      {"preset = \"wify\"", "(did you mean \"wifi\"?)"},
      {"latency = { p50 = \"40ms\" }", "8:11: `latency` needs `p100`"},
      {"latency = { p50 = \"40ms\", p100 = \"30ms\" }",
       "8:34: `p100` is below `p50`: percentiles rise"},
      {"latency = { p50 = \"40ms\", p98 = \"50ms\", p100 = \"60ms\" }",
       "`latency` has no key \"p98\""},
      {"bandwidth = \"2MBit\"",
       "8:13: `bandwidth`: expected a rate such as \"64kbit\" or \"1.5Mbit\", found "
       "\"2MBit\": "
       "no unit \"MBit\"; there are bit, kbit, Mbit and Gbit per second (did you mean \"2Mbit\"?)"},
      {"bandwidth = 64000", "found the integer 64000 (did you mean \"64000bit\"?)"},
      {"queue-packets = 5", "8:17: `queue-packets` has no effect without `bandwidth`"},
      {"codel = {}", "`codel` has no effect without `bandwidth`"},
      {"bandwidth = \"1Mbit\"\ncodel = { target = \"0ms\" }", "`target`: "},
      {"ecn-above = \"5ms\"", "`ecn-above` has no effect without `bandwidth`"},
      {"copies = 2", "`copies` has no effect without `duplicate`"},
      {"duplicate = \"1%\"\ncopies = 4", "9:10: `copies`: at most 3 is expected, found 4"},
      {"mtu = 20", "`mtu`: at least 68 is expected, found 20"},
      {"bursts = { every = \"1s\", for = \"2s\" }", "a burst is longer than the period"},
      {"burst-loss = { god = \"1s\" }", "(did you mean \"good\"?)"},
      {"trace = { step = \"1s\" }", "a trace has either `values` or a `file`"},
      {"trace = { values = [\"1ms\", \"losst\"] }", "8:28: `trace`: expected a duration"},
      {"wander = { every = \"1s\" }", "`wander` needs `by`"},
  };
  for (const auto& [line, said] : wrong) {
    EXPECT_THAT(complaints(std::string(line) + "\n"), testing::HasSubstr(said)) << line;
  }
}

}  // namespace
}  // namespace tickover::sim
