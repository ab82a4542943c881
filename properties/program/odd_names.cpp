// Files and folders whose names are no plain words.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "properties/program/workbench.h"
#include "sim/program/replay_line.h"
#include "sim/report/utf8.h"

namespace tickover::sim {
namespace {

TEST(Utf8, is_kept_and_all_else_replaced) {
  const std::string whole = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x90\xA2z";
  EXPECT_EQ(utf8_text(whole), whole);
  const std::string none = "\xEF\xBF\xBD";
  // Alone, cut off, too long, a surrogate, beyond the last.
  EXPECT_EQ(utf8_text("b\xFF"), "b" + none);
  EXPECT_EQ(utf8_text("\x80y"), none + "y");
  EXPECT_EQ(utf8_text("\xE2\x82"), none + none);
  EXPECT_EQ(utf8_text("\xC0\xAF"), none + none);
  EXPECT_EQ(utf8_text("\xED\xA0\x80"), none + none + none);
  EXPECT_EQ(utf8_text("\xF4\x90\x80\x80"), none + none + none + none);
}

/// walker_and a mountain that is never to hear it.
std::string unheard() {
  return walker_and("peer", "[expect]\nnever = [\"mountain hears from walker\"]\n");
}

// DESIGN 8
TEST(OddName, is_saved_so_that_it_can_be_read_again) {
  for (const std::string name : {"b\xFFx.toml", "a\x7F\tb.toml", "it's \"x\".toml"}) {
    Workbench bench;
    bench.write(name, unheard());
    const Finished sweep = bench.tickover({"sweep", name, "--seeds", "1", "--out", "o 'p"});
    EXPECT_EQ(sweep.exit, 3) << sweep.out << sweep.err;
    const Finished replay = bench.shell(sweep.replay());
    EXPECT_EQ(replay.exit, 3) << replay.out << replay.err;
    bench.write("out.json", bench.tickover({"run", name, "--json"}).out);
    const Finished file = bench.shell("iconv -f UTF-8 -t UTF-8 out.json | jq -r .exit");
    EXPECT_EQ(file.out, "3\n") << file.err;
  }
}

/// The number of a process that is no more.
pid_t some_process() {
  const pid_t process = ::fork();
  if (process == 0) ::_exit(0);
  ::waitpid(process, nullptr, 0);
  return process;
}

// DESIGN 8
TEST(OddName, of_a_folder_does_not_hide_what_a_sweep_was_killed_at) {
  Workbench bench;
  const std::string note = "o p/running-" + std::to_string(some_process()) + "-0.txt";
  bench.write(note, replay_line(Workbench::program(), "o p/swarm-7-running.toml", 7) + "\n");
  const Finished next = bench.tickover(
      {"sweep", "--swarm", "--from", "1000", "--seeds", "1", "--out", "o p", "--json"});
  EXPECT_NE(next.out.find("\"seeds\":2,"), std::string::npos) << next.out;
  EXPECT_FALSE(bench.has(note));
}

// DESIGN 8
TEST(OddName, of_a_file_that_failed_is_known_however_it_is_said) {
  Workbench bench;
  bench.write("x.toml", unheard());
  bench.tickover({"sweep", "x.toml", "--seeds", "1", "--shrink", "0"});
  bench.write("x.toml", walker_and("peer"));
  const Finished again =
      bench.tickover({"sweep", bench.path("x.toml"), "--from", "1000", "--seeds", "1", "--json"});
  EXPECT_NE(again.out.find("\"seeds\":2,"), std::string::npos) << again.out;
  EXPECT_FALSE(bench.has("runs/failing-seeds.tsv"));
}

}  // namespace
}  // namespace tickover::sim
