#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/program/keep_failure.h"
#include "sim/program/likelihood_report.h"
#include "sim/program/sweep_verb.h"
#include "sim/search/sweep.h"

namespace tickover::sim {

/// What a sweep exits with, and its last line.
struct SweepVerdict {
  int exit = 0;
  std::string last_line;

  void fail(ExitCode code, std::string replay);
  /// What is wrong with a file never hides what is wrong with a machine.
  void fail_usage();
};

/// What a sweep came to, as it is told.
class SweepReport {
 public:
  SweepReport(const SweepRequest& request, const std::vector<SweepItem>& items,
              const std::vector<SweepRow>& rows);

  /// Saves every failure, makes small as many as it may, and tells of each; of those that come from
  /// one cause only the first at length.
  void tell_failures(const RoleRegistry& registry, std::uint64_t shrinks, const RunLimits& limits);
  /// Failures of one oracle with one cause are mostly one defect, however many files show it.
  void tell_causes() const;
  /// Which interesting situations were met how often, and which never: a folder of scenarios should
  /// meet each somewhere (DESIGN, section 6).
  void tell_marks() const;
  /// In how many scenarios each oracle judged something, and those that never did in any.
  void tell_oracles() const;
  /// What the whole sweep says about the scenarios themselves: oracles that had nothing to judge
  /// and faults that never touched anything. The former is an error in scenarios/fast.
  void tell_idle();
  /// Why some seeds of a scenario could not be run.
  void tell_errors();

  std::string json(const Witnesses& witnesses) const;
  SweepVerdict& verdict() { return verdict_; }

 private:
  void tell(const std::string& name, const SweepRow& row, const Failure& failure,
            const KeptFailure& kept) const;

  const SweepRequest& request_;
  const std::vector<SweepItem>& items_;
  const std::vector<SweepRow>& rows_;
  std::vector<std::string> names_;
  std::map<const Failure*, KeptFailure> kept_;
  SweepVerdict verdict_;
};

}  // namespace tickover::sim
