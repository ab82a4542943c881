#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/address.h"
#include "sim/world/plan.h"
#include "sim/world/step.h"

namespace tickover::sim {

/// Who spoke last from which endpoint outside of a NAT: a port that was one host's may be
/// another's now. The latest few for each host of the plan are remembered.
class OutsidePorts {
 public:
  explicit OutsidePorts(const Plan& plan);

  void note(const Step& step);
  /// Nothing if nobody did, or too long ago.
  std::optional<HostIndex> latest(const Endpoint& outside) const;

 private:
  struct Use {
    Endpoint outside;
    HostIndex host = no_index;
    std::uint64_t step = 0;
  };
  std::vector<Use> used_;  // sorted by endpoint
  std::size_t most_ = 0;   // 0: no NAT translates
};

}  // namespace tickover::sim
