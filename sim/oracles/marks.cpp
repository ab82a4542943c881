#include "sim/oracles/marks.h"

#include <algorithm>

#include "core/random.h"
#include "sim/oracles/glance.h"
#include "sim/oracles/retransmissions.h"
#include "sim/world/world.h"

namespace tickover::sim {
namespace {

constexpr std::size_t most_lost_peers = 64;

std::uint64_t key_of(Bytes id) {
  std::uint64_t key = 1;
  for (const std::uint8_t byte : id) key = mix(key, byte);
  return key;
}

}  // namespace

Marks::Marks(const Plan& plan) : hosts_(plan.hosts.size()), latest_sent_(plan.directions.size()) {
  for (HostIndex i = 0; i < plan.hosts.size(); ++i) {
    hosts_[i].is_client = Retransmissions::is_client(plan.hosts[i]);
  }
}

std::vector<std::pair<std::string_view, std::uint64_t>> Marks::list() const {
  std::vector<std::pair<std::string_view, std::uint64_t>> result;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    result.emplace_back(mark_name(static_cast<Mark>(i)), counts_[i]);
  }
  return result;
}

const Marks* Marks::of(const Oracles& oracles) {
  for (const auto& oracle : oracles.all()) {
    if (const auto* marks = dynamic_cast<const Marks*>(oracle.get())) return marks;
  }
  return nullptr;
}

void Marks::observe(const Step& step, const World& world) {
  judged();
  if (step.kind == StepKind::delivery) see_delivery(step, world);
  if (step.kind == StepKind::start) see_start(step, world);
  if (step.kind == StepKind::timer && step.woken_for && step.host_now > step.woken_for->at) {
    add(Mark::late_wake_up);
  }
  if (!step.sent.empty()) see_sent(step);
  for (const Notice& notice : step.notices) see_notice(hosts_[step.host], notice);
}

void Marks::see_delivery(const Step& step, const World& world) {
  if (step.has_id) {
    Instant& latest = latest_sent_[step.id.direction];
    if (step.sent_at < latest && step.copy_of_network == 0) add(Mark::overtaken_on_the_way);
    latest = std::max(latest, step.sent_at);
  }
  if (step.dropped == DropReason::nat_mapping || step.dropped == DropReason::nat_filter) {
    return see_refusal(step, world);
  }
  if (step.dropped != DropReason::none) return;
  if (step.copy_of_network > 0) add(Mark::duplicate_delivered);
  if (step.forged) add(Mark::forged_delivered);
  if (hosts_[step.host].is_client) see_answer(step, hosts_[step.host]);
}

void Marks::see_answer(const Step& step, Host& host) {
  const auto answer = glance_stun(step.arrived);
  if (!answer || !answer->is_answer()) return;
  const auto asked = std::ranges::find(host.requests, key_of(answer->id), &Request::key);
  if (asked != host.requests.end() && asked->copies > 1 && step.sent_at < asked->last_sent) {
    add(Mark::earlier_copy_answered);
  }
  if (!answer->is_error()) return;
  const std::uint32_t code = error_code_of(*answer);
  const std::uint16_t type = answer->request_type();
  if (code == 486 || code == 508) add(Mark::no_capacity);
  if (code == 437) {
    add(type == stun_type::allocate ? Mark::mismatch_at_allocate : Mark::allocation_unknown);
  }
  if (code != 438) return;
  if (type == stun_type::allocate) add(Mark::stale_nonce_at_allocate);
  if (type == stun_type::refresh) add(Mark::stale_nonce_at_refresh);
  if (type == stun_type::create_permission) add(Mark::stale_nonce_at_create_permission);
  if (type == stun_type::channel_bind) add(Mark::stale_nonce_at_channel_bind);
}

void Marks::see_refusal(const Step& step, const World& world) {
  const Plan& plan = world.plan();
  if (!step.has_id) return;
  const Node& node = plan.nodes[plan.directions[step.id.direction].to];
  if (!node.is_nat) return;
  for (HostIndex i = 0; i < hosts_.size(); ++i) {
    if (plan.hosts[i].behind == node.index && hosts_[i].candidates > 0) {
      return add(Mark::nat_refused_under_allocation);
    }
  }
}

void Marks::see_start(const Step& step, const World& world) {
  if (world.boots(step.host) < 2) return;
  Host& host = hosts_[step.host];
  if (host.is_client) {
    add(Mark::client_restarted);
    host.candidates = 0;
    host.lost_peers.clear();
  }
  if (world.plan().hosts[step.host].info.role != "turn-server") return;
  if (std::ranges::any_of(hosts_, [](const Host& h) { return h.candidates > 0; })) {
    add(Mark::relay_rebooted_under_allocation);
  }
}

void Marks::see_sent(const Step& step) {
  Host& host = hosts_[step.host];
  for (const SentRecord& sent : step.sent) {
    if (sent.fate.corrupted) add(Mark::corrupted_on_the_way);
    if (sent.fate.dropped == DropReason::partition) add(Mark::lost_in_partition);
    if (!host.is_client) continue;
    const auto message = glance_stun(step.payload(sent));
    if (!message || !message->is_request()) continue;
    const std::uint64_t key = key_of(message->id);
    auto known = std::ranges::find(host.requests, key, &Request::key);
    if (known == host.requests.end()) {
      known = host.requests.begin() + static_cast<std::ptrdiff_t>(host.next_request);
      host.next_request = (host.next_request + 1) % host.requests.size();
      *known = {.key = key};
    }
    known->last_sent = step.time;
    if (++known->copies > 1) add(Mark::request_sent_again);
  }
}

void Marks::see_notice(Host& host, const Notice& notice) {
  if (notice.kind == Notice::Kind::candidate_added) {
    ++host.candidates;
    if (host.lost_one) add(Mark::allocation_regained);
  } else if (notice.kind == Notice::Kind::candidate_removed) {
    if (host.candidates > 0) --host.candidates;
    host.lost_one = true;
    add(Mark::allocation_lost);
  } else if (notice.kind == Notice::Kind::peer_lost) {
    if (host.lost_peers.size() < most_lost_peers) host.lost_peers.push_back(notice.remote);
  } else if (notice.kind == Notice::Kind::peer_ready && !host.lost_peers.empty()) {
    if (std::erase(host.lost_peers, notice.remote) > 0) add(Mark::peer_regained);
  }
}

}  // namespace tickover::sim
