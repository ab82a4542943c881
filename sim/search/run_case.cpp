#include "sim/search/run_case.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "sim/oracles/expect.h"
#include "sim/oracles/marks.h"
#include "sim/oracles/oracles.h"
#include "sim/report/story.h"

namespace tickover::sim {
namespace {

ExitCode exit_code_of(StopReason stop, const Breach* breach) {
  if (breach != nullptr) {
    return breach->breach_class == BreachClass::invariant ? ExitCode::invariant
                                                          : ExitCode::expectation;
  }
  const bool in_time = stop == StopReason::deadline || stop == StopReason::quiescent;
  return in_time ? ExitCode::held : ExitCode::budget;
}

struct Difference {
  std::uint64_t step = 0;
  Instant time;
  std::string what;  // "one: alice sends ping 3 …; other: nothing"
};

/// The first line of a step's story that the other's has not.
std::string first_line_of(const World& one, const World& other) {
  std::vector<StoryLine> here;
  std::vector<StoryLine> there;
  tell(one.last_step(), one, here);
  tell(other.last_step(), other, there);
  for (std::size_t i = 0; i < here.size(); ++i) {
    if (i >= there.size() || here[i].message != there[i].message) return here[i].message;
  }
  return here.size() == there.size() ? "the same story of other bytes" : "nothing more";
}

/// Where two fresh runs of a plan part, if they do so side by side.
std::optional<Difference> first_difference(const std::shared_ptr<const Plan>& plan,
                                           std::uint64_t most_steps) {
  World a(plan, {});
  World b(plan, {});
  for (std::uint64_t i = 0; i < most_steps; ++i) {
    if (a.next_time() != b.next_time()) {
      return Difference{a.steps() + 1, a.now(),
                        fmt::format("one goes on at {} s, the other at {} s",
                                    seconds_text(a.next_time()), seconds_text(b.next_time()))};
    }
    if (a.next_time() > Instant::at(plan->duration)) return {};
    a.step();
    b.step();
    if (a.digest() != b.digest()) {
      return Difference{
          a.steps(), a.now(),
          fmt::format("one: {}; the other: {}", first_line_of(a, b), first_line_of(b, a))};
    }
  }
  return {};
}

}  // namespace

int gravity(ExitCode code) {
  constexpr std::array order = {ExitCode::held,           ExitCode::budget,
                                ExitCode::expectation,    ExitCode::invariant,
                                ExitCode::nondeterminism, ExitCode::crash};
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (order[i] == code) return static_cast<int>(i);
  }
  return static_cast<int>(order.size());
}

Outcome run_case(const std::shared_ptr<const Plan>& plan, const RunLimits& limits,
                 const std::vector<Watcher*>& watchers) {
  World world(plan, make_oracles(*plan));
  Outcome outcome;
  outcome.stop = run(world, limits, watchers);
  if (const Breach* breach = world.oracles().breach()) outcome.breach = *breach;
  outcome.exit = exit_code_of(outcome.stop, world.oracles().breach());
  outcome.seed = plan->seed;
  outcome.digest = world.digest();
  outcome.steps = world.steps();
  // What is quiet until the end of the duration has lasted that long, too.
  const bool to_the_end = outcome.stop == StopReason::deadline;
  outcome.simulated = to_the_end ? plan->duration : world.now().since_origin();
  outcome.datagrams = world.counts();
  for (const auto& oracle : world.oracles().all()) {
    outcome.judgements.emplace_back(oracle->id(), oracle->judgements());
  }
  if (const Marks* marks = Marks::of(world.oracles())) outcome.marks = marks->list();
  for (const Sentence& demand : plan->scenario.expect.marks) {
    const auto mark = std::ranges::find(outcome.marks, demand.text, &MarkCount::first);
    outcome.demanded.push_back(mark == outcome.marks.end() ? 0 : mark->second);
  }
  outcome.claim_judgements = Expect::claim_judgements_of(world.oracles());
  outcome.nearness = Expect::nearness_of(world.oracles());
  outcome.trials = Probabilities::trials_of(world.oracles());
  outcome.fault_matches.resize(plan->scenario.faults.size());
  for (std::size_t i = 0; i < plan->faults.size(); ++i) {
    outcome.fault_matches[plan->number_of(plan->faults[i])] += world.matches(i);
  }
  return outcome;
}

void confirm(Outcome& outcome, const std::shared_ptr<const Plan>& plan, const RunLimits& limits) {
  if (outcome.exit == ExitCode::nondeterminism || outcome.stop == StopReason::cancelled) return;
  const Outcome again = run_case(plan, limits);
  if (again.stop == StopReason::cancelled) return;
  if (again.digest == outcome.digest && again.exit == outcome.exit) return;
  const auto difference = first_difference(plan, limits.steps);
  outcome.exit = ExitCode::nondeterminism;
  outcome.breach = Breach{
      BreachClass::invariant,
      "P21",
      "the same scenario and seed give the same run (BUGS P21)",
      difference ? fmt::format("two runs part at step {}: {}", difference->step, difference->what)
                 : fmt::format("two runs ended with digests {:016x} and {:016x}", outcome.digest,
                               again.digest),
      difference ? difference->step : outcome.steps,
      difference ? difference->time : Instant::at(outcome.simulated)};
}

std::string summary(const Outcome& outcome) {
  if (outcome.breach) {
    return fmt::format("{} at {} s (step {}): {}", outcome.breach->oracle,
                       seconds_text(outcome.breach->time), outcome.breach->step,
                       outcome.breach->what);
  }
  if (outcome.exit == ExitCode::budget) {
    return fmt::format("{} after {} steps at {} s", name_of(outcome.stop), outcome.steps,
                       seconds_text(Instant::at(outcome.simulated)));
  }
  return "held";
}

}  // namespace tickover::sim
