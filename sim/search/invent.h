#pragma once

#include "sim/scenario/scenario.h"
#include "sim/search/choices.h"

namespace tickover::sim {

/// Invents a TURN world: relays, clients, peers, NATs, links, traffic, drivers, clocks, and faults
/// that end in a heal, after which every client must have an allocation again. Some worlds claim
/// besides what their clients keep in any of them: times, budgets, counts and fairness.
///
/// What it invents is always a sound scenario that keeps UDP's promise (nothing is corrupted or
/// forged), so correct machines pass every oracle in it. It is a swarm: each world leaves some
/// kinds of fault and of mishap out altogether, so that none hides another. The simplest world, all
/// choices 0, has one client on one relay, one peer, and nothing that goes wrong.
Scenario invent(Choices& choices);

}  // namespace tickover::sim
