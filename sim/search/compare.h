#pragma once

#include <memory>
#include <optional>

#include "sim/oracles/oracle.h"
#include "sim/world/run.h"

namespace tickover::sim {

/// The oracles that need a fork or a second run (DESIGN, section 6). Each walks whole runs of the
/// plan without the observers, within the limits, and says at which step what should be equal
/// first differs; nothing if it never does.

/// BUGS P2: all hosts lazy, and all woken every `every` besides, give the same datagrams and
/// events at the same instants.
std::optional<Breach> compare_drivers(const std::shared_ptr<const Plan>& plan,
                                      Duration every = std::chrono::milliseconds(7),
                                      const RunLimits& limits = {});

/// BUGS P3: after each step, a second handle_timeout at the same instant leaves the machine equal
/// and says nothing.
std::optional<Breach> check_idempotence(const std::shared_ptr<const Plan>& plan,
                                        const RunLimits& limits = {});

/// DESIGN, section 5: a copy of the world, made halfway, ends as the original does.
std::optional<Breach> compare_fork(const std::shared_ptr<const Plan>& plan,
                                   const RunLimits& limits = {});

/// BUGS P20: with every host's monotonic clock moved by `shift`, the same happens at the same
/// instants. Bytes may differ where a machine tells the time in them, as a nonce may; sizes may
/// not.
std::optional<Breach> compare_shifted(const std::shared_ptr<const Plan>& plan, Duration shift,
                                      const RunLimits& limits = {});

/// BUGS P21: two runs of the plan are the same, step by step.
std::optional<Breach> compare_repeat(const std::shared_ptr<const Plan>& plan,
                                     const RunLimits& limits = {});

}  // namespace tickover::sim
