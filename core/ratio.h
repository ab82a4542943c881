#pragma once

#include <compare>
#include <cstdint>
#include <numeric>

#include "core/check.h"

namespace tickover {

/// An exact non-negative fraction n/d in lowest terms, d > 0. Probabilities and growth factors are
/// ratios, so that no decision depends on floating point.
class Ratio {
 public:
  constexpr Ratio() = default;
  constexpr Ratio(std::uint32_t numerator, std::uint32_t denominator) {
    CHECK(denominator > 0);
    const std::uint32_t divisor = std::gcd(numerator, denominator);
    numerator_ = numerator / divisor;
    denominator_ = denominator / divisor;
  }

  constexpr std::uint32_t numerator() const { return numerator_; }
  constexpr std::uint32_t denominator() const { return denominator_; }

  friend constexpr bool operator==(const Ratio&, const Ratio&) = default;
  friend constexpr std::strong_ordering operator<=>(const Ratio& a, const Ratio& b) {
    return std::uint64_t{a.numerator_} * b.denominator_ <=>
           std::uint64_t{b.numerator_} * a.denominator_;
  }

 private:
  std::uint32_t numerator_ = 0;
  std::uint32_t denominator_ = 1;
};

}  // namespace tickover
