#include "sim/oracles/belief.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/oracles/turn_plan.h"
#include "sim/oracles/words.h"
#include "sim/world/world.h"

namespace tickover::sim {
namespace {

// RFC 8656, sections 7.2, 9 and 12: what a client relies on without being told.
constexpr Duration longest_allocation = std::chrono::hours(1);
constexpr Duration permission_lifetime = std::chrono::seconds(300);
constexpr Duration channel_lifetime = std::chrono::seconds(600);

constexpr std::size_t most_strayed = 1024;

bool is_about_allocation(const StunGlance& message) {
  // A Refresh that deletes may come after its own first copy did so.
  if (message.type == stun_type::refresh) {
    return find_number(message, stun_attribute::lifetime) != 0u;
  }
  return message.type == stun_type::create_permission || message.type == stun_type::channel_bind;
}

bool asks_about_allocation(Bytes bytes) {
  const auto message = glance_stun(bytes);
  return message && (is_about_allocation(*message) || message->type == stun_type::refresh);
}

}  // namespace

Belief::Belief(const Plan& plan) : started_(plan.hosts.size()), ports_(plan) {
  for (HostIndex i = 0; i < plan.hosts.size(); ++i) {
    Client& client = clients_.emplace_back();
    client.relay = relay_of(plan, i);
    if (client.relay == no_index) continue;
    const HostPlan& relay = plan.hosts[client.relay];
    client.drift = drift_within(plan.hosts[i].clock, relay.clock, longest_allocation);
    client.judges_peers =
        setting_or(relay.settings, "permission-lifetime", permission_lifetime) >=
            permission_lifetime &&
        setting_or(relay.settings, "channel-lifetime", channel_lifetime) >= channel_lifetime;
  }
}

void Belief::observe(const Step& step, const World& world) {
  if (step.host == no_index) return;
  if (step.kind == StepKind::start) started_[step.host] = step.time;
  ports_.note(step);
  if (step.origin.known() && is_relay(world.plan().hosts[step.host])) note_relayed(step, world);
  if (clients_[step.host].relay == no_index) return;
  Client& client = clients_[step.host];
  if (step.kind == StepKind::start) {
    client.relayed.reset();
    client.believed.reset();
    client.is_mistaken = false;
  }
  // Who slept counts less time than passed at the relay, and learns it from the next refusal.
  if (world.sleeps(step.host) > 0) return;
  if (!step.sent.empty()) judge_sent(step, world, client);
  for (const Notice& notice : step.notices) judge_notice(step, world, client, notice);
}

void Belief::judge_sent(const Step& step, const World& world, Client& client) {
  const HostPlan& relay = world.plan().hosts[client.relay];
  const RelayModel& model = models_.of(world, client.relay);
  for (const SentRecord& sent : step.sent) {
    if (!is_listener(relay, sent.seen_remote)) continue;
    const RelayModel::Allocation* allocation = model.find(sent.seen_source, sent.seen_remote);
    if (allocation == nullptr || allocation->unclear) continue;
    const bool from_its_socket = client.believed && client.believed->local == sent.local;
    const bool to_its_own = client.believed && client.believed->is(*allocation);
    if (!from_its_socket || !to_its_own) note_mistake(*allocation, step.payload(sent));
    if (from_its_socket != to_its_own) {
      client.is_mistaken = client.is_mistaken || asks_about_allocation(step.payload(sent));
      note_strayed(step.origin);
      continue;
    }
    if (client.is_mistaken) continue;
    judged();
    const Instant now = world.host_time(client.relay) - client.drift;
    const std::string_view wrong = wrong_with(*allocation, client, step.payload(sent), now);
    if (wrong.empty()) continue;
    return broken(step, fmt::format("{} sends {} bytes to {}, {}", name_of(world.plan(), step.host),
                                    sent.size, name_of(world.plan(), client.relay), wrong));
  }
}

void Belief::note_relayed(const Step& step, const World& world) {
  for (const SentRecord& sent : step.sent) {
    const auto host = ports_.latest(sent.remote);
    if (!host) continue;
    const auto* met = models_.of(world, step.host).find(sent.remote, sent.local);
    const auto& believed = clients_[*host].believed;
    if (met != nullptr && !(believed && believed->is(*met))) note_strayed(step.origin);
  }
}

void Belief::note_strayed(const Origin& origin) {
  if (!origin.known()) return;
  if (strayed_.size() < most_strayed) strayed_.emplace_back();
  strayed_[next_strayed_] = origin;
  next_strayed_ = (next_strayed_ + 1) % most_strayed;
}

bool Belief::has_strayed(const Origin& origin) const {
  return std::ranges::find(strayed_, origin) != strayed_.end();
}

const Belief* Belief::of(const World& world) {
  for (const auto& oracle : world.oracles().all()) {
    if (const auto* belief = dynamic_cast<const Belief*>(oracle.get())) return belief;
  }
  return nullptr;
}

bool Belief::stands_for_another(const World& world, HostIndex host) const {
  const Client& client = clients_[host];
  if (client.relay == no_index) return false;
  // What it relayed shortly before its end may still be under way.
  const Instant now = world.host_time(client.relay) - longest_flight(world.plan());
  const auto& all = RelayModels().of(world, client.relay).allocations();
  return std::ranges::any_of(all, [&](const RelayModel::Allocation& allocation) {
    return !allocation.span.is_dead(now) && ports_.latest(allocation.client) == host &&
           !(client.believed && client.believed->is(allocation));
  });
}

/// Between a socket and the relay, a NAT took a port that stands for another allocation. Nobody
/// tells either client: what is asked for changes that one.
void Belief::note_mistake(const RelayModel::Allocation& met, Bytes bytes) {
  if (!asks_about_allocation(bytes)) return;
  for (Client& other : clients_) {
    if (other.believed && other.believed->is(met)) other.is_mistaken = true;
  }
}

/// Why the client must not send this, if it must not.
std::string_view Belief::wrong_with(const RelayModel::Allocation& allocation, const Client& client,
                                    Bytes bytes, Instant now) const {
  const bool is_over = allocation.span.is_dead(now);
  if (const auto data = glance_channel(bytes)) {
    if (is_over) return "as data for an allocation that has ended";
    const RelayModel::Channel* channel = allocation.channel(data->number);
    if (!client.judges_peers || (channel != nullptr && !channel->span.is_dead(now))) return {};
    return channel == nullptr ? "on a channel that is not bound" : "on a channel that has ended";
  }
  const auto message = glance_stun(bytes);
  if (!message) return {};
  if (message->type == stun_type::send_indication) {
    if (is_over) return "as data for an allocation that has ended";
    const auto peer = find_endpoint(*message, stun_attribute::xor_peer_address);
    if (!client.judges_peers || !peer) return {};
    const RelayModel::Permission* permission = allocation.permission(peer->ip);
    if (permission != nullptr && !permission->span.is_dead(now)) return {};
    return "as data for a peer that is not permitted";
  }
  return is_over && is_about_allocation(*message) ? "about an allocation that has ended"
                                                  : std::string_view();
}

void Belief::judge_notice(const Step& step, const World& world, Client& client,
                          const Notice& notice) {
  if (notice.kind == Notice::Kind::candidate_added) {
    client.relayed = notice.local;
    const auto* granted = models_.of(world, client.relay).find_relayed(notice.local);
    client.believed.reset();
    client.is_mistaken = false;
    if (granted != nullptr) {
      client.believed = {step.destination, granted->client, granted->server, granted->created_by};
    }
  } else if (notice.kind == Notice::Kind::candidate_removed && client.relayed == notice.local) {
    client.relayed.reset();
  }
  const bool announces =
      notice.kind == Notice::Kind::candidate_added || notice.kind == Notice::Kind::peer_ready;
  if (!announces || !client.relayed || step.kind != StepKind::delivery) return;
  if (client.is_mistaken) return;
  // A relay that lost its state meanwhile may have said so before.
  if (step.sent_at <= started_[client.relay]) return;
  const auto* allocation = models_.of(world, client.relay).find_relayed(*client.relayed);
  if (allocation != nullptr && allocation->unclear) return;
  judged();
  const Instant now = world.host_time(client.relay) - client.drift;
  const auto deny = [&](std::string_view why) {
    broken(
        step,
        fmt::format(
            "{} says \"{}\" about {}, but {}", name_of(world.plan(), step.host), notice.name,
            (notice.kind == Notice::Kind::peer_ready ? notice.remote : notice.local).text(), why));
  };
  if (allocation == nullptr || allocation->span.is_dead(now)) {
    return deny("the relay has no such allocation");
  }
  if (notice.kind == Notice::Kind::candidate_added || !client.judges_peers) return;
  if (notice.number == 0) {
    const auto* permission = allocation->permission(notice.remote.ip);
    if (permission == nullptr || permission->span.is_dead(now)) deny("it is not permitted there");
    return;
  }
  const auto* channel = allocation->channel(static_cast<std::uint16_t>(notice.number));
  if (channel == nullptr || channel->peer != notice.remote || channel->span.is_dead(now)) {
    deny(fmt::format("channel 0x{:04x} is not bound to it there", notice.number));
  }
}

}  // namespace tickover::sim
