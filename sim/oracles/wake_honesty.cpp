#include "sim/oracles/wake_honesty.h"

#include <fmt/format.h>

#include "sim/oracles/words.h"
#include "sim/world/world.h"

namespace tickover::sim {

void WakeHonesty::observe(const Step& step, const World& world) {
  if (!step.touched || step.host == no_index) return;
  judged();
  Host& host = hosts_[step.host];
  const std::string& name = name_of(world.plan(), step.host);
  if (!step.drained) return broken(step, name + " does not stop talking after one input");
  if (host.started && step.host_now < host.latest_now) {
    return broken(step, fmt::format("{} is told {}, after {}", name, time_text(step.host_now),
                                    time_text(host.latest_now)));
  }
  host.started = true;
  host.latest_now = step.host_now;
  if (step.deadline_after && step.deadline_after->at <= step.host_now) {
    return broken(step, fmt::format("{} wants to be woken at {} for \"{}\", but it is {} already",
                                    name, time_text(step.deadline_after->at),
                                    step.deadline_after->reason, time_text(step.host_now)));
  }
  if (step.kind == StepKind::timer) check_timer(step, world, host);
}

void WakeHonesty::check_timer(const Step& step, const World& world, Host& host) {
  const std::string& name = name_of(world.plan(), step.host);
  const bool did_nothing = step.sent.empty() && step.notices.empty() && step.sockets.empty();
  if (!step.woken_for) {
    // A tick before the deadline, or without one.
    if (!did_nothing) {
      broken(step, fmt::format("{} acted at {}, which its deadline ({}) did not announce", name,
                               time_text(step.host_now),
                               step.deadline_before ? time_text(step.deadline_before->at)
                                                    : std::string("none")));
    } else if (step.deadline_after != step.deadline_before) {
      broken(step, name + " moved its deadline in a wake-up before the deadline");
    }
    return;
  }
  const bool close = step.time - host.latest_wake < Duration(std::chrono::microseconds(1));
  host.idle_wakes = did_nothing && close ? host.idle_wakes + 1 : 0;
  host.latest_wake = step.time;
  if (host.idle_wakes >= most_idle_wakes) {
    broken(step, fmt::format("{} spins: woken for \"{}\" {} times within microseconds, it did "
                             "nothing",
                             name, step.woken_for->reason, host.idle_wakes));
  }
}

}  // namespace tickover::sim
