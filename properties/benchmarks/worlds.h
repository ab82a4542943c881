#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "sim/world/world.h"

namespace tickover::sim {

/// The built-in roles, and `metronome`: a machine that does next to nothing, so that what a run
/// costs is the world's. One with the setting `to` sends 100 bytes there every 10 ms; one without
/// answers each datagram with 100 bytes.
const RoleRegistry& benchmark_roles();

/// `hosts` metronomes in pairs, each pair over a link of its own: 20 ms, up to 5 ms of jitter, 5 %
/// loss. It never ends by itself.
Scenario metronomes(std::int64_t hosts);
/// `clients` TURN clients, each exchanging 100 bytes every 10 ms with an echoing peer behind their
/// relay. `use` is "channels" or "permissions".
Scenario relayed_talk(std::int64_t clients, const std::string& use);
/// `clients` TURN clients with nothing to say, for one simulated hour.
Scenario idle_clients(std::int64_t clients);
/// One TURN client behind a short-tempered NAT that keeps its allocation for a day.
Scenario idle_day();

std::shared_ptr<const Plan> planned(const Scenario& scenario);

/// A world with every oracle that applies.
World judged(const std::shared_ptr<const Plan>& plan);
/// One that nobody judges.
World unjudged(const std::shared_ptr<const Plan>& plan);

/// Steps until `count` more datagrams were delivered; stops the program if an oracle objects,
/// because what a broken run costs says nothing.
void deliver(World& world, std::uint64_t count);
/// The same until simulated time `until`, or until nothing is left.
void run_to(World& world, Instant until);

}  // namespace tickover::sim
