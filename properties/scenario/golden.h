#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace tickover::sim {

/// Compares a text with a file that a person has read and approved of. Who means to change it runs
/// the test with TICKOVER_UPDATE=1, which writes the file, and reads the difference.
inline void expect_golden(const std::string& text, const std::string& path) {
  if (std::getenv("TICKOVER_UPDATE") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  std::ifstream file(path, std::ios::binary);
  const std::string kept{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_EQ(text, kept) << "differs from " << path
                        << "\nif it should: TICKOVER_UPDATE=1 tickover_properties --gtest_filter="
                        << testing::UnitTest::GetInstance()->current_test_info()->test_suite_name()
                        << ".*";
}

}  // namespace tickover::sim
