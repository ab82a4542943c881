#include "sim/oracles/wire.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/oracles/retransmissions.h"
#include "sim/oracles/turn_plan.h"
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

Answers::Answers(const Plan& plan) {
  for (const HostPlan& host : plan.hosts) {
    const auto budget =
        setting_or(host.settings, "max-unsigned-answers-per-second", std::int64_t{1000});
    hosts_.push_back({.is_scripted = host.settings.find("answers") != nullptr,
                      .many_unsigned = static_cast<std::uint64_t>(budget) / 2});
  }
}

void Answers::observe(const Step& step, const World& world) {
  for (const SentRecord& sent : step.sent) is_bent_ = is_bent_ || sent.fate.is_bent();
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
  if (!now.answered && is_owed(step, world, host, now)) {
    return broken(step, fmt::format("{} does not answer a request of type 0x{:04x} from {}",
                                    name_of(world.plan(), step.host), now.type, now.from.text()));
  }
  if (!now.answered || now.type == stun_type::refresh) remember(host, now);
}

void Answers::check(const Step& step, const World& world, const SentRecord& sent, Asked& now) {
  if (sent.local.port != world.plan().hosts[step.host].role->port) return;
  const auto answer = glance_stun(step.payload(sent));
  if (!answer || !answer->is_answer()) return;
  judged();
  count_unsigned(*answer, hosts_[step.host], step.host_now);
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

/// Within one to two seconds.
void Answers::count_unsigned(const StunGlance& answer, Host& host, Instant now) const {
  const Duration second = std::chrono::seconds(1);
  if (now - host.second >= second) {
    host.made_before = now - host.second < second * 2 ? host.made_unsigned : 0;
    host.made_unsigned = 0;
    host.second = now;
  }
  const bool is_signed = find_attribute(answer, stun_attribute::message_integrity) ||
                         find_attribute(answer, stun_attribute::message_integrity_sha256);
  if (!is_signed) ++host.made_unsigned;
}

/// Of a request that the step left unanswered.
bool Answers::is_owed(const Step& step, const World& world, const Host& host,
                      const Asked& asked) const {
  const Plan& plan = world.plan();
  const bool is_known = asked.type == stun_type::binding || asked.type == stun_type::allocate ||
                        asked.type == stun_type::refresh ||
                        asked.type == stun_type::create_permission ||
                        asked.type == stun_type::channel_bind;
  if (!is_known || host.is_scripted || is_bent_ || step.forged || step.sender == no_index ||
      !Retransmissions::is_client(plan.hosts[step.sender]) ||
      !is_listener(plan.hosts[step.host], asked.to)) {
    return false;
  }
  if (host.made_unsigned + host.made_before >= host.many_unsigned) return false;
  // An Allocate waits for its port, and its copies with it.
  if (asked.type == stun_type::allocate && !step.sockets.empty()) return false;
  return std::ranges::none_of(host.waiting, [&](const Asked& earlier) {
    return earlier.id == asked.id && earlier.from == asked.from;
  });
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
