#include "sim/oracles/traffic_bound.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

#include "core/random.h"
#include "sim/oracles/glance.h"
#include "sim/oracles/retransmissions.h"
#include "sim/oracles/turn_plan.h"
#include "sim/oracles/words.h"
#include "sim/world/world.h"

namespace tickover::sim {

namespace {

/// As many as a client has channels for; so many of them are never asked for within a minute.
constexpr std::size_t most_peers = 256;

/// What a client does once in that time, and no bound that is usual leaves room for if the scenario
/// wants it more often than this.
struct Pace {
  std::string_view key;
  Duration usual;
  std::size_t requests;  // each time: challenged, with a stale nonce, in both families
  bool for_each_peer = false;
};
constexpr std::array paces = {
    Pace{"keep-alive", std::chrono::seconds(25), 2},
    Pace{"query-interval", std::chrono::seconds(25), 1},
    Pace{"server-error-pause", std::chrono::seconds(5), 2},
    Pace{"longest-pause", std::chrono::minutes(1), 6},
    Pace{"capacity-pause", std::chrono::minutes(1), 6},
    Pace{"mismatch-pause", std::chrono::minutes(2), 6},
    Pace{"refused-pause", std::chrono::minutes(5), 6},
    Pace{"channel-refresh", std::chrono::minutes(4), 2, true},
    Pace{"permission-refresh", std::chrono::minutes(4), 2, true},
};

/// Requests a minute that are due to a hurry which the scenario asked for.
std::size_t hurried_requests(const Settings& settings, std::size_t peers) {
  std::size_t requests = 0;
  for (const Pace& pace : paces) {
    const Duration every = setting_or(settings, pace.key, pace.usual);
    if (every >= pace.usual) continue;
    // A pause may be drawn shorter, but nobody hears an answer more often than every microsecond.
    const Duration least = std::max(every / 2, Duration(std::chrono::microseconds(1)));
    const auto times = static_cast<std::size_t>(Duration(std::chrono::minutes(1)) / least) + 1;
    requests += times * pace.requests * (pace.for_each_peer ? peers : 1);
  }
  return requests;
}

}  // namespace

std::uint32_t TrafficBound::bound_for(const Plan& plan, HostIndex host, std::size_t peers) {
  constexpr std::size_t open_requests = 10;
  constexpr std::size_t restarts = 4;
  constexpr std::size_t keep_alives = 60;
  constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max();
  RetransmitTable table(plan.hosts[host].settings);
  table.start_with(table.first_interval().lowest);
  const std::size_t copies = table.most_within(std::chrono::minutes(1));
  // A quarter of the bound is for new requests.
  const std::size_t hurried = 4 * hurried_requests(plan.hosts[host].settings, peers);
  const std::size_t all = (open_requests + 2 * peers) * copies * restarts + keep_alives + hurried;
  return static_cast<std::uint32_t>(std::min<std::size_t>(all, most));
}

TrafficBound::TrafficBound(const Plan& plan) : hosts_(plan.hosts.size()) {
  for (HostIndex i = 0; i < plan.hosts.size(); ++i) {
    if (!Retransmissions::is_client(plan.hosts[i])) continue;
    const auto is_its = [&](const FlowPlan& flow) { return flow.from == i || flow.to == i; };
    hosts_[i].flows = static_cast<std::size_t>(std::ranges::count_if(plan.flows, is_its));
    hosts_[i].bound = bound_for(plan, i, hosts_[i].flows);
  }
}

/// Who loses its allocation has another address in the next, and a client keeps the old one until
/// it has not been used for long.
void TrafficBound::note_peer(const Step& step, const Plan& plan, Host& host) {
  const auto at = std::ranges::lower_bound(host.peers, step.command_to);
  if (at != host.peers.end() && *at == step.command_to) return;
  if (host.peers.size() == most_peers) return;
  host.peers.insert(at, step.command_to);
  if (host.peers.size() > host.flows) host.bound = bound_for(plan, step.host, host.peers.size());
}

std::uint32_t TrafficBound::Minute::add(Instant now) {
  const std::int64_t second = now.since_origin() / Duration(std::chrono::seconds(1));
  const auto size = static_cast<std::int64_t>(seconds.size());
  if (second - latest >= size) {
    seconds.fill(0);
    sum = 0;
  } else {
    for (std::int64_t s = latest + 1; s <= second; ++s) {
      std::uint32_t& slot = seconds[static_cast<std::size_t>(s % size)];
      sum -= slot;
      slot = 0;
    }
  }
  latest = second;
  ++seconds[static_cast<std::size_t>(second % size)];
  return ++sum;
}

void TrafficBound::observe(const Step& step, const World& world) {
  if (step.host == no_index || hosts_[step.host].bound == 0) return;
  Host& host = hosts_[step.host];
  if (step.kind == StepKind::command && step.touched) note_peer(step, world.plan(), host);
  for (const SentRecord& sent : step.sent) {
    const auto message = glance_stun(step.payload(sent));
    const bool is_data = message && message->type == stun_type::send_indication;
    if (!message ? glance_channel(step.payload(sent)).has_value() : is_data) continue;
    judged();
    const std::uint32_t control = host.control.add(step.time);
    if (control > host.bound) {
      return broken(step, fmt::format("{} has sent {} control datagrams within a minute; {} are "
                                      "plenty",
                                      name_of(world.plan(), step.host), control, host.bound));
    }
    if (!message || !message->is_request() ||
        (!find_attribute(*message, stun_attribute::username) &&
         !find_attribute(*message, stun_attribute::userhash)) ||
        !is_new_attempt(host, message->id)) {
      continue;
    }
    const std::uint32_t attempts = host.attempts.add(step.time);
    // Without copies a quarter of the bound is more than every request with every stale nonce.
    if (attempts > host.bound / 4 + 4) {
      return broken(step, fmt::format("{} has tried {} times within a minute to prove who it is",
                                      name_of(world.plan(), step.host), attempts));
    }
  }
}

bool TrafficBound::is_new_attempt(Host& host, Bytes id) {
  std::uint64_t key = 1;
  for (const std::uint8_t byte : id) key = mix(key, byte);
  if (std::ranges::find(host.recent_ids, key) != host.recent_ids.end()) return false;
  host.recent_ids[host.next_id] = key;
  host.next_id = (host.next_id + 1) % host.recent_ids.size();
  return true;
}

}  // namespace tickover::sim
