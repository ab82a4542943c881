#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/value.h"

namespace tickover::sim {

enum class Severity : std::uint8_t { error, warning };

/// What is wrong with a scenario file, and where. Line 0 concerns the file as a whole.
struct Problem {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string what;
  Severity severity = Severity::error;
  std::string meant = {};  // the valid word that was perhaps meant; may be empty

  /// `file:line:column: what (did you mean "x"?)`; a warning says so after the place.
  std::string text() const;
};

/// Collects the problems of one file.
class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}

  bool has_errors() const { return errors_ > 0; }
  /// Whether further problems are only counted: their words need not be sought.
  bool is_full() const;
  /// In the order of the file, each once. At most a thousand; the last then says how many more
  /// there are.
  std::vector<Problem> sorted() const;

  void error(Place place, std::string what, std::string meant = {});
  void warning(Place place, std::string what, std::string meant = {});

 private:
  void add(Place place, std::string what, Severity severity, std::string meant);

  std::string file_;
  std::vector<Problem> problems_;
  std::size_t errors_ = 0;
  std::size_t unlisted_ = 0;
};

}  // namespace tickover::sim
