#include "sim/search/compare.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "sim/oracles/words.h"

namespace tickover::sim {
namespace {

/// A plan that differs in a few hosts' settings. The copy points into the original, so both live.
template <class Change>
std::shared_ptr<const Plan> variant(const std::shared_ptr<const Plan>& plan, Change change) {
  struct Held {
    std::shared_ptr<const Plan> original;
    Plan plan;
  };
  const auto held = std::make_shared<Held>(Held{plan, *plan});
  for (HostPlan& host : held->plan.hosts) change(host);
  return {held, &held->plan};
}

class Walk {
 public:
  Walk(std::shared_ptr<const Plan> plan, const RunLimits& limits)
      : world_(std::move(plan), {}), limits_(limits) {}

  World& world() { return world_; }
  /// Whether there was a next step within duration and limits.
  bool step() {
    const Instant next = world_.next_time();
    if (next == Instant::never() || next > Instant::at(world_.plan().duration)) return false;
    if (world_.steps() >= limits_.steps) return false;
    world_.step();
    return true;
  }
  /// Steps until something was sent or told.
  bool step_to_output() {
    while (step()) {
      const Step& last = world_.last_step();
      if (!last.sent.empty() || !last.notices.empty()) return true;
    }
    return false;
  }

 private:
  World world_;
  RunLimits limits_;
};

Breach breach_at(const World& world, std::string_view id, std::string_view statement,
                 std::string what) {
  return {BreachClass::invariant, std::string(id), std::string(statement),
          std::move(what),        world.steps(),   world.now()};
}

enum class Bytewise : bool { no, yes };

bool same_output(const Step& a, const Step& b, Bytewise bytewise) {
  if (a.time != b.time || a.host != b.host) return false;
  const auto same_sent = [&](const SentRecord& x, const SentRecord& y) {
    return x.local == y.local && x.remote == y.remote && x.size == y.size && x.fate == y.fate &&
           (bytewise == Bytewise::no || std::ranges::equal(a.payload(x), b.payload(y)));
  };
  const auto same_notice = [&](const Notice& x, const Notice& y) {
    return x.kind == y.kind && x.name == y.name && x.local == y.local && x.remote == y.remote &&
           x.number == y.number && x.payload.size() == y.payload.size() &&
           (bytewise == Bytewise::no || std::ranges::equal(x.payload, y.payload));
  };
  return std::ranges::equal(a.sent, b.sent, same_sent) &&
         std::ranges::equal(a.notices, b.notices, same_notice);
}

std::string output_text(const World& world, bool has_output) {
  if (!has_output) return "nothing more";
  const Step& step = world.last_step();
  return fmt::format("{} sending {} and telling {} at {}",
                     step.host == no_index ? "nobody" : name_of(world.plan(), step.host),
                     step.sent.size(), step.notices.size(), time_text(step.time));
}

/// The first output in which two runs differ, in words.
std::optional<Breach> first_difference(Walk& a, Walk& b, Bytewise bytewise, std::string_view id,
                                       std::string_view statement, std::string_view which_a,
                                       std::string_view which_b) {
  for (;;) {
    const bool more_a = a.step_to_output();
    const bool more_b = b.step_to_output();
    if (!more_a && !more_b) return {};
    if (more_a && more_b && same_output(a.world().last_step(), b.world().last_step(), bytewise)) {
      continue;
    }
    return breach_at(a.world(), id, statement,
                     fmt::format("{} has {}, {} has {}", which_a, output_text(a.world(), more_a),
                                 which_b, output_text(b.world(), more_b)));
  }
}

std::string complaint_about_repeat(const World& world, AnyMachine& machine,
                                   std::vector<std::uint8_t>& buffer) {
  const Step& step = world.last_step();
  machine.handle_timeout(step.host_now);
  if (machine.poll_transmit(buffer)) return "sends again";
  if (machine.poll_event()) return "tells something again";
  if (machine.poll_timeout() != step.deadline_after) return "moves its deadline";
  if (machine != world.machine(step.host)) return "changes its state";
  return {};
}

}  // namespace

std::optional<Breach> compare_drivers(const std::shared_ptr<const Plan>& plan, Duration every,
                                      const RunLimits& limits) {
  const auto driven = [&](DriverKind kind) {
    return variant(plan, [&](HostPlan& host) {
      host.driver = kind;
      host.driver_every = every;
    });
  };
  Walk lazy(driven(DriverKind::lazy), limits);
  Walk ticking(driven(DriverKind::ticking), limits);
  return first_difference(
      lazy, ticking, Bytewise::yes, "P2",
      "Sleeping exactly until the deadline and waking all the time give the same datagrams and "
      "events at the same instants (BUGS P2)",
      "the lazy run", "the ticking run");
}

std::optional<Breach> check_idempotence(const std::shared_ptr<const Plan>& plan,
                                        const RunLimits& limits) {
  Walk walk(plan, limits);
  std::vector<std::uint8_t> buffer(max_datagram_size);
  while (walk.step()) {
    const World& world = walk.world();
    const Step& step = world.last_step();
    if (!step.touched || step.host == no_index || !world.is_up(step.host)) continue;
    AnyMachine copy = world.machine(step.host);
    const std::string complaint = complaint_about_repeat(world, copy, buffer);
    if (complaint.empty()) continue;
    return breach_at(world, "P3",
                     "Repeating the timeout call at the same instant does nothing (BUGS P3)",
                     fmt::format("{}, told the time {} twice, {}", name_of(world.plan(), step.host),
                                 time_text(step.host_now), complaint));
  }
  return {};
}

std::optional<Breach> compare_fork(const std::shared_ptr<const Plan>& plan,
                                   const RunLimits& limits) {
  Walk whole(plan, limits);
  while (whole.step()) {
  }
  Walk original(plan, limits);
  while (original.world().steps() < whole.world().steps() / 2 && original.step()) {
  }
  Walk copy = original;
  const auto breach = [&](const World& world, std::string what) {
    return breach_at(world, "fork", "A copy of the world runs on identically (DESIGN, section 5)",
                     what);
  };
  for (;;) {
    const bool more = original.step();
    if (more != copy.step() || original.world().digest() != copy.world().digest()) {
      return breach(original.world(), "a copy made halfway parts from its original here");
    }
    if (!more) break;
  }
  if (!original.world().same_state(copy.world()) ||
      original.world().digest() != whole.world().digest()) {
    return breach(original.world(), "a copy made halfway does not end as its original");
  }
  return {};
}

std::optional<Breach> compare_shifted(const std::shared_ptr<const Plan>& plan, Duration shift,
                                      const RunLimits& limits) {
  // How late an oversleeping host wakes depends on its clock, so that all are lazy here.
  const auto moved = [&](Duration by) {
    return variant(plan, [&](HostPlan& host) {
      host.driver = DriverKind::lazy;
      host.clock = host.clock.shifted(by);
    });
  };
  Walk here(moved({}), limits);
  Walk there(moved(shift), limits);
  return first_difference(here, there, Bytewise::no, "P20",
                          "Moving the origin of every clock changes nothing (BUGS P20)",
                          "the run as it is", "the run with its clocks moved");
}

std::optional<Breach> compare_repeat(const std::shared_ptr<const Plan>& plan,
                                     const RunLimits& limits) {
  Walk first(plan, limits);
  Walk second(plan, limits);
  for (;;) {
    const bool more = first.step();
    const bool more_too = second.step();
    if (more != more_too || first.world().digest() != second.world().digest()) {
      return breach_at(first.world(), "P21",
                       "The same scenario and seed give the same run (BUGS P21)",
                       "two runs part here");
    }
    if (!more) return {};
  }
}

}  // namespace tickover::sim
