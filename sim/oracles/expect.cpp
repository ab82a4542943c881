#include "sim/oracles/expect.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/oracles/words.h"
#include "sim/world/world.h"

namespace tickover::sim {
namespace {

/// How finely the lapse of a hearing is noticed by `always`, where no step falls together with it.
constexpr Duration look_again = std::chrono::milliseconds(100);

std::vector<Expectation> states_of(const std::vector<Sentence>& sentences, const Plan& plan) {
  std::vector<Expectation> states;
  for (const Sentence& sentence : sentences) {
    if (auto state = parse_state(sentence, plan)) states.push_back(std::move(*state));
  }
  return states;
}

std::string quoted_text(const Sentence& sentence) {
  if (sentence.place.line == 0) return fmt::format("\"{}\"", sentence.text);
  return fmt::format("\"{}\" (line {})", sentence.text, sentence.place.line);
}
std::string text_of(ExpectPart part, const Sentence& sentence, const std::string& why) {
  return fmt::format("{} {}: {}", name_of(part), quoted_text(sentence), why);
}

/// A time is over between two steps: that of the number showed it, or is the last of all.
Step over_at(Instant due, std::uint64_t number) {
  Step step;
  step.number = number;
  step.time = due;
  return step;
}

}  // namespace

Expect::Expect(const Plan& plan)
    : facts_(plan), finally_(states_of(plan.scenario.expect.finally_, plan)) {
  const ExpectSpec& expect = plan.scenario.expect;
  for (Expectation& state : states_of(expect.always, plan)) {
    always_.push_back({std::move(state), Instant{}});
  }
  for (const Sentence& sentence : expect.never) {
    if (auto event = parse_event(sentence, plan)) never_.push_back(std::move(*event));
  }
  if (const auto errors = check_expectations(plan); !errors.empty()) {
    unreadable_ = errors.front().what;
  }
  for (const CountSpec& count : expect.count) {
    if (auto event = parse_event(count.of, plan)) count_.push_back({std::move(*event), count.is});
  }
  for (const Sentence& sentence : expect.within) {
    if (auto claim = parse_claim(sentence, plan, false)) within_.emplace_back(*claim, plan);
  }
  for (const BudgetSpec& spec : expect.budget) {
    if (auto budget = parse_budget(spec, plan)) budgets_.emplace_back(std::move(*budget));
  }
  for (const FairnessSpec& spec : expect.fairness) {
    if (auto fairness = parse_fairness(spec, plan)) fairness_.emplace_back(std::move(*fairness));
  }
}

bool Expect::applies(const Plan& plan) {
  const ExpectSpec& e = plan.scenario.expect;
  return !e.finally_.empty() || !e.always.empty() || !e.never.empty() || !e.count.empty() ||
         !e.within.empty() || !e.budget.empty() || !e.fairness.empty();
}

std::vector<std::uint64_t> Expect::claim_judgements_of(const Oracles& oracles) {
  std::vector<std::uint64_t> result;
  for (const auto& oracle : oracles.all()) {
    const auto* self = dynamic_cast<const Expect*>(oracle.get());
    if (self == nullptr) continue;
    for (const ClaimWatch& claim : self->within_) result.push_back(claim.judged());
  }
  return result;
}

void Expect::object(const Step& step, Objection objection) {
  std::string what = text_of(objection.part, objection.sentence, objection.why);
  broken(objection.due ? over_at(*objection.due, step.number) : step, std::move(what),
         BreachClass::expectation, Broken{objection.part, std::move(objection.sentence.text)});
}

void Expect::object_at_end(const World& world, Objection objection) {
  // What was over before the run would break in a longer one, too.
  if (objection.due) return object(over_at(*objection.due, world.steps()), std::move(objection));
  std::string what = text_of(objection.part, objection.sentence, objection.why);
  broken_at_end(world, std::move(what), BreachClass::expectation,
                Broken{objection.part, std::move(objection.sentence.text)});
}

std::vector<Nearness> Expect::nearness_of(const Oracles& oracles) {
  std::vector<Nearness> result;
  const auto add = [&](std::optional<Nearness> one) {
    if (one) result.push_back(std::move(*one));
  };
  for (const auto& oracle : oracles.all()) {
    const auto* self = dynamic_cast<const Expect*>(oracle.get());
    if (self == nullptr) continue;
    for (const ClaimWatch& claim : self->within_) add(claim.nearness());
    for (const BudgetWatch& budget : self->budgets_) add(budget.nearness());
    for (const Count& count : self->count_) {
      if (count.is.is_fixed()) continue;
      add(Nearness{.part = ExpectPart::count,
                   .sentence = count.event.sentence,
                   .least = count.is.low,
                   .most = count.is.high,
                   .values = {count.seen}});
    }
  }
  return result;
}

void Expect::observe(const Step& step, const World& world) {
  if (!unreadable_.empty()) return broken(step, unreadable_, BreachClass::expectation);
  const Instant from = world.plan().always_from;
  if (!always_.empty() && !always_began_ && step.time > from) {
    // What the last step left behind was still so when `always` began.
    always_began_ = true;
    if (auto lapse = broken_always(world, from)) return object(step, std::move(*lapse));
  }
  auto late = broken_within([&](ClaimWatch& c) { return c.before(step, world, facts_); });
  if (late) return object(step, std::move(*late));
  facts_.take(step);
  for (ClaimWatch& claim : within_) claim.after(step, world, facts_);
  if (always_began_ || step.time == from) {
    if (facts_.version() != seen_version_) {
      seen_version_ = facts_.version();
      for (Always& each : always_) each.next_look = step.time;
    }
    if (step.time > from) {
      if (auto lapse = broken_always(world, step.time)) return object(step, std::move(*lapse));
    }
  }
  if (!never_.empty() || !count_.empty()) count_events(step, world);
  see_budgets(step, world);
  see_fairness(step, world);
}

template <class Judge>
Expect::MaybeObjection Expect::broken_within(Judge judge) {
  for (ClaimWatch& claim : within_) {
    const std::uint64_t before = claim.judged();
    std::string why = judge(claim);
    if (claim.judged() > before) judged();
    if (why.empty()) continue;
    return Objection{ExpectPart::within, claim.claim().sentence, std::move(why), claim.failed_at()};
  }
  return {};
}

void Expect::see_budgets(const Step& step, const World& world) {
  for (BudgetWatch& budget : budgets_) {
    const std::uint64_t before = budget.judged();
    std::string why = budget.see(step, world, facts_);
    if (budget.judged() > before) judged();
    if (why.empty()) continue;
    return object(step, {ExpectPart::budget, budget.budget().of.sentence, std::move(why)});
  }
}

void Expect::see_fairness(const Step& step, const World& world) {
  for (FairnessWatch& fairness : fairness_) {
    const std::uint64_t before = fairness.judged();
    std::string why = fairness.see(step, world, facts_);
    if (fairness.judged() > before) judged();
    if (why.empty()) continue;
    return object(step, {ExpectPart::fairness, fairness.fairness().of.sentence, std::move(why)});
  }
}

Expect::MaybeObjection Expect::broken_always(const World& world, Instant now) {
  for (Always& each : always_) {
    if (now < each.next_look) continue;
    judged();
    const std::string why = why_not(each.state, facts_, world, now);
    if (!why.empty()) {
      return Objection{ExpectPart::always, each.state.sentence,
                       fmt::format("{} at {}", why, time_text(now))};
    }
    const bool lapses = each.state.kind == Expectation::Kind::hears;
    each.next_look = lapses ? now + look_again : Instant::never();
  }
  return {};
}

void Expect::count_events(const Step& step, const World& world) {
  for (const Expectation& event : never_) {
    if (occurrences(event, facts_, step, world) == 0) continue;
    judged();
    return object(step, {ExpectPart::never, event.sentence, "it happened"});
  }
  for (Count& count : count_) {
    count.seen += static_cast<std::int64_t>(occurrences(count.event, facts_, step, world));
    if (count.seen > count.is.high) {
      judged();
      return object(
          step, {ExpectPart::count, count.event.sentence,
                 fmt::format("{} times already, at most {} allowed", count.seen, count.is.high)});
    }
  }
}

void Expect::finish(const World& world) {
  if (auto objection = objection_at_end(world)) object_at_end(world, std::move(*objection));
}

Expect::MaybeObjection Expect::objection_at_end(const World& world) {
  const Instant end = world.now();
  if (!always_.empty() && !always_began_) {
    for (Always& each : always_) each.next_look = Instant{};
    if (auto lapse = broken_always(world, end)) return lapse;
  }
  auto late = broken_within([&](ClaimWatch& claim) { return claim.finish(world, facts_); });
  if (late) return late;
  for (const Expectation& state : finally_) {
    judged();
    std::string why = why_not(state, facts_, world, end);
    if (!why.empty()) return Objection{ExpectPart::finally_, state.sentence, std::move(why)};
  }
  for (const Count& count : count_) {
    judged();
    if (count.seen < count.is.low) {
      return Objection{ExpectPart::count, count.event.sentence,
                       fmt::format("{} times, at least {} expected", count.seen, count.is.low)};
    }
  }
  for (BudgetWatch& budget : budgets_) {
    judged();
    std::string why = budget.finish(world);
    if (why.empty()) continue;
    return Objection{ExpectPart::budget, budget.budget().of.sentence, std::move(why)};
  }
  for (FairnessWatch& fairness : fairness_) {
    std::string why = fairness.finish(world);
    if (why.empty()) continue;
    judged();
    return Objection{ExpectPart::fairness, fairness.fairness().of.sentence, std::move(why)};
  }
  for (std::size_t i = 0; i < never_.size(); ++i) judged();
  return {};
}

Heal::Heal(const Plan& plan)
    : facts_(plan), finally_(states_of(plan.scenario.expect.finally_, plan)) {}

void Heal::observe(const Step& step, const World& world) {
  const Instant deadline = world.plan().heal_at + world.plan().heal_within;
  if (!is_judged_ && step.time > deadline) {
    is_judged_ = true;
    judged();
    if (const auto missing = missing_at(world, deadline); !missing.empty()) {
      return broken(over_at(deadline, step.number), text_of(missing, world),
                    BreachClass::expectation, Broken{ExpectPart::heal, missing.front().what});
    }
  }
  if (!is_judged_) facts_.take(step);
}

void Heal::finish(const World& world) {
  if (is_judged_) return;
  judged();
  const Instant deadline = world.plan().heal_at + world.plan().heal_within;
  if (const auto missing = missing_at(world, deadline); !missing.empty()) {
    broken_at_end(world, text_of(missing, world), BreachClass::expectation,
                  Broken{ExpectPart::heal, missing.front().what});
  }
}

std::vector<Heal::Missing> Heal::missing_at(const World& world, Instant deadline) const {
  const Plan& plan = world.plan();
  std::vector<Missing> missing;
  for (const Expectation& state : finally_) {
    const std::string why = why_not(state, facts_, world, deadline);
    if (why.empty()) continue;
    const std::string text = fmt::format("{}: {}", quoted_text(state.sentence), why);
    missing.push_back({state.sentence.text, text});
  }
  for (std::uint32_t i = 0; i < plan.flows.size(); ++i) {
    const FlowPlan& flow = plan.flows[i];
    if (Instant::at(flow.stop) < deadline) continue;
    const auto heard = facts_.heard(i, false);
    if (heard && *heard >= plan.heal_at) continue;
    const std::string text = fmt::format("nothing from {} has reached {}", name_of(plan, flow.from),
                                         name_of(plan, flow.to));
    missing.push_back({text, text});
  }
  return missing;
}

std::string Heal::text_of(const std::vector<Missing>& missing, const World& world) const {
  const Plan& plan = world.plan();
  std::string all;
  for (const Missing& each : missing) all += (all.empty() ? "" : "; ") + each.text;
  constexpr HostIndex most_named = 8;
  std::string waiting;
  const auto hosts = static_cast<HostIndex>(plan.hosts.size());
  for (HostIndex i = 0; i < std::min(hosts, most_named); ++i) {
    waiting += waiting.empty() ? "" : ", ";
    const auto& wake = world.deadline(i);
    if (!world.is_up(i)) {
      waiting += name_of(plan, i) + " is down";
    } else if (!wake) {
      waiting += name_of(plan, i) + " waits for nothing";
    } else {
      waiting += fmt::format("{} waits for \"{}\" until {}", name_of(plan, i), wake->reason,
                             time_text(wake->at));
    }
  }
  if (hosts > most_named) waiting += fmt::format(" and {} more", hosts - most_named);
  return fmt::format("{} after the heal: {}. Now {}", time_text(plan.heal_within), all, waiting);
}

}  // namespace tickover::sim
