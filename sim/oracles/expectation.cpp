#include "sim/oracles/expectation.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/oracles/facts.h"
#include "sim/oracles/glance.h"
#include "sim/oracles/words.h"
#include "sim/world/world.h"

namespace tickover::sim {
namespace {

using Kind = Expectation::Kind;

bool contains(const std::vector<HostIndex>& hosts, HostIndex host) {
  return std::ranges::binary_search(hosts, host);
}

bool has_allocation(HostIndex host, const RunFacts& facts, const World& world) {
  return world.is_up(host) && facts.has_candidate(host);
}

bool can_send(HostIndex from, HostIndex to, const RunFacts& facts, const World& world) {
  const auto address = world.reachable_from(from, to);
  if (!world.is_up(from) || !address) return false;
  return world.plan().hosts[from].role->port != 0 || facts.is_ready(from, *address);
}

Duration hearing_window(const Plan& plan, const FlowPlan& flow) {
  const Duration derived = flow.every * 3 + plan.longest_round_trip() * 2;
  return std::max(derived, Duration(std::chrono::seconds(10)));
}

/// Nothing if no traffic runs between the two.
std::optional<bool> hears(HostIndex hearer, HostIndex speaker, const RunFacts& facts,
                          const Plan& plan, Instant now) {
  std::optional<bool> result;
  for (std::uint32_t i = 0; i < plan.flows.size(); ++i) {
    const FlowPlan& flow = plan.flows[i];
    const bool echo = flow.from == hearer && flow.to == speaker;
    if (!echo && (flow.to != hearer || flow.from != speaker)) continue;
    const Instant seen_from = std::min(now, Instant::at(flow.stop));
    Instant since = seen_from - hearing_window(plan, flow);
    if (plan.heal_at <= seen_from) since = std::max(since, plan.heal_at);
    const auto heard = facts.heard(i, echo);
    result = result.value_or(false) || (heard && *heard >= since);
  }
  return result;
}

bool is_named(std::string_view name, std::string_view wanted) {
  return name.starts_with(wanted) && (name.size() == wanted.size() || name[wanted.size()] == ' ');
}

/// "requests" and "datagrams" are of every method and kind.
bool is_wanted(std::string_view name, std::string_view wanted) {
  return is_named(name, wanted) || wanted == "datagrams" ||
         (wanted == "requests" && name.ends_with(" request"));
}

/// Whether it goes to one of the hosts, or to a NAT that one of them is behind.
bool goes_to(const SentRecord& sent, const std::vector<HostIndex>& hosts, const Plan& plan) {
  if (!sent.has_id) return false;
  const NodeIndex goal = plan.directions[sent.id.direction].to;
  return std::ranges::any_of(hosts, [&](HostIndex host) {
    NodeIndex node = plan.node_of_host(host);
    while (node != goal && plan.nodes[node].realm) {
      node = plan.node_of_nat(*plan.nodes[node].realm);
    }
    return node == goal;
  });
}

bool has_code(Bytes datagram, std::uint32_t code) {
  const auto message = glance_stun(datagram);
  return message && error_code_of(*message) == code;
}

std::uint64_t count_sent(const Expectation& event, const Step& step, const World& world) {
  std::uint64_t count = 0;
  for (const SentRecord& sent : step.sent) {
    const AnyMachine& machine = world.machine(step.host);
    const std::uint16_t kind = sent.has_id ? sent.id.kind : machine.label(step.payload(sent)).kind;
    if (!is_wanted(machine.kind_name(kind), event.message)) continue;
    if (!event.objects.empty() && !goes_to(sent, event.objects, world.plan())) continue;
    if (event.code != 0 && !has_code(step.payload(sent), event.code)) continue;
    ++count;
  }
  return count;
}

bool receives(const Expectation& event, const Step& step, const World& world) {
  if (step.kind != StepKind::delivery || !step.touched) return false;
  if (!contains(event.subjects, step.host)) return false;
  if (!event.objects.empty() && !contains(event.objects, step.sender)) return false;
  // A kind is a number of whoever sent it.
  const AnyMachine& machine = world.machine(step.sender == no_index ? step.host : step.sender);
  const std::uint16_t kind = step.has_id ? step.id.kind : machine.label(step.arrived).kind;
  return is_wanted(machine.kind_name(kind), event.message) &&
         (event.code == 0 || has_code(step.arrived, event.code));
}

std::uint64_t count_notices(const Step& step, Notice::Kind kind) {
  return static_cast<std::uint64_t>(std::ranges::count(step.notices, kind, &Notice::kind));
}

/// What turn-client calls an error that its relay passed on.
constexpr std::string_view icmp_notice = "ICMP error from";

std::uint64_t count_heard(const Expectation& event, const RunFacts& facts, const Step& step,
                          const World& world) {
  std::uint64_t count = 0;
  for (const Notice& notice : step.notices) {
    if (notice.kind != Notice::Kind::received) continue;
    const auto heard = facts.hearing(step, notice);
    if (!heard) continue;
    const FlowPlan& flow = world.plan().flows[heard->flow];
    if (contains(event.objects, heard->echo ? flow.to : flow.from)) ++count;
  }
  return count;
}

}  // namespace

std::string why_not(const Expectation& state, const RunFacts& facts, const World& world,
                    Instant now) {
  const Plan& plan = world.plan();
  for (const HostIndex subject : state.subjects) {
    const std::string& name = name_of(plan, subject);
    if (state.kind == Kind::has_allocation && !has_allocation(subject, facts, world)) {
      return name + " has none";
    }
    if (state.kind == Kind::has_no_allocation && has_allocation(subject, facts, world)) {
      return name + " has one";
    }
    for (const HostIndex object : state.objects) {
      if (object == subject) continue;
      if (state.kind == Kind::can_send && !can_send(subject, object, facts, world)) {
        return fmt::format("{} cannot send to {}", name, name_of(plan, object));
      }
      if (state.kind == Kind::hears && !hears(subject, object, facts, plan, now).value_or(true)) {
        return fmt::format("{} hears nothing from {}", name, name_of(plan, object));
      }
    }
  }
  return {};
}

std::uint64_t occurrences(const Expectation& event, const RunFacts& facts, const Step& step,
                          const World& world) {
  if (step.host == no_index) return 0;
  if (event.kind == Kind::is_refused) {
    return step.kind == StepKind::command && step.touched && step.command_possible &&
           !step.command_accepted && contains(event.subjects, step.host);
  }
  if (event.kind == Kind::receives) return receives(event, step, world) ? 1 : 0;
  if (step.sent.empty() && step.notices.empty() && step.kind != StepKind::start &&
      step.kind != StepKind::icmp) {
    return 0;
  }
  if (!contains(event.subjects, step.host)) return 0;
  switch (event.kind) {
    case Kind::gets_allocation:
      return count_notices(step, Notice::Kind::candidate_added);
    case Kind::loses_allocation:
      return count_notices(step, Notice::Kind::candidate_removed);
    case Kind::sends:
      return count_sent(event, step, world);
    case Kind::hears_event:
      return count_heard(event, facts, step, world);
    case Kind::told_by_icmp: {
      const auto tells = [](const Notice& n) { return n.name == icmp_notice; };
      return (step.kind == StepKind::icmp && step.touched ? 1u : 0u) +
             static_cast<std::uint64_t>(std::ranges::count_if(step.notices, tells));
    }
    case Kind::restarts:
      return step.kind == StepKind::start && world.boots(step.host) > 1;
    default:
      return 0;
  }
}

}  // namespace tickover::sim
