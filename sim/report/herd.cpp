#include "sim/report/herd.h"

#include <algorithm>

#include "core/check.h"
#include "sim/oracles/jain_index.h"
#include "sim/oracles/turn_plan.h"

namespace tickover::sim {
namespace {

std::string_view kind_of(const World& world, HostIndex sender, const Step& step) {
  const AnyMachine& machine = world.machine(sender);
  return machine.kind_name(step.has_id ? step.id.kind : machine.label(step.arrived).kind);
}

bool is_request(std::string_view kind) {
  return kind.ends_with(" request");
}

/// Where the host is in the list, which is in order; nothing if it is not.
std::optional<std::size_t> index_of(const std::vector<HostIndex>& hosts, HostIndex host) {
  const auto at = std::ranges::lower_bound(hosts, host);
  if (at == hosts.end() || *at != host) return {};
  return static_cast<std::size_t>(at - hosts.begin());
}

bool is_reboot(const FaultPlan& fault) {
  return std::holds_alternative<Reboot>(fault.spec->action);
}

}  // namespace

std::vector<Duration> Herd::recoveries() const {
  std::vector<Duration> times;
  for (const Client& client : clients) {
    if (client.recovered) times.push_back(*client.recovered);
  }
  std::ranges::sort(times);
  return times;
}

std::optional<HostIndex> Herd::slowest() const {
  const auto last = std::ranges::max_element(clients, {}, &Client::recovered);
  if (last == clients.end() || !last->recovered) return {};
  return hosts[static_cast<std::size_t>(last - clients.begin())];
}

std::optional<std::string> Herd::fairness_of_times() const {
  const std::vector<Duration> times = recoveries();
  if (times.empty()) return {};
  return JainIndex::of(times).text();
}

std::string Herd::fairness_of_requests() const {
  std::vector<std::int64_t> requests;
  for (const Client& client : clients) requests.push_back(client.requests);
  return JainIndex(requests).text();
}

HerdWatch::HerdWatch(const Plan& plan) : candidates_(plan.hosts.size()) {
  for (const FaultPlan& fault : plan.faults) {
    if (!is_reboot(fault) || !is_relay(plan.hosts[fault.host])) continue;
    for (const IpAddress& ip : plan.hosts[fault.host].info.addresses) {
      relays_.emplace_back(ip, fault.host);
    }
  }
  if (relays_.empty()) return;
  std::vector<std::string> names;
  for (const HostSpec& spec : plan.scenario.hosts) {
    const std::vector<std::string> alone{spec.name};
    for (const std::string& name : spec.groups.empty() ? alone : spec.groups) {
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
  }
  for (const std::string& name : names) {
    Group group{name, plan.hosts_named(name)};
    if (group.hosts.size() >= Herd::least_clients) groups_.push_back(std::move(group));
  }
}

HostIndex HerdWatch::relay_at(const IpAddress& ip) const {
  for (const auto& [address, relay] : relays_) {
    if (address == ip) return relay;
  }
  return no_index;
}

void HerdWatch::see(const Step& step, const World& world) {
  if (groups_.empty()) return;
  if (step.kind == StepKind::fault && step.fault != no_index && step.fault_begins) {
    const FaultPlan& fault = world.plan().faults[step.fault];
    if (is_reboot(fault)) goes_down(fault.host);
  }
  if (step.host == no_index) return;
  if (step.kind == StepKind::start && step.touched) {
    is_back(step.host, step.time);
    candidates_[step.host].clear();
  }
  if (step.kind == StepKind::delivery && step.touched) see_arrival(step, world);
  // What a client sends because it has an allocation is not for it.
  if (!step.notices.empty()) see_notices(step);
  if (!step.sent.empty()) see_sent(step, world);
}

/// Who had an allocation from it is about to lose it.
void HerdWatch::goes_down(HostIndex relay) {
  const auto is_its = [&](const Herd& herd) { return herd.relay == relay; };
  if (std::ranges::any_of(down_, is_its)) return;
  std::erase_if(active_, [&](const Active& active) { return is_its(herds_[active.herd]); });
  for (const Group& group : groups_) {
    Herd herd{.relay = relay, .group = group.name};
    for (const HostIndex host : group.hosts) {
      if (std::ranges::find(candidates_[host], relay, &Candidate::relay) ==
          candidates_[host].end()) {
        continue;
      }
      herd.hosts.push_back(host);
    }
    if (herd.hosts.size() < Herd::least_clients) continue;
    herd.clients.resize(herd.hosts.size());
    herd.missing = herd.hosts.size();
    down_.push_back(std::move(herd));
  }
}

void HerdWatch::is_back(HostIndex relay, Instant now) {
  for (Herd& herd : down_) {
    if (herd.relay != relay) continue;
    herd.restarted_at = now;
    active_.push_back({.herd = herds_.size(), .arrivals = {}});
    herds_.push_back(std::move(herd));
  }
  std::erase_if(down_, [&](const Herd& herd) { return herd.relay == relay; });
}

void HerdWatch::see_arrival(const Step& step, const World& world) {
  for (Active& active : active_) {
    Herd& herd = herds_[active.herd];
    if (step.host != herd.relay || step.sender == no_index) continue;
    if (!index_of(herd.hosts, step.sender)) continue;
    if (!is_request(kind_of(world, step.sender, step))) continue;
    active.arrivals.push_back(step.time);
    while (active.arrivals.front() + Herd::busy_window <= step.time) active.arrivals.pop_front();
    if (active.arrivals.size() <= herd.most_requests) continue;
    herd.most_requests = active.arrivals.size();
    herd.busiest_from = active.arrivals.front();
  }
}

void HerdWatch::see_sent(const Step& step, const World& world) {
  for (const Active& active : active_) {
    Herd& herd = herds_[active.herd];
    const auto index = index_of(herd.hosts, step.host);
    if (!index || herd.clients[*index].recovered) continue;
    const AnyMachine& machine = world.machine(step.host);
    for (const SentRecord& sent : step.sent) {
      const auto kind = sent.has_id ? sent.id.kind : machine.label(step.payload(sent)).kind;
      if (is_request(machine.kind_name(kind))) ++herd.clients[*index].requests;
    }
  }
}

void HerdWatch::see_notices(const Step& step) {
  std::vector<Candidate>& candidates = candidates_[step.host];
  for (const Notice& notice : step.notices) {
    if (notice.kind == Notice::Kind::candidate_added) {
      candidates.push_back({notice.local, relay_at(notice.local.ip)});
      recovered(step.host, step.time);
    } else if (notice.kind == Notice::Kind::candidate_removed) {
      std::erase_if(candidates, [&](const Candidate& c) { return c.relayed == notice.local; });
    }
  }
}

void HerdWatch::recovered(HostIndex host, Instant now) {
  // One that found another relay meanwhile waits for this one no longer.
  for (Herd& herd : down_) {
    const auto index = index_of(herd.hosts, host);
    if (!index || herd.clients[*index].recovered) continue;
    herd.clients[*index].recovered = Duration{};
    --herd.missing;
  }
  for (const Active& active : active_) {
    Herd& herd = herds_[active.herd];
    const auto index = index_of(herd.hosts, host);
    if (!index || herd.clients[*index].recovered) continue;
    herd.clients[*index].recovered = now - herd.restarted_at;
    --herd.missing;
  }
  std::erase_if(active_, [&](const Active& active) { return herds_[active.herd].missing == 0; });
}

}  // namespace tickover::sim
