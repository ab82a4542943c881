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
std::string sentence_text(const Expectation& e) {
  return quoted_text(e.sentence);
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

void Expect::observe(const Step& step, const World& world) {
  if (!unreadable_.empty()) return broken(step, unreadable_, BreachClass::expectation);
  const Instant from = world.plan().always_from;
  if (!always_.empty() && !always_began_ && step.time > from) {
    // What the last step left behind was still so when `always` began.
    always_began_ = true;
    if (auto what = broken_always(world, from); !what.empty()) {
      return broken(step, std::move(what), BreachClass::expectation);
    }
  }
  auto late = broken_within([&](ClaimWatch& c) { return c.before(step, world, facts_); });
  if (!late.empty()) return broken(step, std::move(late), BreachClass::expectation);
  facts_.take(step);
  for (ClaimWatch& claim : within_) claim.after(step, world, facts_);
  if (always_began_ || step.time == from) {
    if (facts_.version() != seen_version_) {
      seen_version_ = facts_.version();
      for (Always& each : always_) each.next_look = step.time;
    }
    if (step.time > from) {
      if (auto what = broken_always(world, step.time); !what.empty()) {
        return broken(step, std::move(what), BreachClass::expectation);
      }
    }
  }
  if (!never_.empty() || !count_.empty()) count_events(step, world);
  see_budgets(step, world);
  see_fairness(step, world);
}

template <class Judge>
std::string Expect::broken_within(Judge judge) {
  for (ClaimWatch& claim : within_) {
    const std::uint64_t before = claim.judged();
    const std::string why = judge(claim);
    if (claim.judged() > before) judged();
    if (!why.empty()) return fmt::format("within {}: {}", quoted_text(claim.claim().sentence), why);
  }
  return {};
}

void Expect::see_budgets(const Step& step, const World& world) {
  for (BudgetWatch& budget : budgets_) {
    const std::uint64_t before = budget.judged();
    const std::string why = budget.see(step, world, facts_);
    if (budget.judged() > before) judged();
    if (why.empty()) continue;
    const std::string what = sentence_text(budget.budget().of);
    return broken(step, fmt::format("budget {}: {}", what, why), BreachClass::expectation);
  }
}

void Expect::see_fairness(const Step& step, const World& world) {
  for (FairnessWatch& fairness : fairness_) {
    const std::uint64_t before = fairness.judged();
    const std::string why = fairness.see(step, world, facts_);
    if (fairness.judged() > before) judged();
    if (why.empty()) continue;
    const std::string what = sentence_text(fairness.fairness().of);
    return broken(step, fmt::format("fairness {}: {}", what, why), BreachClass::expectation);
  }
}

std::string Expect::broken_always(const World& world, Instant now) {
  for (Always& each : always_) {
    if (now < each.next_look) continue;
    judged();
    const std::string why = why_not(each.state, facts_, world, now);
    if (!why.empty()) {
      return fmt::format("always {}: {} at {}", sentence_text(each.state), why, time_text(now));
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
    return broken(step, fmt::format("never {}: it happened", sentence_text(event)),
                  BreachClass::expectation);
  }
  for (Count& count : count_) {
    count.seen += static_cast<std::int64_t>(occurrences(count.event, facts_, step, world));
    if (count.seen > count.is.high) {
      judged();
      return broken(step,
                    fmt::format("count {}: {} times already, at most {} allowed",
                                sentence_text(count.event), count.seen, count.is.high),
                    BreachClass::expectation);
    }
  }
}

void Expect::finish(const World& world) {
  const Instant end = world.now();
  const auto fail = [&](std::string what) {
    broken_at_end(world, std::move(what), BreachClass::expectation);
  };
  if (!always_.empty() && !always_began_) {
    for (Always& each : always_) each.next_look = Instant{};
    if (auto what = broken_always(world, end); !what.empty()) return fail(std::move(what));
  }
  auto late = broken_within([&](ClaimWatch& claim) { return claim.finish(world, facts_); });
  if (!late.empty()) return fail(std::move(late));
  for (const Expectation& state : finally_) {
    judged();
    const std::string why = why_not(state, facts_, world, end);
    if (!why.empty()) return fail(fmt::format("finally {}: {}", sentence_text(state), why));
  }
  for (const Count& count : count_) {
    judged();
    if (count.seen < count.is.low) {
      return fail(fmt::format("count {}: {} times, at least {} expected",
                              sentence_text(count.event), count.seen, count.is.low));
    }
  }
  for (BudgetWatch& budget : budgets_) {
    judged();
    const std::string why = budget.finish(world);
    if (why.empty()) continue;
    return fail(fmt::format("budget {}: {}", sentence_text(budget.budget().of), why));
  }
  for (FairnessWatch& fairness : fairness_) {
    const std::string why = fairness.finish(world);
    if (why.empty()) continue;
    judged();
    return fail(fmt::format("fairness {}: {}", sentence_text(fairness.fairness().of), why));
  }
  for (std::size_t i = 0; i < never_.size(); ++i) judged();
}

Heal::Heal(const Plan& plan)
    : facts_(plan), finally_(states_of(plan.scenario.expect.finally_, plan)) {}

void Heal::observe(const Step& step, const World& world) {
  const Instant deadline = world.plan().heal_at + world.plan().heal_within;
  if (!is_judged_ && step.time > deadline) {
    is_judged_ = true;
    judged();
    if (auto what = what_is_missing(world, deadline); !what.empty()) {
      return broken(step, std::move(what), BreachClass::expectation);
    }
  }
  if (!is_judged_) facts_.take(step);
}

void Heal::finish(const World& world) {
  if (is_judged_) return;
  judged();
  const Instant deadline = world.plan().heal_at + world.plan().heal_within;
  if (auto what = what_is_missing(world, deadline); !what.empty()) {
    broken_at_end(world, std::move(what), BreachClass::expectation);
  }
}

std::string Heal::what_is_missing(const World& world, Instant deadline) const {
  const Plan& plan = world.plan();
  std::string missing;
  const auto add = [&](std::string_view text) {
    missing += missing.empty() ? "" : "; ";
    missing += text;
  };
  for (const Expectation& state : finally_) {
    const std::string why = why_not(state, facts_, world, deadline);
    if (!why.empty()) add(fmt::format("{}: {}", sentence_text(state), why));
  }
  for (std::uint32_t i = 0; i < plan.flows.size(); ++i) {
    const FlowPlan& flow = plan.flows[i];
    if (Instant::at(flow.stop) < deadline) continue;
    const auto heard = facts_.heard(i, false);
    if (heard && *heard >= plan.heal_at) continue;
    add(fmt::format("nothing from {} has reached {}", name_of(plan, flow.from),
                    name_of(plan, flow.to)));
  }
  if (missing.empty()) return {};
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
  return fmt::format("{} after the heal: {}. Now {}", time_text(plan.heal_within), missing,
                     waiting);
}

}  // namespace tickover::sim
