// Whether all that [expect] says can be understood.
#include "sim/oracles/budget.h"
#include "sim/oracles/claim.h"
#include "sim/oracles/fairness.h"

namespace tickover::sim {

std::vector<PlanError> check_expectations(const Plan& plan) {
  std::vector<PlanError> errors;
  const auto check = [&](const auto& parsed) {
    if (!parsed) errors.push_back(parsed.error());
  };
  const ExpectSpec& expect = plan.scenario.expect;
  for (const Sentence& sentence : expect.finally_) check(parse_state(sentence, plan));
  for (const Sentence& sentence : expect.always) check(parse_state(sentence, plan));
  for (const Sentence& sentence : expect.never) check(parse_event(sentence, plan));
  for (const CountSpec& count : expect.count) check(parse_event(count.of, plan));
  for (const Sentence& sentence : expect.within) check(parse_claim(sentence, plan, false));
  for (const BudgetSpec& budget : expect.budget) check(parse_budget(budget, plan));
  for (const FairnessSpec& fairness : expect.fairness) check(parse_fairness(fairness, plan));
  for (const ProbabilitySpec& spec : expect.probability) check(parse_claim(spec.of, plan, true));
  return errors;
}

}  // namespace tickover::sim
