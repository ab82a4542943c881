#pragma once

#include <string>
#include <utility>

#include "properties/oracles/hand_made.h"
#include "sim/oracles/oracles.h"

namespace tickover::sim {

/// alice, a TURN client behind a NAT, and bob, who echoes, with a relay between them.
inline Stage turn_scene() {
  Stage stage;
  stage.host("relay", "turn-server", "192.0.2.1")
      .host("alice", "turn-client", "10.0.0.2")
      .setting("relay", std::string("relay"));
  stage.scenario.hosts.back().nat = NatSpec{};
  stage.host("bob", "peer", "203.0.113.5").setting("echo", true);
  stage.traffic("alice", "bob").traffic("bob", "alice");
  stage.scenario.links.push_back({.a = "*", .b = "relay"});
  stage.scenario.duration = Duration(std::chrono::minutes(20));
  return stage;
}

/// The breach of a whole run under every oracle: "P4: …"; empty if there is none.
inline std::string breach_of(const Stage& stage, std::uint64_t seed = 1) {
  const auto plan = stage.plan(seed);
  World world(plan, make_oracles(*plan));
  run(world);
  const Breach* breach = world.oracles().breach();
  return breach ? breach->oracle + ": " + breach->what : "";
}

}  // namespace tickover::sim
