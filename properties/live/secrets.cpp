#include <gtest/gtest.h>

#include "properties/program/workbench.h"
#include "sim/live/secrets.h"

namespace tickover::sim::live {
namespace {

using namespace std::string_literals;

class Secrets : public testing::Test {
 protected:
  /// What is wrong with that text, behind "FILE:"; empty if nothing is.
  std::string problem_of_users(const std::string& text) {
    bench.write("file", text);
    const auto users = read_users(bench.path("file"));
    return users ? "" : users.error().substr(bench.path("file").size() + 1);
  }
  std::expected<std::string, std::string> secret(const std::string& text) {
    bench.write("file", text);
    return read_secret(bench.path("file"));
  }
  Workbench bench;
};

TEST_F(Secrets, begin_behind_a_byte_order_mark) {
  bench.write("file",
              "\xEF\xBB\xBF"
              "alice:s3cret\r\nb\xC3\xB6rje:\xEF\xBB\xBF x\n");
  const auto users = read_users(bench.path("file"));
  ASSERT_TRUE(users) << users.error();
  EXPECT_EQ(users->at(0).name, "alice");
  EXPECT_EQ(users->at(1).password, "\xEF\xBB\xBF x");  // only at the very beginning
  EXPECT_EQ(secret("\xEF\xBB\xBF"
                   "s3cret\n"),
            "s3cret");
  EXPECT_FALSE(secret("\xEF\xBB\xBF\n"));
}

TEST_F(Secrets, contain_no_control_character) {
  EXPECT_EQ(problem_of_users("alice:a\nb\0c:d\n"s), "2: contains a control character");
  EXPECT_EQ(problem_of_users("a\x01"
                             "b:c\n"),
            "1: contains a control character");
  EXPECT_EQ(problem_of_users("alice:c\td\n"), "1: contains a control character");
  EXPECT_EQ(problem_of_users("\xFF\xFE"
                             "a\0:\0b\0\n\0"s),
            "1: contains a control character");
  EXPECT_FALSE(
      secret("s3\x7F"
             "cret\n"));
}

TEST_F(Secrets, have_no_blank_around_a_name) {
  EXPECT_EQ(problem_of_users(" alice:a\n"), "1: a name with a blank before or behind it");
  EXPECT_EQ(problem_of_users("# two\nalice :a\n"), "2: a name with a blank before or behind it");
  EXPECT_EQ(problem_of_users("  # no user\n\nal ice: a \n"), "");
}

}  // namespace
}  // namespace tickover::sim::live
