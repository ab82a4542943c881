#include "sim/oracles/stability.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/oracles/glance.h"
#include "sim/oracles/retransmissions.h"
#include "sim/oracles/turn_plan.h"
#include "sim/oracles/words.h"
#include "sim/world/world.h"

namespace tickover::sim {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

/// The NATs that a datagram from the host crosses on its way out, the nearest first.
template <class Visit>
void for_each_nat(const Plan& plan, HostIndex host, Visit&& visit) {
  std::optional<std::uint32_t> nat = plan.hosts[host].behind;
  for (std::size_t depth = 0; nat && depth <= plan.nats.size(); ++depth) {
    visit(*nat);
    nat = plan.nats[*nat].behind;
  }
}

bool is_behind(const Plan& plan, HostIndex host, std::uint32_t nat) {
  bool found = false;
  for_each_nat(plan, host, [&](std::uint32_t each) { found = found || each == nat; });
  return found;
}

bool is_lost(const SentRecord& sent) {
  return sent.fate.dropped != DropReason::none || sent.fate.is_bent();
}

/// More are not waited for.
constexpr std::size_t most_copies = 64;

/// Copies whose answers come before the end, whatever the links do to them.
std::size_t answered_in_time(const RetransmitTable& table, Duration round_trip) {
  return static_cast<std::size_t>(std::ranges::count_if(table.points(), [&](const auto& point) {
    return point.latest + round_trip < table.earliest_give_up();
  }));
}

/// A request of which the MAC was bent is answered by 401, and nobody else could have sent it.
bool is_bent(const SentRecord& sent) {
  return sent.fate.is_bent() && sent.fate.dropped == DropReason::none;
}

}  // namespace

bool Stability::Client::is_disturbed(Instant now) const {
  if (disturbed_at != Instant::never()) return true;
  // The oldest of the latest is the one to be overwritten next.
  return lost[next] + window >= now;
}

void Stability::Client::lose(Instant at) {
  lost[next] = at;
  next = (next + 1) % lost.size();
}

std::optional<Stability::Client> Stability::at_rest(const Plan& plan, HostIndex host) {
  const HostIndex relay = relay_of(plan, host);
  if (relay == no_index) return {};
  const HostPlan& own = plan.hosts[host];
  if (own.settings.find("rest-secret") != nullptr) return {};  // its credentials end
  const Settings& theirs = plan.hosts[relay].settings;
  if (theirs.find("answers") != nullptr) return {};  // it refuses what it could grant
  // What the network takes, and what the client counts, on whichever clock it is longer.
  const auto on_either_clock = [&](Duration span) {
    return span + drift_within(own.clock, own.clock, span);
  };
  const Duration round_trip = on_either_clock(longest_flight(plan) * 2);
  const Duration oversleep = longest_oversleep(own);
  RetransmitTable table(own.settings);
  const ReferenceRto::Limits first = table.first_interval();
  std::size_t copies = most_copies;
  Duration give_up;
  for (const Duration interval : {first.lowest, first.initial, first.highest}) {
    table.start_with(interval);
    if (table.points().size() > 1 && oversleep >= table.points()[1].earliest) return {};
    copies = std::min(copies, answered_in_time(table, round_trip));
    give_up = std::max(give_up, table.give_up());
  }
  if (copies == 0) return {};
  // What the relay grants must outlive a few requests that are answered at the last moment.
  const Duration granted = std::min(setting_or(theirs, "default-lifetime", Duration(seconds(600))),
                                    setting_or(theirs, "max-lifetime", Duration(hours(1))));
  if (granted < give_up * 4) return {};
  // Stale nonces can only add up to a loss if each takes several copies to be met.
  const Duration nonce_lifetime = setting_or(theirs, "nonce-lifetime", Duration(hours(1)));
  if (nonce_lifetime < give_up / 8 + round_trip * 4) return {};
  const Duration keep_alive = setting_or(own.settings, "keep-alive", Duration(seconds(25)));
  bool has_rest = true;
  for_each_nat(plan, host, [&](std::uint32_t nat) {
    // Its mappings end under traffic, or are taken away.
    if (!plan.nats[nat].outbound_refresh || plan.nats[nat].ports == PortChoice::overload) {
      has_rest = false;
    }
    has_rest = has_rest && plan.nats[nat].timeout > keep_alive + oversleep * 2 + seconds(1);
  });
  if (!has_rest) return {};
  const Duration window = on_either_clock(give_up) + round_trip + oversleep * 2;
  return Client{.relay = relay,
                .window = window,
                .lost = std::vector<Instant>(copies, Instant() - window - seconds(1))};
}

bool Stability::applies(const Plan& plan) {
  for (HostIndex i = 0; i < plan.hosts.size(); ++i) {
    if (at_rest(plan, i)) return true;
  }
  return false;
}

Stability::Stability(const Plan& plan) {
  for (HostIndex i = 0; i < plan.hosts.size(); ++i) {
    clients_.push_back(at_rest(plan, i).value_or(Client()));
  }
}

void Stability::observe(const Step& step, const World& world) {
  if (step.kind == StepKind::fault) return note_fault(step, world);
  if (step.kind == StepKind::start) note_start(step, world);
  note_losses(step, world);
  if (!step.touched || step.host == no_index) return;
  Client& client = clients_[step.host];
  if (client.relay != no_index) judge(step, world, client);
}

void Stability::note_fault(const Step& step, const World& world) {
  const Plan& plan = world.plan();
  if (step.fault == no_index) {
    // The heal undoes all that is still in force.
    for (const FaultPlan& fault : plan.faults) note_undone(fault, step, plan);
    return;
  }
  if (step.touched && step.host != no_index) {
    // What a host gives up when it is told of a move is nobody's fault.
    Client& own = clients_[step.host];
    for (const Notice& notice : step.notices) {
      if (notice.kind == Notice::Kind::candidate_removed && own.candidates > 0) --own.candidates;
    }
  }
  const FaultPlan& fault = plan.faults[step.fault];
  const bool reboots = step.fault_begins && std::holds_alternative<Reboot>(fault.spec->action);
  for (Client& client : clients_) {
    if (reboots && client.relay != no_index && client.relay == fault.host) {
      client.disturbed_at = step.time;
    }
  }
  note_undone(fault, step, plan);
}

/// These disturb when they begin, and again when they are undone.
void Stability::note_undone(const FaultPlan& fault, const Step& step, const Plan& plan) {
  const FaultAction& action = fault.spec->action;
  const bool moves = std::holds_alternative<NatReset>(action) ||
                     std::holds_alternative<NatFlap>(action) ||
                     std::holds_alternative<NatMove>(action);
  const bool sleeps = std::holds_alternative<Suspend>(action);
  const bool roams = std::holds_alternative<Move>(action);
  for (HostIndex i = 0; i < clients_.size(); ++i) {
    if (clients_[i].relay == no_index) continue;
    const bool is_hit = fault.host == i || clients_[i].relay == fault.host;
    if ((moves && is_behind(plan, i, fault.nat)) || ((sleeps || roams) && is_hit)) {
      clients_[i].disturbed_at = step.time;
    }
  }
}

void Stability::note_start(const Step& step, const World& world) {
  if (world.boots(step.host) < 2) return;
  for (Client& client : clients_) {
    if (client.relay == step.host) client.disturbed_at = step.time;
  }
  Client& own = clients_[step.host];
  own.candidates = 0;
  own.disturbed_at = Instant::never();
}

void Stability::note_losses(const Step& step, const World& world) {
  const Plan& plan = world.plan();
  if (step.kind == StepKind::delivery && step.dropped != DropReason::none &&
      step.sender != no_index) {
    if (clients_[step.sender].relay != no_index) clients_[step.sender].lose(step.time);
    if (is_relay(plan.hosts[step.sender])) {
      for (Client& client : clients_) {
        if (client.relay == step.sender) client.lose(step.time);
      }
    }
  }
  for (const SentRecord& sent : step.sent) {
    // What goes where nobody is was asked for in a false name.
    if (!is_lost(sent) || sent.fate.dropped == DropReason::no_route) continue;
    if (Client& own = clients_[step.host]; own.relay != no_index) {
      own.lose(step.time);
      if (is_bent(sent)) own.disturbed_at = step.time;
    }
    const HostPlan& host = plan.hosts[step.host];
    if (!is_relay(host) || sent.local.port != host.role->port) continue;
    lose_towards(plan, step.host,
                 sent.has_id ? plan.directions[sent.id.direction].to : NodeIndex{no_index},
                 step.time);
  }
}

void Stability::lose_towards(const Plan& plan, HostIndex relay, NodeIndex node, Instant at) {
  for (HostIndex i = 0; i < clients_.size(); ++i) {
    if (clients_[i].relay != relay) continue;
    const bool may_be_for_it =
        node == no_index || node == plan.node_of_host(i) ||
        (plan.nodes[node].is_nat && is_behind(plan, i, plan.nodes[node].index));
    if (may_be_for_it) clients_[i].lose(at);
  }
}

void Stability::judge(const Step& step, const World& world, Client& client) {
  if (client.candidates > 0) {
    judged();
    for (const SentRecord& sent : step.sent) {
      const auto message = glance_stun(step.payload(sent));
      if (!message || message->type != stun_type::allocate) continue;
      const bool keeps = std::ranges::none_of(step.notices, [](const Notice& notice) {
        return notice.kind == Notice::Kind::candidate_removed;
      });
      if (!keeps) continue;
      return broken(step, fmt::format("{} asks for a second allocation beside the one it has",
                                      name_of(world.plan(), step.host)));
    }
  }
  for (const Notice& notice : step.notices) {
    if (notice.kind == Notice::Kind::candidate_added) {
      ++client.candidates;
      if (step.sent_at > client.disturbed_at) client.disturbed_at = Instant::never();
    } else if (notice.kind == Notice::Kind::candidate_removed) {
      if (client.candidates > 0) --client.candidates;
      if (client.is_disturbed(step.time)) continue;
      return broken(step,
                    fmt::format("{} takes back {} ({}), though fewer than {} datagrams between it "
                                "and its relay were lost within {}",
                                name_of(world.plan(), step.host), notice.local.text(), notice.name,
                                client.lost.size(), time_text(client.window)));
    }
  }
}

}  // namespace tickover::sim
