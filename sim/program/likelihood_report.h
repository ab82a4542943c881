#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/program/keep_failure.h"
#include "sim/program/sweep_verb.h"
#include "sim/report/json.h"
#include "sim/search/sweep.h"

namespace tickover::sim {

/// What many seeds decide and a sweep refuted (exit 3) or left undecided (exit 5, as any budget
/// that ran out), and the command that shows it.
struct Undone {
  ExitCode exit{};
  std::string replay;
};

/// The replay line of a sweep of that file alone, as it was asked for; or of so many seeds.
std::string sweep_line(const SweepRequest& request, const std::string& path,
                       std::optional<std::uint64_t> seeds = {});

/// Of each probability that is refuted because too few runs keep it: the first that does not, as a
/// failure that was saved and made small.
using Witnesses = std::map<const Likelihood*, KeptFailure>;
Witnesses keep_witnesses(const std::vector<SweepRow>& rows, const std::vector<SweepItem>& items,
                         const SweepRequest& request, const RoleRegistry& registry,
                         const RunLimits& limits);

/// Prints what the seeds say of each probability, unless the answer is JSON; where the sweep is
/// quiet only what is not well.
std::vector<Undone> judge_likelihoods(const std::vector<SweepRow>& rows,
                                      const std::vector<SweepItem>& items,
                                      const SweepRequest& request, const Witnesses& witnesses,
                                      bool interrupted);

/// A member "probabilities" of a row's object, if it has any.
void write_likelihoods(const SweepRow& row, const Witnesses& witnesses, JsonWriter& json);

}  // namespace tickover::sim
