#pragma once

#include "sim/world/plan.h"

namespace tickover::sim {

/// How long after the network is clean the hosts of a plan need at most by their policies; zero if
/// no role says so.
Duration longest_recovery(const Plan& plan);

/// The same until every state holds and every flow is heard again: what `heal` calls "policy".
Duration recovery_time(const Plan& plan);

}  // namespace tickover::sim
