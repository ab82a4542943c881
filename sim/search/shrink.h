#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "sim/search/run_case.h"

namespace tickover::sim {

struct ShrinkLimits {
  /// Decides the result, so that it is the same everywhere.
  std::uint64_t runs = 2'000;
  /// Of all runs together; as `runs`.
  std::uint64_t steps = 20'000'000;
  /// On the real clock; only for safety, because the result depends on it.
  Duration wall = std::chrono::minutes(1);
};

/// Why a shrinker stopped.
enum class ShrinkEnd : std::uint8_t {
  minimal,       // nothing that it knows makes the scenario any simpler
  out_of_runs,   // runs or steps
  out_of_time,   // on the real clock: the next time may end elsewhere
  cancelled,     // by RunLimits::cancel
  not_a_breach,  // no oracle objects, so that there is nothing to keep
};
std::string_view name_of(ShrinkEnd end);

/// The smallest scenario found that fails in the same way.
struct Shrunk {
  Scenario scenario;  // its seed pinned, what was found in [found]
  Outcome outcome;
  ShrinkEnd end = ShrinkEnd::minimal;
  std::uint64_t runs = 0;
  std::uint64_t faults = 0;  // left in the scenario
  bool is_hopeless = false;  // it fails where nothing befalls anybody, too: hosts, links stay
  Duration wall;             // spent on the real clock
};

/// Called on what is tried before it is run, and on what is the smallest so far: whoever writes
/// both down loses nothing where a run ends the process.
struct ShrinkHooks {
  std::function<void(const Scenario&)> before;
  std::function<void(const Scenario&, const Outcome&)> smaller;
};

/// What must stay the same: the oracle's name and, of an expectation, its sentence, and whether
/// there was too little of it at the end or too much before.
bool fails_alike(const Breach& one, const Breach& other);
/// The oracle's name and, of an expectation, its sentence.
std::string failure_name(const Breach& breach);
/// What [found] says of it: "P4", `expect finally "alice has an allocation"`.
std::string found_name(const Breach& breach);

/// Makes the scenario smaller as long as it fails in the same way with this seed: first its
/// structure (time, expectations, faults, hosts, traffic, settings), then, where chance or a
/// partition is still at work on a link, what that did to single datagrams, of which only those
/// stay that are needed. An expectation that would be met if nothing befell anybody stays one.
/// Where it ends with `minimal`, each fault that is left is necessary, and shrinking the result
/// changes nothing. The same for the same scenario and seed.
Shrunk shrink(const Scenario& scenario, const Outcome& failure, const RoleRegistry& registry,
              const RunLimits& run_limits = {}, const ShrinkLimits& limits = {},
              const ShrinkHooks& hooks = {});

}  // namespace tickover::sim
