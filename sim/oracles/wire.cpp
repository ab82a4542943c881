#include "sim/oracles/wire.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/oracles/glance.h"
#include "sim/oracles/wire_decoder.h"
#include "sim/oracles/words.h"
#include "sim/world/world.h"

namespace tickover::sim {
namespace {

constexpr std::uint16_t all_ports = 1;

}  // namespace

bool Wire::speaks_stun(const HostPlan& host) {
  const std::string& role = host.info.role;
  return role == "turn-client" || role == "turn-server" || role == "stun-client";
}

Wire::Wire(const Plan& plan) {
  for (const HostPlan& host : plan.hosts) {
    const std::uint16_t port = host.role->port == 0 ? all_ports : host.role->port;
    ports_.push_back(speaks_stun(host) ? port : std::uint16_t{0});
  }
}

void Wire::observe(const Step& step, const World& world) {
  if (step.sent.empty() || ports_[step.host] == 0) return;
  for (const SentRecord& sent : step.sent) {
    if (ports_[step.host] != all_ports && sent.local.port != ports_[step.host]) continue;
    judged();
    const auto complaint = complaint_about(step.payload(sent));
    if (!complaint) continue;
    return broken(step, fmt::format("{} sends {} bytes to {} that no sender should: {} (byte {})",
                                    name_of(world.plan(), step.host), sent.size, sent.remote.text(),
                                    complaint->text, complaint->offset));
  }
}

void Answers::observe(const Step& step, const World& world) {
  if (step.host == no_index || !step.touched) return;
  if (world.plan().hosts[step.host].info.role != "turn-server") return;
  Host& host = hosts_[step.host];
  if (step.kind == StepKind::start) host.waiting.clear();
  Asked now;
  if (step.kind == StepKind::delivery && step.dropped == DropReason::none) {
    if (const auto request = glance_stun(step.arrived); request && request->is_request()) {
      now = {{}, request->type, step.source, step.destination, false};
      std::ranges::copy(request->id, now.id.begin());
    }
  }
  for (const SentRecord& sent : step.sent) check(step, world, sent, now);
  if (!now.answered) remember(host, now);
}

void Answers::check(const Step& step, const World& world, const SentRecord& sent, Asked& now) {
  if (sent.local.port != world.plan().hosts[step.host].role->port) return;
  const auto answer = glance_stun(step.payload(sent));
  if (!answer || !answer->is_answer()) return;
  judged();
  const auto is_asked = [&](const Asked& asked) {
    return !asked.answered && std::ranges::equal(asked.id, answer->id) &&
           asked.type == answer->request_type() && asked.from == sent.remote &&
           asked.to == sent.local;
  };
  if (is_asked(now)) {
    now.answered = true;
    return;
  }
  auto& waiting = hosts_[step.host].waiting;
  const auto earlier = std::ranges::find_if(waiting, is_asked);
  if (earlier != waiting.end()) {
    earlier->answered = true;
    return;
  }
  broken(step, fmt::format("{} sends {} an answer of type 0x{:04x} to no request that it has still "
                           "to answer",
                           name_of(world.plan(), step.host), sent.remote.text(), answer->type));
}

void Answers::remember(Host& host, const Asked& asked) {
  if (host.waiting.size() < most_waiting) {
    host.waiting.push_back(asked);
    return;
  }
  host.waiting[host.oldest] = asked;
  host.oldest = (host.oldest + 1) % most_waiting;
}

}  // namespace tickover::sim
