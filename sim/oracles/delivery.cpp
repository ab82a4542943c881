#include "sim/oracles/delivery.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/oracles/belief.h"
#include "sim/oracles/glance.h"
#include "sim/oracles/turn_plan.h"
#include "sim/oracles/words.h"
#include "sim/world/world.h"

namespace tickover::sim {
namespace {

constexpr std::size_t fewest_slots = 8;
constexpr std::size_t most_slots = 4096;
constexpr std::size_t most_candidates = 32;

/// How many payloads of the flow can be under way at once, with room to spare.
std::size_t window_of(const Plan& plan, const FlowPlan& flow) {
  Duration longest =
      plan.longest_round_trip() * 4 + Duration(std::chrono::seconds(1)) + plan.longest_hold();
  for (const DirectionPlan& direction : plan.directions) {
    if (direction.conditions.reorder.numerator() == 0) continue;
    longest += direction.conditions.reorder_high;
    break;
  }
  const auto needed = static_cast<std::size_t>(longest / flow.every) + 2;
  return std::clamp(needed, fewest_slots, most_slots);
}

/// Whether that is an address on a relay which none of its clients ever had, where somebody has an
/// account who says what no traffic says.
template <class Candidates>
bool is_attackers(const Plan& plan, const Candidates& candidates, const Endpoint& from) {
  const auto has_attacker = [&](const HostPlan& relay) {
    const auto users = users_of(relay);
    return std::ranges::any_of(plan.hosts, [&](const HostPlan& host) {
      if (!host.role->spoofs) return false;
      const Credentials own = credentials_of(host);
      return std::ranges::any_of(users, [&](const Credentials& user) {
        return user.name == own.name && user.password == own.password;
      });
    });
  };
  const auto relays_from = [&](const HostPlan& host) {
    return is_relay(host) && from.port != host.role->port &&
           std::ranges::find(host.info.addresses, from.ip) != host.info.addresses.end() &&
           has_attacker(host);
  };
  const auto has_had_it = [&](const auto& own) { return own.has(from); };
  return std::ranges::any_of(plan.hosts, relays_from) &&
         std::ranges::none_of(candidates, has_had_it);
}

/// Whether a fault forged what a TURN client was given: no client can tell it from what its relay
/// sends on, which nobody signs (RFC 8656, section 21.1.4).
bool is_forged_data(const Step& step, const Plan& plan, const Notice& notice) {
  if (!step.forged || plan.hosts[step.host].info.role != "turn-client") return false;
  if (const auto data = glance_channel(step.arrived)) {
    return std::ranges::equal(data->data, notice.payload);
  }
  const auto message = glance_stun(step.arrived);
  if (!message || message->type != stun_type::data_indication) return false;
  const auto data = find_attribute(*message, stun_attribute::data);
  return data && std::ranges::equal(*data, notice.payload);
}

/// Whether a NAT led it where its sender did not mean it to go.
bool has_strayed(const World& world, const Origin& origin, HostIndex to) {
  const Belief* belief = Belief::of(world);
  return belief != nullptr &&
         (belief->has_strayed(origin) || belief->stands_for_another(world, to));
}

}  // namespace

FlowIndex::FlowIndex(const Plan& plan) {
  for (std::uint32_t i = 0; i < plan.flows.size(); ++i) entries_.push_back({plan.flows[i].key, i});
  std::ranges::sort(entries_);
}

std::optional<Origin> FlowIndex::find(Bytes payload) const {
  ByteReader reader(payload);
  const std::uint64_t key = reader.u64();
  const std::uint64_t number = reader.u64();
  const auto at = std::ranges::lower_bound(entries_, Entry{key, 0});
  if (!reader.ok() || at == entries_.end() || at->key != key) return {};
  return Origin{at->flow, number};
}

Delivery::Delivery(const Plan& plan) : index_(plan), candidates_(plan.hosts.size()) {
  for (const FlowPlan& flow : plan.flows) {
    flows_.push_back({std::vector<Sent>(window_of(plan, flow)), 0});
  }
}

void Delivery::observe(const Step& step, const World& world) {
  if (step.kind == StepKind::start) candidates_[step.host].remove_all(step.time);
  if (step.kind == StepKind::command && !step.command_is_reach) note_command(step);
  if (!step.sent.empty() && step.origin.known()) note_copies(step);
  for (const Notice& notice : step.notices) {
    Candidates& own = candidates_[step.host];
    if (notice.kind == Notice::Kind::candidate_added) own.add(notice.local, step.time);
    if (notice.kind == Notice::Kind::candidate_removed) own.remove(notice.local, step.time);
    if (notice.kind == Notice::Kind::received) judge(step, world, notice);
  }
}

Delivery::Sent* Delivery::slot(const Origin& origin) {
  Flow& flow = flows_[origin.flow];
  Sent& sent = flow.window[origin.number % flow.window.size()];
  return sent.number == origin.number ? &sent : nullptr;
}

void Delivery::note_command(const Step& step) {
  if (!step.origin.known()) return;
  Flow& flow = flows_[step.origin.flow];
  flow.latest = step.origin.number;
  Sent& sent = flow.window[step.origin.number % flow.window.size()];
  sent = {.number = step.origin.number,
          .at = step.time,
          .to = step.command_to,
          .accepted = step.command_accepted};
  if (!step.sent.empty()) sent.from = step.sent.back().seen_source;
}

void Delivery::note_copies(const Step& step) {
  Sent* sent = slot(step.origin);
  if (sent == nullptr) return;
  for (const SentRecord& record : step.sent) {
    const int extra = record.fate.copies > 1 ? record.fate.copies - 1 : 0;
    sent->network_copies = static_cast<std::uint16_t>(sent->network_copies + extra);
  }
}

void Delivery::judge(const Step& step, const World& world, const Notice& notice) {
  const Plan& plan = world.plan();
  judged();
  const std::string& name = name_of(plan, step.host);
  const auto origin = index_.find(notice.payload);
  if (!origin || !is_intact(plan, *origin, notice.payload)) {
    if (is_attackers(plan, candidates_, notice.remote)) return;
    if (is_forged_data(step, plan, notice)) return;
    return broken(step, fmt::format("{} was given {} bytes from {} that nobody sent{}", name,
                                    notice.payload.size(), notice.remote.text(),
                                    step.forged ? ", but a fault forged" : ""));
  }
  const FlowPlan& flow = plan.flows[origin->flow];
  const auto what = [&] {
    return fmt::format("datagram {} of the traffic from {} to {}", origin->number,
                       name_of(plan, flow.from), name_of(plan, flow.to));
  };
  if (origin->number > flows_[origin->flow].latest) {
    return broken(step, fmt::format("{} was given {}, which was never sent", name, what()));
  }
  Sent* sent = slot(*origin);
  // A relay that lost its state gives an address to another client, and who sent there before does
  // not know it yet.
  const bool is_stranger = step.host != flow.from && step.host != flow.to;
  const bool is_echo = is_stranger ? sent != nullptr && is_heir_of_sender(flow, *sent, step.host)
                                   : step.host == flow.from;
  if (is_stranger && !is_echo && !is_heir_of_addressee(flow, sent, step.host)) {
    if (has_strayed(world, *origin, step.host)) return;
    return broken(step, fmt::format("{} was given {}", name, what()));
  }
  if (sent == nullptr) return;  // too old: nothing but its bytes is remembered
  if (!sent->accepted) {
    return broken(step, fmt::format("{} was given {}, whose sending was refused", name, what()));
  }
  const HostIndex speaker = is_echo ? flow.to : flow.from;
  const Endpoint& own = is_echo ? sent->to : sent->from;
  const bool announces = plan.hosts[speaker].role->port == 0;
  const bool right = announces ? candidates_[speaker].has(notice.remote) : notice.remote == own;
  if (!right) {
    if (has_strayed(world, *origin, step.host)) return;
    return broken(step,
                  fmt::format("{} was given {} as if it came from {}{}", name, what(),
                              notice.remote.text(), announces ? "" : ", not from " + own.text()));
  }
  std::uint16_t& times = is_echo ? sent->echoed : sent->delivered;
  if (++times > 1 + sent->network_copies && !has_strayed(world, *origin, step.host)) {
    broken(step, fmt::format("{} was given {} {} times; the network made {} copies", name, what(),
                             times, sent->network_copies));
  }
}

bool Delivery::is_heir_of_addressee(const FlowPlan& flow, const Sent* sent,
                                    HostIndex receiver) const {
  if (sent != nullptr) return candidates_[receiver].has_since(sent->to, sent->at);
  return std::ranges::any_of(candidates_[flow.to].recent, [&](const Candidate& candidate) {
    return candidates_[receiver].has(candidate.address);
  });
}

bool Delivery::is_heir_of_sender(const FlowPlan& flow, const Sent& sent, HostIndex receiver) const {
  return std::ranges::any_of(candidates_[flow.from].recent, [&](const Candidate& candidate) {
    return candidate.is_held(sent.at) &&
           candidates_[receiver].has_since(candidate.address, sent.at);
  });
}

bool Delivery::is_intact(const Plan& plan, const Origin& origin, Bytes payload) {
  const FlowPlan& flow = plan.flows[origin.flow];
  if (payload.size() != flow.size) return false;
  expected_.resize(flow.size);
  write_payload(expected_, flow.key, origin.number);
  return std::ranges::equal(expected_, payload);
}

void Delivery::Candidates::add(const Endpoint& e, Instant now) {
  const auto known = std::ranges::find(recent, e, &Candidate::address);
  if (known != recent.end()) {
    // The latest last, so that what was had again outlives the others.
    std::rotate(known, known + 1, recent.end());
    recent.back() = {e, recent.back().since, Instant::never()};
    return;
  }
  if (recent.size() == most_candidates) recent.erase(recent.begin());
  recent.push_back({e, now});
}

void Delivery::Candidates::remove(const Endpoint& e, Instant now) {
  const auto known = std::ranges::find(recent, e, &Candidate::address);
  if (known != recent.end()) known->until = std::min(known->until, now);
}

void Delivery::Candidates::remove_all(Instant now) {
  for (Candidate& candidate : recent) candidate.until = std::min(candidate.until, now);
}

bool Delivery::Candidates::has(const Endpoint& e) const {
  return std::ranges::find(recent, e, &Candidate::address) != recent.end();
}

bool Delivery::Candidates::has_since(const Endpoint& e, Instant at) const {
  const auto known = std::ranges::find(recent, e, &Candidate::address);
  return known != recent.end() && at <= known->until;
}

}  // namespace tickover::sim
