#include "sim/search/shrink.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "sim/oracles/expectation.h"
#include "sim/search/fair_trial.h"
#include "sim/search/minimise.h"
#include "sim/search/simpler.h"
#include "sim/search/spell_out.h"
#include "sim/search/words_of.h"

namespace tickover::sim {
namespace {

/// A candidate may take so many times as many steps as the failure did, and some.
constexpr std::uint64_t most_growth = 4;
constexpr std::uint64_t free_steps = 10'000;

/// Whether nothing but plain links and named datagrams decides what arrives.
bool is_spelled_out(const Plan& plan) {
  return !has_dice(plan.scenario) && std::ranges::all_of(plan.faults, [](const FaultPlan& fault) {
    return fault.is_named || fault.directions.empty();
  });
}

/// Whether somebody can be reached from every host: what fails because nobody can is no example.
bool is_connected(const Plan& plan) {
  if (plan.hosts.size() == 1) return true;
  for (HostIndex i = 0; i < plan.hosts.size(); ++i) {
    std::vector<NodeIndex> doors = {plan.node_of_host(i)};
    for (auto nat = plan.hosts[i].behind; nat; nat = plan.nats[*nat].behind) {
      doors.push_back(plan.node_of_nat(*nat));
    }
    const bool leads_on = std::ranges::any_of(plan.directions, [&](const DirectionPlan& d) {
      return std::ranges::find(doors, d.from) != doors.end();
    });
    if (!leads_on) return false;
  }
  return true;
}

class Shrinker {
 public:
  Shrinker(const Scenario& scenario, const Outcome& failure, const RoleRegistry& registry,
           const RunLimits& run_limits, const ShrinkLimits& limits, const ShrinkHooks& hooks)
      : registry_(registry),
        run_limits_(run_limits),
        limits_(limits),
        hooks_(hooks),
        breach_(*failure.breach),
        seed_(failure.seed),
        start_(std::chrono::steady_clock::now()) {
    run_limits_.steps = std::min(run_limits_.steps, failure.steps * most_growth + free_steps);
    best_.scenario = scenario;
    best_.scenario.seed = seed_;
    best_.scenario.caught_by.clear();
    best_.scenario.found.reset();
    best_.outcome = failure;
    // A sentence is known by its words; its place is that of another file.
    ExpectSpec& expect = best_.scenario.expect;
    for (auto* list : {&expect.finally_, &expect.always, &expect.never, &expect.within}) {
      for (Sentence& sentence : *list) sentence.place = {};
    }
    for (CountSpec& count : expect.count) count.of.place = {};
    const auto forget = [](Sentence& sentence) { sentence.place = {}; };
    for (BudgetSpec& budget : expect.budget) for_each_sentence(budget, forget);
    for (FairnessSpec& fairness : expect.fairness) for_each_sentence(fairness, forget);
    expect.probability.clear();  // no matters of one run
    expect.marks.clear();
    const auto plan = plan_of(best_.scenario);
    is_connected_ = plan && is_connected(*plan);
    const bool is_expectation = failure.breach->breach_class == BreachClass::expectation;
    if (plan && is_expectation) {
      run_control_ = [this, control_limits = run_limits](const Scenario& control) {
        return run_sound(control, control_limits);
      };
      trial_.emplace(best_.scenario, *plan, *failure.breach, run_control_);
      best_.is_hopeless = trial_->is_hopeless();
    }
  }

  Shrunk run() {
    cut_structure();
    spell_out_datagrams();
    simplify();
    best_.faults = best_.scenario.faults.size();
    best_.wall = elapsed();
    return std::move(best_);
  }

 private:
  Duration elapsed() const {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() -
                                                                start_);
  }

  bool may_run() {
    if (best_.end != ShrinkEnd::minimal) return false;
    if (best_.runs >= limits_.runs || steps_ >= limits_.steps) best_.end = ShrinkEnd::out_of_runs;
    if (elapsed() > limits_.wall) best_.end = ShrinkEnd::out_of_time;
    if (run_limits_.cancel != nullptr && run_limits_.cancel->load()) {
      best_.end = ShrinkEnd::cancelled;
    }
    return best_.end == ShrinkEnd::minimal;
  }

  std::shared_ptr<const Plan> plan_of(const Scenario& scenario) const {
    const auto plan = make_plan(scenario, seed_, registry_);
    if (!plan || !check_expectations(**plan).empty()) return nullptr;
    return *plan;
  }

  /// Takes the candidate if it fails as the original does.
  bool accept(Scenario candidate) {
    if (candidate == best_.scenario || !may_run()) return false;
    const auto plan = plan_of(candidate);
    if (!plan || (is_connected_ && !is_connected(*plan))) return false;
    ++best_.runs;
    if (hooks_.before) hooks_.before(candidate);
    TroubleWatch trouble;
    Outcome outcome = run_case(plan, run_limits_, {&trouble});
    steps_ += outcome.steps;
    if (!outcome.breach || !fails_alike(*outcome.breach, breach_)) return false;
    if (trial_ && !trial_->leaves_time(*plan, trouble)) return false;
    if (trial_ && !trial_->can_be_kept(candidate)) return false;
    best_.scenario = std::move(candidate);
    best_.outcome = std::move(outcome);
    if (hooks_.smaller) hooks_.smaller(best_.scenario, best_.outcome);
    return true;
  }
  std::optional<Outcome> run_sound(const Scenario& scenario, const RunLimits& limits) {
    const auto plan = plan_of(scenario);
    if (!plan) return {};
    ++best_.runs;
    Outcome outcome = run_case(plan, limits);
    steps_ += outcome.steps;
    return outcome;
  }
  bool accept(const Edit& edit) {
    if (!may_run()) return false;
    Scenario candidate = best_.scenario;
    edit(candidate);
    return accept(std::move(candidate));
  }
  bool accept_any(const std::vector<Edit>& edits) {
    bool changed = false;
    for (const Edit& edit : edits) changed = accept(edit) || changed;
    return changed;
  }

  /// Takes away what can be missing from one list of the scenario.
  template <class List>
  bool thin_out(List list) {
    auto items = list(best_.scenario);
    const auto is_enough = [&](const auto& fewer) {
      Scenario candidate = best_.scenario;
      list(candidate) = fewer;
      return accept(std::move(candidate));
    };
    return minimise(items, is_enough, [&] { return may_run(); });
  }

  bool cut_duration() {
    const Duration end = best_.outcome.breach->time.since_origin();
    const auto with = [&](Duration duration) {
      if (duration <= Duration{} || duration >= best_.scenario.duration.high) return false;
      Scenario candidate = best_.scenario;
      candidate.duration = Range<Duration>(duration);
      return accept(std::move(candidate));
    };
    bool changed = with(rounded_up(end));
    // What breaks at the end of any run breaks at that of a shorter one.
    for (const int eighths : {1, 2, 4, 6, 7}) {
      while (with(rounded_up(best_.scenario.duration.high * eighths / 8))) changed = true;
    }
    return changed;
  }

  bool remove_nodes() {
    if (best_.is_hopeless) return false;
    bool changed = false;
    // Each removal moves the indexes of the rest.
    for (bool again = true; again;) {
      again = false;
      for (const Edit& edit : removals_of_nodes(best_.scenario)) {
        if (accept(edit)) {
          again = changed = true;
          break;
        }
      }
    }
    return changed;
  }

  bool thin_out_lists() {
    bool changed = accept([](Scenario& s) { s.expect.heal.reset(); });
    changed = thin_out([](Scenario& s) -> auto& { return s.faults; }) || changed;
    changed = thin_out([](Scenario& s) -> auto& { return s.expect.finally_; }) || changed;
    changed = thin_out([](Scenario& s) -> auto& { return s.expect.always; }) || changed;
    changed = thin_out([](Scenario& s) -> auto& { return s.expect.never; }) || changed;
    changed = thin_out([](Scenario& s) -> auto& { return s.expect.count; }) || changed;
    changed = thin_out([](Scenario& s) -> auto& { return s.expect.within; }) || changed;
    changed = thin_out([](Scenario& s) -> auto& { return s.expect.budget; }) || changed;
    changed = thin_out([](Scenario& s) -> auto& { return s.expect.fairness; }) || changed;
    // Without them it would only fail for a plainer reason.
    if (best_.is_hopeless) return changed;
    changed = thin_out([](Scenario& s) -> auto& { return s.traffic; }) || changed;
    changed = thin_out([](Scenario& s) -> auto& { return s.links; }) || changed;
    return changed;
  }

  /// Whatever can go without moving the rest.
  bool cut_structure() {
    bool changed = false;
    for (bool again = true; again && may_run();) {
      again = cut_duration();
      again = thin_out_lists() || again;
      again = remove_nodes() || again;
      changed = changed || again;
    }
    return changed;
  }

  /// Until nothing makes it simpler any more. Only once no chance is left: what another setting
  /// moves, the dice would mend, and more would have to be said of them in the end.
  void simplify() {
    for (bool again = true; again && may_run();) {
      again = cut_structure();
      const auto accept_others = [&](const std::vector<Edit>& edits) {
        again = (!best_.is_hopeless && accept_any(edits)) || again;
      };
      accept_others(simpler_settings(best_.scenario, registry_));
      if (const auto plan = plan_of(best_.scenario)) {
        again = accept(without_ranges(*plan)) || again;
      }
      accept_others(rounder_times(best_.scenario));
    }
  }

  /// Instead of dice and partitions: what they did to single datagrams, as far as it matters. But
  /// one partition says more than the dozen datagrams that it took.
  void spell_out_datagrams() {
    const auto plan = plan_of(best_.scenario);
    if (!plan || is_spelled_out(*plan) || !may_run()) return;
    const Scenario with_chance = best_.scenario;
    const Outcome outcome = best_.outcome;
    bool has_other = !has_dice(best_.scenario);
    if (!has_other) {
      has_other = accept(without_dice(best_.scenario));
      if (has_other) cut_structure();
    }
    const Scenario other = best_.scenario;
    const Outcome of_other = best_.outcome;
    best_.scenario = with_chance;
    best_.outcome = outcome;
    if (accept_spelled_out(plan)) cut_structure();
    const bool is_shorter = other.faults.size() < best_.scenario.faults.size();
    if (!has_other || !(is_shorter || has_dice(best_.scenario))) return;
    best_.scenario = other;
    best_.outcome = of_other;
  }

  bool accept_spelled_out(const std::shared_ptr<const Plan>& plan) {
    FateRecorder recorder;
    ++best_.runs;
    steps_ += run_case(plan, run_limits_, {&recorder}).steps;
    const auto fates = std::make_shared<const Fates>(recorder.take());
    const Instant until = best_.outcome.breach->time;
    for (const LinkFaults faults : {LinkFaults::spell_out, LinkFaults::keep}) {
      if (accept(spell_out(*plan, fates, until, faults, registry_, run_limits_).scenario)) {
        return true;
      }
    }
    return false;
  }

  const RoleRegistry& registry_;
  RunLimits run_limits_;
  ShrinkLimits limits_;
  const ShrinkHooks& hooks_;
  Breach breach_;
  std::uint64_t seed_;
  bool is_connected_ = false;
  FairTrial::Run run_control_;
  std::optional<FairTrial> trial_;
  std::chrono::steady_clock::time_point start_;
  std::uint64_t steps_ = 0;
  Shrunk best_;
};

}  // namespace

std::string_view name_of(ShrinkEnd end) {
  switch (end) {
    case ShrinkEnd::minimal:
      return "minimal";
    case ShrinkEnd::out_of_runs:
      return "out of runs";
    case ShrinkEnd::out_of_time:
      return "out of time";
    case ShrinkEnd::cancelled:
      return "cancelled";
    case ShrinkEnd::not_a_breach:
      return "not a breach";
  }
  return "?";
}

bool fails_alike(const Breach& one, const Breach& other) {
  if (failure_name(one) != failure_name(other)) return false;
  if (!one.of) return true;
  const ExpectPart part = one.of->part;
  const bool has_two_bounds =
      part == ExpectPart::count || part == ExpectPart::budget || part == ExpectPart::fairness;
  return !has_two_bounds || one.is_at_end == other.is_at_end;
}

std::string failure_name(const Breach& breach) {
  if (!breach.of) return breach.oracle;
  return fmt::format("{} {} \"{}\"", breach.oracle, name_of(breach.of->part), breach.of->sentence);
}

std::string found_name(const Breach& breach) {
  return breach.oracle == "expect" ? failure_name(breach) : breach.oracle;
}

Shrunk shrink(const Scenario& scenario, const Outcome& failure, const RoleRegistry& registry,
              const RunLimits& run_limits, const ShrinkLimits& limits, const ShrinkHooks& hooks) {
  Shrunk result{scenario, failure, ShrinkEnd::not_a_breach, 0, scenario.faults.size()};
  if (failure.breach && failure.exit != ExitCode::nondeterminism) {
    result = Shrinker(scenario, failure, registry, run_limits, limits, hooks).run();
  }
  result.scenario.seed = failure.seed;
  const Breach* breach = result.outcome.breach ? &*result.outcome.breach : nullptr;
  result.scenario.found =
      Found{.oracle = breach ? found_name(*breach) : std::string(name_of(result.outcome.stop)),
            .digest = fmt::format("{:016x}", result.outcome.digest),
            .version = TICKOVER_VERSION,
            .event = breach ? breach->step : result.outcome.steps};
  return result;
}

}  // namespace tickover::sim
