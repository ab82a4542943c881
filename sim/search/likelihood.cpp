#include "sim/search/likelihood.h"

#include <fmt/format.h>

#include <limits>
#include <numeric>

#include "core/check.h"
#include "core/random.h"
#include "sim/oracles/claim.h"
#include "sim/scenario/text.h"

namespace tickover::sim {
namespace {

/// The bound and its margin, above one denominator.
struct Parts {
  std::uint64_t bound = 0;
  std::uint64_t margin = 0;
  std::uint64_t whole = 1;
};

Parts parts_of(const ProbabilitySpec& spec) {
  const std::uint64_t n = spec.bound.numerator();
  const std::uint64_t d = spec.bound.denominator();
  constexpr std::uint64_t least = 20;  // 1/20 is 5 %
  if (!spec.margin) return {least * n, std::min(least / 2 * std::min(n, d - n), d), least * d};
  return {n * spec.margin->denominator(), spec.margin->numerator() * d,
          d * spec.margin->denominator()};
}

std::string text_of(const Fraction& p) {
  const std::uint64_t divisor = std::gcd(p.numerator, p.denominator);
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  if (p.denominator / divisor <= most) {
    return probability_text(Ratio(static_cast<std::uint32_t>(p.numerator / divisor),
                                  static_cast<std::uint32_t>(p.denominator / divisor)));
  }
  constexpr std::uint32_t grid = 1'000'000'000;
  const Uint128 scaled = static_cast<Uint128>(p.numerator) * grid / p.denominator;
  return "about " + probability_text(Ratio(static_cast<std::uint32_t>(scaled), grid));
}

Ratio rest_of(Ratio ratio) {
  return Ratio(ratio.denominator() - ratio.numerator(), ratio.denominator());
}

Fraction low_of(const ProbabilitySpec& spec) {
  const Parts parts = parts_of(spec);
  return {parts.bound - parts.margin, parts.whole};
}

Fraction high_of(const ProbabilitySpec& spec) {
  const Parts parts = parts_of(spec);
  return {parts.bound + parts.margin, parts.whole};
}

}  // namespace

Likelihood::Likelihood(const ProbabilitySpec& spec)
    : spec_(spec),
      low_(low_of(spec)),
      high_(high_of(spec)),
      test_(low_, high_, rest_of(spec.confidence)) {}

Likelihood::Verdict Likelihood::verdict() const {
  if (test_.verdict() == SequentialTest::Verdict::undecided) return Verdict::undecided;
  const bool is_high = test_.verdict() == SequentialTest::Verdict::high;
  return is_high == spec_.is_least ? Verdict::held : Verdict::failed;
}

std::string Likelihood::bound_text() const {
  return (spec_.is_least ? "at least " : "at most ") + probability_text(spec_.bound);
}

std::string Likelihood::finding() const {
  if (test_.verdict() == SequentialTest::Verdict::undecided) return {};
  const bool is_high = test_.verdict() == SequentialTest::Verdict::high;
  return fmt::format("{} {} with a confidence of {}", is_high ? "more than" : "less than",
                     text_of(is_high ? low_ : high_), probability_text(spec_.confidence));
}

void Likelihood::take(Trial trial, std::uint64_t seed) {
  if (verdict() != Verdict::undecided) return;
  if (trial == Trial::unjudged) {
    ++unjudged_;
    return;
  }
  const bool speaks_against = (trial == Trial::failed) == spec_.is_least;
  if (speaks_against && !witness_) witness_ = seed;
  test_.take(trial == Trial::kept);
}

Scenario demanding(const ProbabilitySpec& spec, const Plan& plan) {
  Scenario scenario = plan.scenario;
  ExpectSpec& expect = scenario.expect;
  expect.probability.clear();
  const auto claim = parse_claim(spec.of, plan, true);
  CHECK(claim.has_value());  // the plan was checked
  if (claim->within) {
    expect.within.push_back(spec.of);
  } else if (claim->what.is_state()) {
    expect.finally_.push_back(spec.of);
  } else {
    expect.count.push_back({spec.of, {1, std::numeric_limits<std::int64_t>::max()}});
  }
  return scenario;
}

}  // namespace tickover::sim
