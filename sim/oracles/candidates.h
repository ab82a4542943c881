#pragma once

#include <vector>

#include "sim/oracles/oracle.h"
#include "sim/world/plan.h"

namespace tickover::sim {

/// BUGS P10: added and removed alternate for each candidate, at most one per address family, and
/// nothing of an allocation that is gone is usable.
class CandidateProtocol final : public Oracle {
 public:
  explicit CandidateProtocol(const Plan& plan) : hosts_(plan.hosts.size()) {}
  std::unique_ptr<Oracle> clone() const override {
    return std::make_unique<CandidateProtocol>(*this);
  }

  std::string_view id() const override { return "P10"; }
  std::string_view statement() const override {
    return "A candidate is removed only after it was added, never added twice, at most one per "
           "address family, and without one nothing is received or usable (BUGS P10)";
  }
  void observe(const Step& step, const World& world) override;

 private:
  using Current = std::vector<Endpoint>;
  void take(const Step& step, const World& world, const Notice& notice);

  std::vector<Current> hosts_;
};

}  // namespace tickover::sim
