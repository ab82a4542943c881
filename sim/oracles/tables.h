#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/oracles/oracle.h"
#include "sim/oracles/relay_oracle.h"
#include "sim/relay_probe.h"
#include "sim/world/plan.h"
#include "sim/world/step.h"

namespace tickover::sim {

/// When to look into a relay's tables: after each of its first steps that did more than relay, then
/// less often the more there is to look through, so that looking costs little per step.
class ProbeSchedule {
 public:
  /// Whether this step, which touched the relay, is one to look after.
  bool is_due(const Step& step);
  void looked(const RelayProbe& probe);
  /// After a reboot.
  void restart() { *this = {}; }

 private:
  std::uint64_t looks_ = 0;
  std::uint64_t wait_ = 0;
  std::size_t most_ = 0;  // allocations, at any time: what ends leaves its slot behind
};

/// BUGS P12: a relay's tables agree with each other, with its sockets, and with what it has
/// answered (the model of RelayTables, beside which this stands), and when time has run out they
/// are empty.
class RelayIndexes final : public Oracle {
 public:
  explicit RelayIndexes(const Plan& plan);
  std::unique_ptr<Oracle> clone() const override { return std::make_unique<RelayIndexes>(*this); }
  /// Whether some relay of the plan shows its tables.
  static bool applies(const Plan& plan);

  std::string_view id() const override { return "P12"; }
  std::string_view statement() const override {
    return "A relay's tables, indexes, ports and sockets mirror each other and what it has "
           "answered, and are empty when everything has expired (BUGS P12)";
  }
  void observe(const Step& step, const World& world) override;
  void finish(const World& world) override;

 private:
  struct Relay {
    bool shows = false;
    ProbeSchedule schedule;
    std::vector<Endpoint> open;    // sockets but for the listening ones, sorted
    std::uint64_t unanswered = 0;  // sockets that it does not know of yet
  };
  void note_sockets(const Step& step, const World& world, Relay& relay) const;
  static std::string disorder_in(const RelayProbe& probe, const Relay& relay, Instant now);
  static std::string contradiction(const RelayProbe& probe, const RelayModel& model, Instant now);
  /// Of one allocation that lives in both.
  static std::string contradiction(const RelayProbe::Allocation& shown,
                                   const RelayModel::Allocation& known, Instant now);

  RelayModels models_;
  std::vector<Relay> relays_;  // by host
};

/// BUGS P16: what a relay keeps stays within its configured limits, in all and per user.
class RelayLimits final : public Oracle {
 public:
  explicit RelayLimits(const Plan& plan);
  std::unique_ptr<Oracle> clone() const override { return std::make_unique<RelayLimits>(*this); }

  std::string_view id() const override { return "P16"; }
  std::string_view statement() const override {
    return "A relay never holds more allocations, in all or of one user, permissions or channels "
           "than it is configured to (BUGS P16)";
  }
  void observe(const Step& step, const World& world) override;

 private:
  struct Relay {
    bool shows = false;
    ProbeSchedule schedule;
    std::size_t allocations = 0;
    std::size_t per_user = 0;
    std::size_t permissions = 0;
    std::size_t channels = 0;
  };
  static std::string excess_in(const RelayProbe& probe, const Relay& relay);

  std::vector<Relay> relays_;  // by host
};

}  // namespace tickover::sim
