#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "sim/search/run_case.h"

namespace tickover::sim {

/// The links as they are without chance: each has its latency and nothing else.
Scenario without_dice(Scenario scenario);
/// Whether anything on a link makes one datagram fare otherwise than the next.
bool has_dice(const Scenario& scenario);

/// When a run was in trouble last: a fault was at work, or a datagram was lost, bent or late.
class TroubleWatch final : public Watcher {
 public:
  void see(const Step& step, const World& world) override;
  /// The origin, if it never was; the end of the run, if a fault lasts to that.
  Instant last(const Plan& plan) const;

 private:
  Instant last_;
  std::uint64_t at_work_ = 0;  // faults
};

/// Tells a scenario that breaks an expectation from one that no machine could pass: where nothing
/// is there any more that could keep it, or the run ends before anybody can have recovered, a
/// failure is no example. What the failure as it was found did not have either is not asked for.
class FairTrial {
 public:
  /// Runs a scenario under its oracles; nothing if it is not sound.
  using Run = std::function<std::optional<Outcome>(const Scenario&)>;

  /// `plan` is that of `scenario`, which failed in that way; `run` outlives this.
  FairTrial(const Scenario& scenario, const Plan& plan, const Breach& breach, const Run& run);

  /// Whether there was as much time to recover after the last trouble as the policies need, or as
  /// the failure had that was found. `always` is demanded no earlier than it was.
  bool leaves_time(const Plan& plan, const TroubleWatch& trouble) const;
  /// Whether what was broken is still judged and kept where nothing happens to datagrams, or
  /// nothing at all: whichever was so of the failure that was found. Costs a run.
  bool can_be_kept(const Scenario& scenario) const;
  /// Whether something was to happen that does not even happen where no datagram is lost or late
  /// and no fault acts: the scenario asks for too much, or the machine never does it.
  bool is_hopeless() const;

 private:
  /// Worlds in which what was broken could be kept, the nearest first.
  enum class Control : std::uint8_t {
    same_events,   // hosts and NATs fare as they did, and every datagram arrives
    no_events,     // nothing happens to anybody
    state_at_all,  // the same, and the state that was not in time holds at the end
    event_at_all,  // or the event happens at any time
  };
  Scenario world_of(Control control, Scenario scenario) const;
  bool holds(Control control, const Scenario& scenario) const;

  const Run& run_;
  std::string oracle_;
  Duration duration_;
  Instant always_from_;
  bool is_at_end_;
  Broken of_;  // what is no list's is treated as what a heal demands
  std::optional<Control> control_;
};

}  // namespace tickover::sim
