#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "core/ratio.h"
#include "core/time.h"

namespace tickover::sim {

/// How evenly something is spread over n: Jain's index of fairness,
///
///   (x1 + … + xn)² / (n · (x1² + … + xn²))
///
/// from 1/n, where one has all of it, to 1, where all have as much (R. Jain, D. Chiu, W. Hawe, "A
/// quantitative measure of fairness", DEC TR-301, 1984). Times in place of shares say how alike
/// people waited: twice as long for everybody is as fair.
///
/// It is kept as the exact fraction as long as n times the largest value is below 2^47; of larger
/// values so many low bits are left out that it is, of all of them alike.
class JainIndex {
 public:
  /// Of at least one value (CHECK), none below zero. Where all are zero, all have as much.
  explicit JainIndex(const std::vector<std::int64_t>& values);
  /// Of lengths of time.
  static JainIndex of(const std::vector<Duration>& times);

  friend std::strong_ordering operator<=>(const JainIndex& index, const Ratio& bound);
  bool operator==(const JainIndex&) const = default;

  /// Percent with a digit after the point, rounded down: "93.4%".
  std::string text() const;

 private:
  Int128 numerator_ = 1;  // in lowest terms
  Int128 denominator_ = 1;
};

}  // namespace tickover::sim
