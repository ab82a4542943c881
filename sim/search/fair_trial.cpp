#include "sim/search/fair_trial.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

#include "sim/world/recovery.h"

namespace tickover::sim {
namespace {

/// What comes so much later than its link says is as good as lost: it is asked for again.
constexpr Duration as_good_as_lost = std::chrono::milliseconds(500);

LinkConditions plain(const LinkConditions& conditions) {
  return {.latency = conditions.latency};
}

bool has_dice(const LinkConditions& conditions) {
  return !(conditions == plain(conditions));
}

/// Whether it befalls a host or a NAT, not what is on its way.
bool is_event_of_node(const FaultSpec& fault) {
  return std::holds_alternative<Reboot>(fault.action) ||
         std::holds_alternative<Suspend>(fault.action) ||
         std::holds_alternative<Move>(fault.action) ||
         std::holds_alternative<NatReset>(fault.action) ||
         std::holds_alternative<NatFlap>(fault.action) ||
         std::holds_alternative<NatMove>(fault.action) ||
         std::holds_alternative<WallJump>(fault.action);
}

}  // namespace

Scenario without_dice(Scenario scenario) {
  for (LinkSpec& link : scenario.links) {
    for (LinkConditions* c : {&link.both, &link.there, &link.back}) *c = plain(*c);
  }
  return scenario;
}

bool has_dice(const Scenario& scenario) {
  return std::ranges::any_of(scenario.links, [](const LinkSpec& link) {
    return has_dice(link.both) || has_dice(link.there) || has_dice(link.back);
  });
}

void TroubleWatch::see(const Step& step, const World& world) {
  if (step.kind == StepKind::fault) {
    const bool is_heal = step.fault == no_index;
    last_ = step.time;
    if (is_heal) {
      at_work_ = 0;
    } else if (!step.fault_begins) {
      at_work_ -= std::min<std::uint64_t>(at_work_, 1);
    } else if (!world.plan().faults[step.fault].is_over_at_once()) {
      ++at_work_;
    }
  }
  for (const SentRecord& sent : step.sent) {
    if (!sent.has_id) continue;
    const Duration latency = world.plan().directions[sent.id.direction].conditions.latency;
    const bool is_lost = sent.fate.dropped != DropReason::none || sent.fate.is_bent();
    if (is_lost || sent.fate.delay[0] >= latency + as_good_as_lost) last_ = step.time;
  }
}

Instant TroubleWatch::last(const Plan& plan) const {
  return at_work_ > 0 ? Instant::at(plan.duration) : last_;
}

FairTrial::FairTrial(const Scenario& scenario, const Plan& plan, const Breach& breach,
                     const Run& run)
    : run_(run),
      oracle_(breach.oracle),
      duration_(plan.duration),
      always_from_(plan.always_from),
      is_at_end_(breach.is_at_end),
      of_(breach.of.value_or(Broken{ExpectPart::heal, ""})) {
  std::vector controls = {Control::same_events, Control::no_events};
  if (of_.part == ExpectPart::within)
    controls.insert(controls.end(), {Control::state_at_all, Control::event_at_all});
  for (const Control control : controls) {
    if (!holds(control, scenario)) continue;
    control_ = control;
    return;
  }
}

bool FairTrial::leaves_time(const Plan& plan, const TroubleWatch& trouble) const {
  switch (of_.part) {
    case ExpectPart::always:
      return plan.always_from >= always_from_ &&
             Instant::at(plan.duration) >= std::min(always_from_, Instant::at(duration_));
    case ExpectPart::count:
    case ExpectPart::budget:
    case ExpectPart::fairness:
      // What did not happen often enough may need the whole run for it.
      return !is_at_end_ || plan.duration >= duration_;
    case ExpectPart::finally_: {
      const Instant settled = trouble.last(plan) + recovery_time(plan);
      return Instant::at(plan.duration) >= std::min(Instant::at(duration_), settled);
    }
    case ExpectPart::never:
    case ExpectPart::within:
    case ExpectPart::heal:
      break;
  }
  return true;
}

bool FairTrial::can_be_kept(const Scenario& scenario) const {
  return !control_ || holds(*control_, scenario);
}

bool FairTrial::is_hopeless() const {
  if (control_) return false;
  switch (of_.part) {
    case ExpectPart::always:
    case ExpectPart::within:
    case ExpectPart::finally_:
    case ExpectPart::heal:
      return true;
    case ExpectPart::count:
    case ExpectPart::budget:
    case ExpectPart::fairness:
      return is_at_end_;
    case ExpectPart::never:
      break;
  }
  return false;
}

bool FairTrial::holds(Control control, const Scenario& scenario) const {
  const auto outcome = run_(world_of(control, scenario));
  if (!outcome || outcome->exit != ExitCode::held) return false;
  return std::ranges::any_of(outcome->judgements, [&](const auto& judged) {
    return judged.first == oracle_ && judged.second > 0;
  });
}

Scenario FairTrial::world_of(Control control, Scenario scenario) const {
  scenario = without_dice(std::move(scenario));
  std::erase_if(scenario.faults, [&](const FaultSpec& fault) {
    return control != Control::same_events || !is_event_of_node(fault);
  });
  ExpectSpec& expect = scenario.expect;
  const auto text_of = [](const Sentence& sentence) { return sentence.text; };
  const auto text_of_event = [](const auto& spec) { return spec.of.text; };
  const auto narrow = [&](auto& list, ExpectPart part, auto text) {
    std::erase_if(list,
                  [&](const auto& each) { return of_.part != part || text(each) != of_.sentence; });
  };
  const bool is_heal = of_.part == ExpectPart::heal;
  if (!is_heal) narrow(expect.finally_, ExpectPart::finally_, text_of);
  narrow(expect.always, ExpectPart::always, text_of);
  narrow(expect.never, ExpectPart::never, text_of);
  narrow(expect.count, ExpectPart::count, text_of_event);
  narrow(expect.within, ExpectPart::within, text_of);
  narrow(expect.budget, ExpectPart::budget, text_of_event);
  narrow(expect.fairness, ExpectPart::fairness, text_of_event);
  if (!is_heal && !of_.sentence.ends_with(" after the heal")) expect.heal.reset();
  if (control != Control::state_at_all && control != Control::event_at_all) return scenario;
  const Sentence goal{of_.sentence.substr(0, of_.sentence.find(" within ")), {}};
  expect.within.clear();
  if (control == Control::state_at_all) {
    expect.finally_ = {goal};
  } else {
    expect.count = {{goal, {1, std::numeric_limits<std::int64_t>::max()}}};
  }
  return scenario;
}

}  // namespace tickover::sim
