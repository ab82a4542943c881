#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <vector>

#include "sim/search/run_case.h"
#include "sim/world/fates.h"

namespace tickover::sim {

/// Writes down what befalls each datagram on its link.
class FateRecorder final : public Watcher {
 public:
  void see(const Step& step, const World& world) override;
  Fates take() { return Fates(std::move(fates_)); }

 private:
  std::vector<NamedFate> fates_;
};

/// What becomes of the faults that touch datagrams (partitions, drops, bad links, …).
enum class LinkFaults : std::uint8_t {
  keep,       // they stay: the run is the same, event by event
  spell_out,  // they go, and what they did to each datagram stays: their beginnings and ends go
};

/// A run of which every link does the same to every datagram but for what is said of single ones.
struct SpelledOut {
  Scenario scenario;       // seed pinned; the links keep their latency, and nothing is left to dice
  std::uint64_t said = 0;  // datagrams of which something is said, in faults at the end of the list
};

/// Turns what chance did to the datagrams of `plan`'s run, until simulated time `until`, into
/// faults that name them. `fates` are those of that run. With LinkFaults::keep the scenario's run
/// has the same digest. Fails only where two datagrams of one name met different fates.
SpelledOut spell_out(const Plan& plan, const std::shared_ptr<const Fates>& fates, Instant until,
                     LinkFaults faults, const RoleRegistry& registry, const RunLimits& limits = {});

}  // namespace tickover::sim
