#include <gtest/gtest.h>

#include "properties/program/workbench.h"

namespace tickover::sim {
namespace {

class LostOutput : public testing::Test {
 protected:
  /// The whole timeline is longer than what streams and pipes keep back.
  LostOutput() {
    bench.write("talk.toml", walker_and("peer",
                                        "[[traffic]]\nfrom = \"mountain\"\nto = \"walker\"\n"
                                        "every = \"2ms\"\n"));
  }
  std::string shown = Workbench::program() + " run talk.toml -v";
  Workbench bench;
};

TEST_F(LostOutput, is_said_and_is_no_crash) {
  const Finished full = bench.shell(shown + " >/dev/full");
  EXPECT_EQ(full.exit, 2);
  EXPECT_EQ(full.err, "tickover: not all output could be written\n");
}

TEST_F(LostOutput, ends_the_program_where_its_reader_has_gone) {
  const std::string gone = "{ " + shown + "; echo $? >code; } | head -n 1";
  EXPECT_EQ(bench.shell(gone).err, "");
  EXPECT_EQ(bench.read("code"), "141\n");  // as of any other filter
  EXPECT_EQ(bench.shell("trap '' PIPE; " + gone).err,
            "tickover: not all output could be written\n");
  EXPECT_EQ(bench.read("code"), "2\n");
}

}  // namespace
}  // namespace tickover::sim
