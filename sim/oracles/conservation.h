#pragma once

#include <vector>

#include "sim/oracles/oracle.h"
#include "sim/world/plan.h"

namespace tickover::sim {

/// BUGS P22 and E03: the laboratory's own network keeps its books.
class Conservation final : public Oracle {
 public:
  explicit Conservation(const Plan& plan);
  std::unique_ptr<Oracle> clone() const override { return std::make_unique<Conservation>(*this); }

  std::string_view id() const override { return "P22"; }
  std::string_view statement() const override {
    return "Sent, doubled, forged and overheard datagrams are delivered, dropped or in flight; "
           "each arrives "
           "when its delay is over; no partition lets one through (BUGS P22, E03)";
  }
  void observe(const Step& step, const World& world) override;

 private:
  struct Window {
    Instant begin;
    Instant end;
  };
  bool is_cut(std::uint32_t direction, Instant at) const;
  void expect_arrivals(const Step& step, const World& world);
  void check_arrival(const Step& step);

  std::vector<std::vector<Window>> cuts_;  // by direction; empty if no direction is ever cut
  std::vector<std::uint32_t> moving_;      // faults that cut when they are active
  std::vector<Instant> arrivals_;          // a heap, the earliest first
};

}  // namespace tickover::sim
