#include "sim/oracles/detection.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/oracles/belief.h"
#include "sim/oracles/retransmissions.h"
#include "sim/oracles/turn_plan.h"
#include "sim/oracles/words.h"
#include "sim/world/world.h"

namespace tickover::sim {
namespace {

constexpr Duration usual_keep_alive = std::chrono::seconds(25);
constexpr Duration usual_nonce_lifetime = std::chrono::hours(1);
/// Wake-ups between the relay's last word and the end: for the Refresh, for its turn among the
/// other requests, and for giving it up.
constexpr int wake_ups = 3;

/// A relay does not tell it what it has lost while a NAT leads it to an allocation that is there.
bool is_mistaken(const World& world, HostIndex host) {
  const Belief* belief = Belief::of(world);
  return belief != nullptr && belief->is_mistaken(host);
}

}  // namespace

Detection::Detection(const Plan& plan) {
  for (HostIndex i = 0; i < plan.hosts.size(); ++i) {
    Client& client = clients_.emplace_back();
    client.relay = relay_of(plan, i);
    if (client.relay == no_index) continue;
    const HostPlan& host = plan.hosts[i];
    client.keep_alive = setting_or(host.settings, "keep-alive", usual_keep_alive);
    // Of the longest RTO that measured round trips may lead to.
    RetransmitTable table(host.settings);
    table.start_with(table.first_interval().highest);
    client.give_up = table.give_up();
    // A clock that runs fast skips readings.
    client.slack = (longest_oversleep(host) + Duration::nanoseconds(2)) * wake_ups;
    const Duration nonce_lifetime =
        setting_or(plan.hosts[client.relay].settings, "nonce-lifetime", usual_nonce_lifetime);
    // A nonce that is stale before it can be used leads nowhere in any time.
    if (nonce_lifetime < client.give_up) continue;
    // The Refresh meets a stale nonce first, and each of its two exchanges may be answered late.
    client.repairs_in =
        std::max(client.keep_alive, client.give_up) + client.give_up * 2 + longest_flight(plan) * 2;
  }
}

void Detection::observe(const Step& step, const World& world) {
  if (!step.touched || step.host == no_index) return;
  if (step.kind == StepKind::start && is_relay(world.plan().hosts[step.host]) &&
      world.boots(step.host) > 1) {
    for (HostIndex i = 0; i < clients_.size(); ++i) {
      Client& client = clients_[i];
      if (client.relay == step.host && client.candidates > 0 && !client.forgotten_at) {
        client.forgotten_at = world.host_time(i);
      }
    }
  }
  Client& client = clients_[step.host];
  if (client.relay == no_index) return;
  if (step.kind == StepKind::start) {
    client.candidates = 0;
    client.forgotten_at.reset();
  }
  if (step.kind == StepKind::delivery) hear(step, world, client);
  // What its own system refuses to send is no silence of the relay (BUGS C15).
  for (const SentRecord& sent : step.sent) {
    if (sent.fate.dropped == DropReason::send_refused) client.last_word = step.host_now;
  }
  for (const Notice& notice : step.notices) {
    if (notice.kind == Notice::Kind::candidate_added) {
      ++client.candidates;
    } else if (notice.kind == Notice::Kind::candidate_removed && client.candidates > 0) {
      --client.candidates;
      client.forgotten_at.reset();
    }
  }
  if (client.candidates == 0) return;
  judge(step, world, client);
}

void Detection::hear(const Step& step, const World& world, Client& client) const {
  if (step.forged || step.sender != client.relay ||
      step.source.port != world.plan().hosts[client.relay].role->port) {
    return;
  }
  client.last_word = step.host_now;
}

void Detection::judge(const Step& step, const World& world, const Client& client) {
  judged();
  std::string late = lateness(world, step.host, step.host_now);
  if (late.empty() && step.deadline_after.value_or(Timeout{Instant::never(), {}}).at >
                          client.limit() + client.slack) {
    late = fmt::format(
        "{} keeps its candidate and wants to sleep {}; the relay's last word came "
        "at {}, so that it must be taken back at {}",
        name_of(world.plan(), step.host),
        step.deadline_after ? "until " + time_text(step.deadline_after->at)
                            : std::string("for ever"),
        time_text(client.last_word), time_text(client.limit()));
  }
  if (!late.empty()) broken(step, late);
}

std::string Detection::lateness(const World& world, HostIndex host, Instant now) const {
  const Client& client = clients_[host];
  const std::string& name = name_of(world.plan(), host);
  if (now > client.limit() + client.slack) {
    return fmt::format("{} still has its candidate {} after the relay's last word", name,
                       time_text(now - client.last_word));
  }
  if (client.forgotten_at && client.repairs_in &&
      now > *client.forgotten_at + *client.repairs_in + client.slack && !is_mistaken(world, host)) {
    return fmt::format("{} still has its candidate {} after the relay lost its state", name,
                       time_text(now - *client.forgotten_at));
  }
  return {};
}

void Detection::finish(const World& world) {
  for (HostIndex i = 0; i < clients_.size(); ++i) {
    if (clients_[i].relay == no_index || clients_[i].candidates == 0 || !world.is_up(i)) continue;
    judged();
    const std::string late = lateness(world, i, world.host_time(i));
    if (!late.empty()) return broken_at_end(world, late);
  }
}

}  // namespace tickover::sim
