#pragma once

#include <optional>
#include <vector>

#include "core/address.h"
#include "core/time.h"
#include "sim/oracles/delivery.h"
#include "sim/world/plan.h"
#include "sim/world/step.h"

namespace tickover::sim {

/// What the notices of a run add up to: who has which candidate, who can send to whom, and when
/// each flow was heard last. Expectations and the heal are judged by it.
class RunFacts {
 public:
  explicit RunFacts(const Plan& plan);

  bool has_candidate(HostIndex host) const { return !hosts_[host].candidates.empty(); }
  bool is_ready(HostIndex host, const Endpoint& peer) const;
  /// When the flow's payload reached its target last; with `echo`, when one came back.
  std::optional<Instant> heard(std::uint32_t flow, bool echo) const {
    return echo ? flows_[flow].echoed : flows_[flow].arrived;
  }
  /// Changes with every fact but when something was heard.
  std::uint64_t version() const { return version_; }
  /// The flow that a received payload belongs to, and whether it is an echo.
  struct Hearing {
    std::uint32_t flow = 0;
    bool echo = false;
  };
  std::optional<Hearing> hearing(const Step& step, const Notice& notice) const;

  void take(const Step& step);

 private:
  struct Host {
    std::vector<Endpoint> candidates;
    std::vector<Endpoint> ready;  // sorted
  };
  struct Flow {
    HostIndex from = 0;
    HostIndex to = 0;
    std::optional<Instant> arrived;
    std::optional<Instant> echoed;
  };
  void take(const Step& step, const Notice& notice);

  FlowIndex index_;
  std::vector<Host> hosts_;
  std::vector<Flow> flows_;
  std::uint64_t version_ = 0;
};

}  // namespace tickover::sim
