#pragma once

#include "sim/oracles/oracle.h"
#include "sim/world/plan.h"

namespace tickover::sim {

/// Every oracle that applies to the plan: the general ones always, those of STUN and TURN where
/// such hosts are, those of [expect] where something is expected. They judge in every verb.
Oracles make_oracles(const Plan& plan);

}  // namespace tickover::sim
