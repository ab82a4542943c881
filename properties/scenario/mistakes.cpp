// Every kind of mistake in a scenario file that we know, and what a person is told about it.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <vector>

#include "properties/paths.h"
#include "properties/scenario/golden.h"
#include "sim/program/check.h"
#include "sim/scenario/toml_words.h"

namespace tickover::sim {
namespace {

const std::string folder = TICKOVER_SOURCE_DIR "/properties/scenario/mistakes";

/// What `tickover check` prints, as from within the folder.
std::string said_about(const std::string& name) {
  std::ostringstream out;
  const int exit = check_files({folder + "/" + name}, false, out, out, RoleRegistry::built_in());
  std::string text = out.str();
  for (std::size_t at = text.find(folder); at != std::string::npos; at = text.find(folder)) {
    text.erase(at, folder.size() + 1);
  }
  EXPECT_EQ(exit == 0, text.find(": ok\n") != std::string::npos) << text;
  return text;
}

std::vector<std::string> bad_files() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".toml") names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

TEST(Mistakes, are_told_as_a_person_would_want) {
  std::string all;
  for (const std::string& name : bad_files()) all += said_about(name);
  all += said_about("a-file-that-is-not-there.toml");
  expect_golden(all, folder + "/messages.txt");
}

/// Each is told at least once: by an error, or by a warning before the `ok`.
TEST(Mistakes, are_never_passed_over) {
  const std::vector<std::string> names = bad_files();
  EXPECT_GE(names.size(), 60u);
  for (const std::string& name : names) {
    const std::string text = said_about(name);
    EXPECT_FALSE(text.starts_with(name + ": ok")) << text;
    const std::string place = text.substr(0, text.find(' '));
    EXPECT_EQ(std::ranges::count(place, ':'), 3) << "no line and column: " << text;
  }
}

TEST(TomlWords, keep_on_one_line_what_they_do_not_know) {
  const TomlError told = in_plain_words("Error while parsing dreams: saw '\n'", {1, 1}, "x\n");
  EXPECT_EQ(told.what, "not TOML: Error while parsing dreams: saw ' '");
}

TEST(TomlWords, survive_places_outside_of_the_text) {
  const TomlError told = in_plain_words("Error while parsing value: nothing", {9, 9}, "a =\n");
  EXPECT_EQ(told.what, "not TOML: Error while parsing value: nothing");
}

}  // namespace
}  // namespace tickover::sim
