#pragma once

#include "sim/world/plan.h"

namespace tickover::sim {

/// The scenario with everything said that the seed of the plan drew and that was left to be given:
/// every range its value, every address, each host of a counted group by its own name (and as a
/// member of the group), each pair of hosts their link and their traffic, a fault on each host that
/// its group meant. It pins the seed, which the dice of single datagrams are keyed by.
///
/// Draws are keyed by names, and the names are the same: a run of it is the same run, to the
/// digest. Not so where a group behind one NAT and a host of it have faults of one kind, which are
/// told apart by their number; `tickover run --explicit` runs what it writes, and refuses it then.
Scenario with_all_said(const Plan& plan);

}  // namespace tickover::sim
