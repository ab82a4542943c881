#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "properties/scenario/registry.h"
#include "sim/program/check.h"
#include "sim/program/list.h"
#include "sim/program/new.h"
#include "sim/scenario/reader.h"

namespace tickover::sim {
namespace {

constexpr const char* good =
    "# A \"peer\" idles.\nformat = 1\nhost = [{ name = \"a\", role = \"peer\" }]";
constexpr const char* bad = "# S\nformat = 1\nhost = [{ name = \"a\", role = \"pear\" }]";

class FileVerb : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = testing::TempDir() + test->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "/sub");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  int check(const std::vector<std::string>& paths, bool json = false) {
    return check_files(paths, json, out_, err_, reading_roles());
  }

  std::string folder_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(FileVerb, check_says_ok_once_per_good_file) {
  const std::string path = write("good.toml", good);
  EXPECT_EQ(check({path}), 0);
  EXPECT_EQ(out_.str(), path + ": ok\n");
  EXPECT_EQ(err_.str(), "");
}

TEST_F(FileVerb, check_exits_with_2_for_a_bad_file_among_good_ones) {
  const std::string first = write("a.toml", bad);
  const std::string second = write("b.toml", good);
  EXPECT_EQ(check({folder_}), 2);
  EXPECT_EQ(out_.str(), second + ": ok\n");
  EXPECT_EQ(err_.str().substr(0, first.size() + 6), first + ":3:30:");
  EXPECT_NE(err_.str().find("(did you mean \"peer\"?)"), std::string::npos);
}

TEST_F(FileVerb, check_exits_with_2_if_there_is_nothing_to_check) {
  EXPECT_EQ(check({folder_}), 2);
  EXPECT_EQ(check({folder_ + "/missing.toml"}), 2);
  EXPECT_NE(err_.str().find("missing.toml: there is no such file"), std::string::npos);
}

TEST_F(FileVerb, check_speaks_json) {
  const std::string path = write("bad.toml", bad);
  EXPECT_EQ(check({path}, true), 2);
  EXPECT_EQ(out_.str(),
            "[{\"file\":\"" + path +
                "\",\"ok\":false,\"problems\":[{\"line\":3,\"column\":30,\"severity\":\"error\","
                "\"what\":\"there is no role \\\"pear\\\"; there are \\\"peer\\\", "
                "\\\"turn-client\\\" or \\\"turn-server\\\"\",\"did_you_mean\":\"peer\"}]}]\n");
  EXPECT_EQ(err_.str(), "");
}

TEST_F(FileVerb, list_shows_sentences_sorted_by_path_and_what_cannot_be_read) {
  write("z.toml", "format = 1");
  write("a-longer.toml", good);
  write("sub/b.toml", "\n# Second.\n# More.\n");
  write("notes.txt", "# No scenario.");
  EXPECT_EQ(list_scenarios({folder_}, false, out_, err_, reading_roles()), 2);
  EXPECT_NE(err_.str().find("b.toml:1:1: the file is empty"), std::string::npos) << err_.str();
  EXPECT_NE(err_.str().find("z.toml:1:1: a scenario needs a [[host]]"), std::string::npos);
  EXPECT_EQ(out_.str(), folder_ + "/a-longer.toml      1min      1 host   A \"peer\" idles.\n" +
                            folder_ + "/sub/b.toml                           Second.\n" + folder_ +
                            "/z.toml\n");
}

TEST_F(FileVerb, list_speaks_json) {
  const std::string path = write(
      "a.toml", std::string(good) + "\n# BUGS G6, P9\nfault = [{ at = \"1s\", reboot = \"a\" }]");
  EXPECT_EQ(list_scenarios({folder_}, true, out_, err_, reading_roles()), 0);
  EXPECT_EQ(out_.str(), "[{\"file\":\"" + path +
                            "\",\"sentence\":\"A \\\"peer\\\" idles.\","
                            "\"readable\":true,\"duration\":\"1min\",\"duration_ns\":60000000000,"
                            "\"hosts\":1,\"roles\":["
                            "\"peer\"],\"faults\":[\"reboot\"],\"tags\":[\"BUGS G6, P9\"]}]\n");
}

TEST_F(FileVerb, list_exits_with_2_for_a_path_that_is_not_there) {
  EXPECT_EQ(list_scenarios({folder_ + "/missing"}, false, out_, err_, reading_roles()), 2);
  EXPECT_EQ(err_.str(), folder_ + "/missing: there is no such file\n");
}

TEST_F(FileVerb, new_writes_a_scenario_that_passes_check) {
  EXPECT_EQ(new_scenario(folder_ + "/mine", out_, err_), 0);
  EXPECT_EQ(out_.str(), folder_ + "/mine.toml\n");
  EXPECT_EQ(check({folder_ + "/mine.toml"}), 0) << err_.str();
  EXPECT_EQ(err_.str(), "");
  const auto real = read_scenario_file(folder_ + "/mine.toml", RoleRegistry::built_in());
  EXPECT_TRUE(real) << real.error().front().text();
}

TEST_F(FileVerb, new_never_overwrites) {
  const std::string path = write("mine.toml", "precious");
  EXPECT_EQ(new_scenario(folder_ + "/mine", out_, err_), 2);
  EXPECT_EQ(err_.str(), path + ": there is such a file already\n");
  EXPECT_EQ(std::filesystem::file_size(path), 8u);
}

TEST_F(FileVerb, new_says_why_it_could_not_write) {
  EXPECT_EQ(new_scenario("", out_, err_), 2);
  EXPECT_EQ(new_scenario(folder_ + "/no-folder/mine", out_, err_), 2);
  EXPECT_NE(err_.str().find("no-folder/mine.toml: No such file or directory\n"), std::string::npos);
}

}  // namespace
}  // namespace tickover::sim
