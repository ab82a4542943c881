#include "sim/oracles/probability.h"

namespace tickover::sim {

Probabilities::Probabilities(const Plan& plan) : facts_(plan) {
  for (const ProbabilitySpec& spec : plan.scenario.expect.probability) {
    if (auto claim = parse_claim(spec.of, plan, true)) claims_.emplace_back(*claim, plan);
  }
}

std::vector<Trial> Probabilities::trials_of(const Oracles& oracles) {
  std::vector<Trial> trials;
  for (const auto& oracle : oracles.all()) {
    const auto* self = dynamic_cast<const Probabilities*>(oracle.get());
    if (self == nullptr) continue;
    for (const ClaimWatch& claim : self->claims_) {
      const Trial kept = claim.judged() > 0 ? Trial::kept : Trial::unjudged;
      trials.push_back(claim.has_failed() ? Trial::failed : kept);
    }
  }
  return trials;
}

void Probabilities::observe(const Step& step, const World& world) {
  for (ClaimWatch& claim : claims_) claim.before(step, world, facts_);
  facts_.take(step);
  for (ClaimWatch& claim : claims_) claim.after(step, world, facts_);
  note_judgements();
}

void Probabilities::finish(const World& world) {
  for (ClaimWatch& claim : claims_) claim.finish(world, facts_);
  note_judgements();
}

void Probabilities::note_judgements() {
  std::uint64_t all = 0;
  for (const ClaimWatch& claim : claims_) all += claim.judged();
  for (; noted_ < all; ++noted_) judged();
}

}  // namespace tickover::sim
