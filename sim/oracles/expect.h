#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/oracles/budget.h"
#include "sim/oracles/claim.h"
#include "sim/oracles/expectation.h"
#include "sim/oracles/facts.h"
#include "sim/oracles/fairness.h"
#include "sim/oracles/nearness.h"
#include "sim/oracles/oracle.h"

namespace tickover::sim {

/// The scenario's own [expect]; see expectation.h for what its sentences mean. Whoever runs a plan
/// refuses it first if check_expectations objects; if nobody did, the first step is a breach.
class Expect final : public Oracle {
 public:
  explicit Expect(const Plan& plan);
  std::unique_ptr<Oracle> clone() const override { return std::make_unique<Expect>(*this); }

  /// Whether the scenario expects anything.
  static bool applies(const Plan& plan);

  /// How often each claim of `within` was judged: what it counts from may never have come.
  static std::vector<std::uint64_t> claim_judgements_of(const Oracles& oracles);
  /// Beside each bound that a correct machine may come near, in the order of the file: the same
  /// bounds for every seed.
  static std::vector<Nearness> nearness_of(const Oracles& oracles);

  std::string_view id() const override { return "expect"; }
  std::string_view statement() const override {
    return "What the scenario states in [expect] holds (DESIGN, section 7)";
  }
  void observe(const Step& step, const World& world) override;
  void finish(const World& world) override;

 private:
  struct Always {
    Expectation state;
    Instant next_look;  // without news it cannot have changed before
  };
  struct Count {
    Expectation event;
    Range<std::int64_t> is;
    std::int64_t seen = 0;
  };
  /// A sentence that does not hold, and why.
  struct Objection {
    ExpectPart part{};
    Sentence sentence;
    std::string why;
    std::optional<Instant> due = {};  // when the time that it had was over
  };
  using MaybeObjection = std::optional<Objection>;

  void object(const Step& step, Objection objection);
  void object_at_end(const World& world, Objection objection);
  /// Judges the `always` states as they are at `now`.
  MaybeObjection broken_always(const World& world, Instant now);
  void count_events(const Step& step, const World& world);
  void see_budgets(const Step& step, const World& world);
  void see_fairness(const Step& step, const World& world);
  /// Judges the claims with `judge`.
  template <class Judge>
  MaybeObjection broken_within(Judge judge);
  MaybeObjection objection_at_end(const World& world);

  RunFacts facts_;
  std::string unreadable_;  // why a sentence says nothing; empty if all do
  std::vector<Expectation> finally_;
  std::vector<Always> always_;
  std::vector<Expectation> never_;
  std::vector<Count> count_;
  std::vector<ClaimWatch> within_;
  std::vector<BudgetWatch> budgets_;
  std::vector<FairnessWatch> fairness_;
  bool always_began_ = false;
  std::uint64_t seen_version_ = 0;
};

/// BUGS P6: liveness after the heal.
class Heal final : public Oracle {
 public:
  explicit Heal(const Plan& plan);
  std::unique_ptr<Oracle> clone() const override { return std::make_unique<Heal>(*this); }

  std::string_view id() const override { return "P6"; }
  std::string_view statement() const override {
    return "When the network has been clean for the time that the policies need, every `finally` "
           "state holds and every flow is heard again (BUGS P6)";
  }
  void observe(const Step& step, const World& world) override;
  void finish(const World& world) override;

 private:
  /// Each thing that is missing, and why it is.
  struct Missing {
    std::string what;  // "alice has an allocation", "nothing from alice has reached bob"
    std::string text;
  };
  std::vector<Missing> missing_at(const World& world, Instant deadline) const;
  std::string text_of(const std::vector<Missing>& missing, const World& world) const;

  RunFacts facts_;
  std::vector<Expectation> finally_;
  bool is_judged_ = false;
};

}  // namespace tickover::sim
