#pragma once

#include "sim/role.h"
#include "sim/scenario/problem.h"
#include "sim/scenario/scenario.h"

namespace tickover::sim {

/// Warns of clients and attackers whom their relay does not know: all that they ask is refused,
/// which may be meant. An attacker that would usurp what its victim has needs an account of its
/// own: one that shares the victim's is the victim, by all that a relay can tell.
void check_accounts(const Scenario& scenario, const RoleRegistry& registry, Problems& problems);

}  // namespace tickover::sim
