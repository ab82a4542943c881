#pragma once

#include <functional>
#include <vector>

#include "sim/scenario/scenario.h"
#include "sim/world/plan.h"

namespace tickover::sim {

/// A change that makes a scenario simpler; it leaves alone what has none of what it takes away.
using Edit = std::function<void(Scenario&)>;

/// The ranges that were drawn once for the run, as the values that were drawn. The run is the same.
/// What each member of a group, or each link of a "*", drew for itself stays a range, and so does
/// what stands inside of a condition, such as the period of a burst.
Scenario without_ranges(const Plan& plan);

/// Changes to try one after the other on a scenario of this shape, the boldest first: hosts with
/// all that speaks of them (but for those whom another host needs), groups to single hosts, NATs,
/// then settings to their defaults. Applying one does not make another wrong to try; after a host
/// or a NAT is gone, ask anew.
std::vector<Edit> removals_of_nodes(const Scenario& scenario);
std::vector<Edit> simpler_settings(const Scenario& scenario, const RoleRegistry& registry);
/// Lengths of time that are shorter to say.
std::vector<Edit> rounder_times(const Scenario& scenario);

/// The shortest way to say a time no earlier than `at`: 12.345 s is 13 s.
Duration rounded_up(Duration at);

}  // namespace tickover::sim
