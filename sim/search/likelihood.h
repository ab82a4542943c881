#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/oracles/probability.h"
#include "sim/search/sequential_test.h"

namespace tickover::sim {

/// What the seeds of a sweep say of one probability of a scenario, taken in their order.
class Likelihood {
 public:
  enum class Verdict : std::uint8_t { undecided, held, failed };

  explicit Likelihood(const ProbabilitySpec& spec);

  Verdict verdict() const;
  /// Seeds that counted, and those of them that kept the claim.
  std::uint64_t seeds() const { return test_.trials(); }
  std::uint64_t kept() const { return test_.successes(); }
  std::uint64_t unjudged() const { return unjudged_; }
  bool is_least() const { return spec_.is_least; }
  /// The first seed that speaks against it: without what shall be likely, or with what shall not.
  std::optional<std::uint64_t> witness() const { return witness_; }
  /// How many more seeds are needed at least.
  std::uint64_t least_left() const { return test_.least_left(); }
  /// "at least 99%"
  std::string bound_text() const;
  /// "more than 98.5% with a confidence of 99%": what the verdict says; empty without one.
  std::string finding() const;

  /// Nothing changes once there is a verdict.
  void take(Trial trial, std::uint64_t seed);

 private:
  ProbabilitySpec spec_;
  Fraction low_;
  Fraction high_;
  SequentialTest test_;
  std::uint64_t unjudged_ = 0;
  std::optional<std::uint64_t> witness_;
};

/// The scenario of a plan, but that it demands of each run what it says to be likely. A run that
/// does not keep the claim fails so, and tells why.
Scenario demanding(const ProbabilitySpec& spec, const Plan& plan);

}  // namespace tickover::sim
