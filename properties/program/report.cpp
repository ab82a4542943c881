#include <gtest/gtest.h>

#include "properties/program/workbench.h"
#include "sim/program/replay_line.h"
#include "sim/report/json.h"
#include "sim/report/story.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;

TEST(SecondsText, has_nine_digits_and_no_rounding) {
  EXPECT_EQ(seconds_text(Instant{}), "0.000000000");
  EXPECT_EQ(seconds_text(Instant::at(1ns)), "0.000000001");
  EXPECT_EQ(seconds_text(Instant::at(1h + 999'999'999ns)), "3600.999999999");
}

TEST(ShortText, rounds_to_milliseconds_and_leaves_out_what_is_zero) {
  EXPECT_EQ(short_text(0s), "0s");
  EXPECT_EQ(short_text(499us), "0s");
  EXPECT_EQ(short_text(500us), "0.001s");
  EXPECT_EQ(short_text(1500ms), "1.500s");
  EXPECT_EQ(short_text(40s), "40s");
  EXPECT_EQ(short_text(60s), "1min");
  EXPECT_EQ(short_text(123s), "2min 3s");
  EXPECT_EQ(short_text(59s + 999'700us), "1min");
  EXPECT_EQ(short_text(24h), "1d");
  EXPECT_EQ(short_text(25h + 1ms), "1d 1h 0.001s");
}

TEST(Rfc3339Text, counts_from_the_first_day_of_2026_in_nanoseconds) {
  EXPECT_EQ(rfc3339_text(Instant{}), "2026-01-01T00:00:00.000000000Z");
  EXPECT_EQ(rfc3339_text(Instant::at(1ns)), "2026-01-01T00:00:00.000000001Z");
  EXPECT_EQ(rfc3339_text(Instant::at(24h * 59 + 23h + 59min + 59s + 999'999'999ns)),
            "2026-03-01T23:59:59.999999999Z");
  EXPECT_EQ(rfc3339_text(Instant::at(24h * (365 + 365 + 59))), "2028-02-29T00:00:00.000000000Z");
}

TEST(JsonWriter, places_commas_and_quotes_every_byte) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().member("a", 1).key("b").begin_array().value(true).null();
  json.begin_object().end_object().end_array();
  json.member("c", std::string_view("\"\\\n\t\x01/ü")).end_object();
  EXPECT_EQ(text, R"({"a":1,"b":[true,null,{}],"c":"\"\\\n\t\u0001/ü"})");
}

TEST(JsonWriter, is_read_back_by_jq_as_it_was_written) {
  std::string every;
  for (char c = 1; c < 127; ++c) every += c;
  std::string text;
  JsonWriter(text).value(std::string_view(every));
  const Workbench bench;
  bench.write("x.json", text);
  EXPECT_EQ(bench.shell("jq -j . x.json").out, every);
}

TEST(ReplayLine, survives_a_shell) {
  EXPECT_EQ(replay_line("build/tickover", "a/b-c.toml", 255),
            "replay: build/tickover run a/b-c.toml --seed 0xff");
  EXPECT_EQ(replay_line("./t", "-x.toml", 0), "replay: ./t run ./-x.toml --seed 0x0");
  EXPECT_EQ(replay_line("t", "x", 1, 20), "replay: t run x --seed 0x1 --steps 20");
  const Workbench bench;
  for (const std::string word : {"it's", "a b", "$HOME", "`x`", "\\", "", "*"}) {
    EXPECT_EQ(bench.shell("printf %s " + shell_word(word)).out, word);
  }
}

TEST(Story, names_packets_of_a_host_that_is_down) {
  const Workbench bench;
  bench.write("x.toml",
              "# What was on its way when its sender rebooted still has its name.\n"
              "format = 1\nduration = \"10s\"\n"
              "[[host]]\nname = \"relay\"\nrole = \"turn-server\"\n"
              "[[host]]\nname = \"alice\"\nrole = \"stun-client\"\nserver = \"relay\"\n"
              "[[link]]\nbetween = [\"alice\", \"relay\"]\nlatency = \"1s\"\n"
              "[[fault]]\nat = \"500ms\"\nfor = \"5s\"\nreboot = \"alice\"\n");
  const Finished run = bench.tickover({"run", "x.toml", "-v"});
  EXPECT_NE(run.out.find("relay gets Binding request 1 from alice"), std::string::npos)
      << run.out << run.err;
  EXPECT_NE(run.out.find("Binding success 1 from relay to alice does not arrive (host down)"),
            std::string::npos)
      << run.out;
}

}  // namespace
}  // namespace tickover::sim
