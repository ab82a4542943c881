#include "sim/oracles/relay_oracle.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/check.h"
#include "sim/oracles/turn_plan.h"
#include "sim/oracles/words.h"
#include "sim/world/world.h"

namespace tickover::sim {
namespace {

constexpr std::size_t most_opening = 64;
/// What surely fits into one datagram together with TURN's header.
constexpr std::size_t surely_fits = 60'000;

/// A Send indication of which every attribute is understood.
bool is_plain_send(const StunGlance& message) {
  StunAttributes attributes(message);
  while (const auto attribute = attributes.next()) {
    if (attribute->type != stun_attribute::xor_peer_address &&
        attribute->type != stun_attribute::data) {
      return false;
    }
  }
  return true;
}

}  // namespace

RelayTables::RelayTables(const Plan& plan) {
  for (const HostPlan& host : plan.hosts) {
    Relay& relay = relays_.emplace_back();
    if (!tickover::sim::is_relay(host)) continue;
    relay.is_relay = true;
    relay.port = host.role->port;
    RelayLifetimes& lifetimes = relay.lifetimes;
    lifetimes.permission = setting_or(host.settings, "permission-lifetime", lifetimes.permission);
    lifetimes.channel = setting_or(host.settings, "channel-lifetime", lifetimes.channel);
    const auto usual = static_cast<std::int64_t>(lifetimes.requests);
    lifetimes.requests =
        static_cast<std::uint64_t>(setting_or(host.settings, "max-remembered-requests", usual));
    relay.is_scripted = host.settings.find("answers") != nullptr;
    relay.has_rate = host.settings.find("max-bytes-per-second-per-user") != nullptr;
  }
}

const RelayModel& RelayModels::of(const World& world, HostIndex relay) {
  const auto& all = world.oracles().all();
  if (place_ >= all.size()) {
    const auto is_it = [](const auto& o) { return dynamic_cast<const RelayTables*>(o.get()); };
    const auto at = std::ranges::find_if(all, is_it);
    CHECK(at != all.end());
    place_ = static_cast<std::size_t>(at - all.begin());
  }
  return static_cast<const RelayTables&>(*all[place_]).model(relay);
}

void RelayTables::observe(const Step& step, const World& world) {
  if (const auto addresses = addresses_after(step, world)) {
    relays_[world.plan().faults[step.fault].host].model.move_to(*addresses);
  }
  if (!step.touched || step.host == no_index || !relays_[step.host].is_relay) return;
  Relay& relay = relays_[step.host];
  if (step.kind == StepKind::start) {
    relay.model.clear();
    relay.opening.clear();
    return;
  }
  learn(step, world, relay);
  if (step.kind == StepKind::delivery) judge_relaying(step, world, relay);
}

/// Answers follow their request at once, but for an Allocate that waits for its port.
void RelayTables::learn(const Step& step, const World& world, Relay& relay) {
  std::optional<StunGlance> request;
  if (step.kind == StepKind::delivery && step.destination.port == relay.port) {
    request = glance_stun(step.arrived);
    if (request && !request->is_request()) request.reset();
  } else if (step.kind != StepKind::socket) {
    return;
  }
  if (!request && relay.opening.empty()) return;
  bool answered = false;
  for (const SentRecord& sent : step.sent) {
    if (sent.local.port != relay.port) continue;
    const auto answer = glance_stun(step.payload(sent));
    if (!answer || !answer->is_answer()) continue;
    if (request && std::ranges::equal(request->id, answer->id) && sent.remote == step.source) {
      answered = true;
      learn_answer(step, world, relay, step.arrived, *answer, step.source, step.destination);
      continue;
    }
    const auto asked = std::ranges::find_if(relay.opening, [&](const Asked& a) {
      const auto waiting = glance_stun(a.bytes);
      return waiting && std::ranges::equal(waiting->id, answer->id) && a.client == sent.remote;
    });
    if (asked == relay.opening.end()) continue;
    learn_answer(step, world, relay, asked->bytes, *answer, asked->client, asked->server);
    relay.opening.erase(asked);
  }
  if (!request || answered || request->type != stun_type::allocate) return;
  if (relay.opening.size() == most_opening) relay.opening.erase(relay.opening.begin());
  relay.opening.push_back(
      {{step.arrived.begin(), step.arrived.end()}, step.source, step.destination});
}

void RelayTables::learn_answer(const Step& step, const World& world, Relay& relay, Bytes request,
                               const StunGlance& answer, const Endpoint& client,
                               const Endpoint& server) {
  const auto asked = glance_stun(request);
  if (!asked || (relay.is_scripted && !answer.is_success())) return;
  judged();
  const std::string_view wrong =
      answer.is_success()
          ? relay.model.succeeded(*asked, answer, client, server, step.host_now, relay.lifetimes)
          : relay.model.failed(*asked, answer, client, server, step.host_now);
  if (wrong.empty()) return;
  broken(step,
         fmt::format("{} answers {}: {}", name_of(world.plan(), step.host), client.text(), wrong));
}

void RelayTables::judge_relaying(const Step& step, const World& world, Relay& relay) {
  Due due;
  if (step.destination.port == relay.port) {
    if (const auto message = glance_stun(step.arrived); message && message->is_request()) return;
    due = due_to_peer(step, relay);
  } else {
    RelayModel::Allocation* allocation = relay.model.find_relayed(step.destination);
    if (allocation != nullptr && allocation->unclear) return;
    if (allocation != nullptr) due = due_to_client(step, *allocation);
    if (due.what.empty()) due.what = "no allocation has this relayed address";
  }
  if (due.local == Endpoint{} && due.may) return;
  if (relay.has_rate) due.must = false;  // PROTOCOL R17
  judged();
  const std::string& name = name_of(world.plan(), step.host);
  bool done = false;
  for (const SentRecord& sent : step.sent) {
    const Bytes bytes = step.payload(sent);
    if (due.may && !done && satisfies(due, sent, bytes)) {
      done = true;
      continue;
    }
    return broken(step,
                  fmt::format("{} sends {} bytes from {} to {} on a datagram from {}: {}", name,
                              sent.size, sent.local.text(), sent.remote.text(), step.source.text(),
                              done      ? "once too often"
                              : due.may ? "it has to send something else"
                                        : due.what));
  }
  if (due.must && !done) {
    broken(step, fmt::format("{} does not relay a datagram from {} to {}, though {}", name,
                             step.source.text(), due.remote.text(), due.what));
  }
}

/// ChannelData needs the channel alone, a Send indication the permission (PROTOCOL W8, D2).
RelayTables::Due RelayTables::due_to_peer(const Step& step, Relay& relay) {
  Due due;
  RelayModel::Allocation* allocation = relay.model.find(step.source, step.destination);
  const Instant now = step.host_now;
  if (allocation == nullptr || allocation->span.is_dead(now)) {
    due.what = "the client has no allocation";
    return due;
  }
  if (allocation->unclear) return {.may = true};
  const bool alive = allocation->span.is_alive(now);
  if (const auto data = glance_channel(step.arrived)) {
    const RelayModel::Channel* channel = allocation->channel(data->number);
    due.what = "the channel is not bound";
    if (channel == nullptr || channel->span.is_dead(now)) return due;
    due.what = "its channel is bound";
    due.may = true;
    due.must = alive && channel->span.is_alive(now) && data->data.size() < surely_fits &&
               step.arrived.size() - data->data.size() < 4 + 4;
    due.remote = channel->peer;
    due.data = data->data;
    leave_towards(*allocation, due);
    return due;
  }
  const auto message = glance_stun(step.arrived);
  if (!message || message->type != stun_type::send_indication) {
    due.what = "it is nothing to be relayed";
    return due;
  }
  const auto peer = find_endpoint(*message, stun_attribute::xor_peer_address);
  const auto data = find_attribute(*message, stun_attribute::data);
  due.what = "the peer or the data are missing";
  if (!peer || !data) return due;
  const RelayModel::Permission* permission = allocation->permission(peer->ip);
  due.what = "there is no permission for the peer";
  if (permission == nullptr || permission->span.is_dead(now)) return due;
  due.what = "its peer is permitted";
  due.may = true;
  // No relay has to reach its own listening port, though its address be permitted (PROTOCOL AB5).
  due.must = alive && permission->span.is_alive(now) && is_plain_send(*message) &&
             peer->port != 0 && peer->port != relay.port;
  due.remote = *peer;
  due.data = *data;
  leave_towards(*allocation, due);
  return due;
}

/// Two relayed addresses reach the peers of one family each.
void RelayTables::leave_towards(const RelayModel::Allocation& allocation, Due& due) {
  const Endpoint* local = allocation.towards(due.remote.family());
  if (local == nullptr) {
    due.may = due.must = false;
    due.what = "no relayed address is of its peer's family";
  } else {
    due.local = *local;
  }
}

/// From a peer: the permission decides whether, the channel how (PROTOCOL PM4, D4, W8).
RelayTables::Due RelayTables::due_to_client(const Step& step, RelayModel::Allocation& allocation) {
  Due due{.to_client = true, .local = allocation.server, .remote = allocation.client};
  const Instant now = step.host_now;
  due.what = "the allocation is over";
  if (allocation.span.is_dead(now)) return due;
  const RelayModel::Permission* permission = allocation.permission(step.source.ip);
  due.what = "there is no permission for the peer";
  if (permission == nullptr || permission->span.is_dead(now)) return due;
  due.what = "the peer is permitted";
  due.may = true;
  due.must = allocation.span.is_alive(now) && permission->span.is_alive(now) &&
             step.arrived.size() < surely_fits && step.source.port != 0;
  due.peer = step.source;
  due.data = step.arrived;
  const RelayModel::Channel* channel = allocation.channel(step.source);
  if (channel != nullptr && !channel->span.is_dead(now)) {
    due.channel = channel->number;
    due.channel_is_clear = channel->span.is_alive(now);
  }
  return due;
}

bool RelayTables::satisfies(const Due& due, const SentRecord& sent, Bytes bytes) {
  if (sent.local != due.local || sent.remote != due.remote) return false;
  if (!due.to_client) return std::ranges::equal(bytes, due.data);
  if (const auto data = glance_channel(bytes)) {
    return due.channel == data->number && std::ranges::equal(data->data, due.data);
  }
  if (due.channel != 0 && due.channel_is_clear) return false;
  const auto message = glance_stun(bytes);
  if (!message || message->type != stun_type::data_indication) return false;
  const auto data = find_attribute(*message, stun_attribute::data);
  return data && std::ranges::equal(*data, due.data) &&
         find_endpoint(*message, stun_attribute::xor_peer_address) == due.peer;
}

}  // namespace tickover::sim
