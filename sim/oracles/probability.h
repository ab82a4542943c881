#pragma once

#include <cstdint>
#include <vector>

#include "sim/oracles/claim.h"
#include "sim/oracles/facts.h"
#include "sim/oracles/oracle.h"

namespace tickover::sim {

/// What one run has to say to a probability.
enum class Trial : std::uint8_t { unjudged, kept, failed };

/// Notes whether a run keeps the claims of [[expect.probability]]. It never objects: a sweep
/// decides over many seeds.
class Probabilities final : public Oracle {
 public:
  explicit Probabilities(const Plan& plan);
  std::unique_ptr<Oracle> clone() const override { return std::make_unique<Probabilities>(*this); }

  /// Of the oracles of a world, in the order of the scenario; empty if it speaks of no probability.
  static std::vector<Trial> trials_of(const Oracles& oracles);

  std::string_view id() const override { return "probability"; }
  std::string_view statement() const override {
    return "What [expect] says to be likely is noted, for a sweep to judge";
  }
  void observe(const Step& step, const World& world) override;
  void finish(const World& world) override;

 private:
  void note_judgements();

  RunFacts facts_;
  std::vector<ClaimWatch> claims_;
  std::uint64_t noted_ = 0;
};

}  // namespace tickover::sim
