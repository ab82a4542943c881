#pragma once

#include <deque>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/oracles/claim.h"

namespace tickover::sim {

/// A budget of [expect], understood.
struct Budget {
  Expectation of;
  std::optional<std::int64_t> most;
  std::optional<std::int64_t> least;
  std::optional<Duration> per;
  std::optional<Expectation> from;
  std::optional<Expectation> until;
};

std::expected<Budget, PlanError> parse_budget(const BudgetSpec& spec, const Plan& plan);

/// Counts by one budget through a run. Windows are exact: no stretch [t, t + per) of the run holds
/// more than `most` of the event, and some no fewer than `least`: with "every", of each host. Where
/// it never began to count, `least` is not judged. What it counts `from` begins a new account when
/// it comes again, but not before `until`, or within windows, unless it is a restart.
class BudgetWatch {
 public:
  explicit BudgetWatch(Budget budget);

  const Budget& budget() const { return budget_; }

  std::uint64_t judged() const { return judged_; }
  /// Beside `most`; without it there is no bound that a busy run comes near.
  std::optional<Nearness> nearness() const;
  /// After `facts` took the step: how the budget was overdrawn, or empty.
  std::string see(const Step& step, const World& world, const RunFacts& facts);
  /// At the end of the run: where `least` was never reached, or empty.
  std::string finish(const World& world);

 private:
  struct Occasion {
    Instant at;
    std::int64_t count = 0;
  };
  /// Of one host, or of all together.
  struct Account {
    std::deque<Occasion> occasions;  // within `per` of the last; only the first without it
    std::int64_t total = 0;
  };
  std::string count(HostIndex whose, std::int64_t times, Instant now, const World& world);

  Budget budget_;
  std::optional<Trigger> from_;
  std::optional<Trigger> until_;
  bool is_open_ = true;
  bool has_opened_ = true;
  std::map<HostIndex, Account> accounts_;
  std::map<HostIndex, std::int64_t> busiest_;  // the highest totals, of all accounts so far
  std::uint64_t judged_ = 0;
};

}  // namespace tickover::sim
