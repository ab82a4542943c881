#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "sim/oracles/claim.h"

namespace tickover::sim {

/// A fairness of [expect], understood.
///
/// Judged is Jain's index (jain_index.h) of one number for each host of the group: the time from
/// `after`, or from the start of the run, until the event first happens to it; or with `until`, how
/// often it happens to it from then on until that does. It is judged as soon as there is a number
/// for the last of them. Where there is none by the end of the run, the fairness is broken,
/// whatever its bounds. If what it comes after happens again before that, everything begins anew.
struct Fairness {
  Expectation of;
  std::optional<Expectation> after;
  std::optional<Expectation> until;  // of the same hosts
  std::optional<Ratio> at_least;
  std::optional<Ratio> at_most;
};

/// Errors are also an event that comes to one host alone, and bounds that every index keeps, or
/// none.
std::expected<Fairness, PlanError> parse_fairness(const FairnessSpec& spec, const Plan& plan);

/// Follows one fairness through a run.
class FairnessWatch {
 public:
  explicit FairnessWatch(Fairness fairness);

  const Fairness& fairness() const { return fairness_; }
  std::uint64_t judged() const { return judged_; }

  /// After `facts` took the step: how the bounds are broken, or empty.
  std::string see(const Step& step, const World& world, const RunFacts& facts);
  /// At the end of the run.
  std::string finish(const World& world);

 private:
  struct Share {
    std::int64_t amount = 0;  // nanoseconds, or times
    bool is_final = false;
  };
  void open(Instant from);
  void take(Share& share, const Step& step, const World& world, const RunFacts& facts);
  std::string judge(const World& world);
  std::string amount_text(std::int64_t amount) const;

  Fairness fairness_;
  std::optional<Trigger> trigger_;
  std::optional<Instant> from_;  // until all shares are final
  std::vector<Share> shares_;    // by subject
  std::size_t missing_ = 0;
  std::uint64_t judged_ = 0;
};

}  // namespace tickover::sim
