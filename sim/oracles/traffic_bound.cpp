#include "sim/oracles/traffic_bound.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/random.h"
#include "sim/oracles/glance.h"
#include "sim/oracles/retransmissions.h"
#include "sim/oracles/words.h"
#include "sim/world/world.h"

namespace tickover::sim {

std::uint32_t TrafficBound::bound_for(const Plan& plan, HostIndex host) {
  constexpr std::size_t open_requests = 10;
  constexpr std::size_t restarts = 4;
  constexpr std::size_t keep_alives = 60;
  const auto peers = static_cast<std::size_t>(std::ranges::count_if(
      plan.flows, [&](const FlowPlan& flow) { return flow.from == host || flow.to == host; }));
  RetransmitTable table(plan.hosts[host].settings);
  table.start_with(table.first_interval().lowest);
  const std::size_t copies = table.most_within(std::chrono::minutes(1));
  return static_cast<std::uint32_t>((open_requests + 2 * peers) * copies * restarts + keep_alives);
}

TrafficBound::TrafficBound(const Plan& plan) : hosts_(plan.hosts.size()) {
  for (HostIndex i = 0; i < plan.hosts.size(); ++i) {
    if (Retransmissions::is_client(plan.hosts[i])) hosts_[i].bound = bound_for(plan, i);
  }
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
  if (step.sent.empty() || hosts_[step.host].bound == 0) return;
  Host& host = hosts_[step.host];
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
