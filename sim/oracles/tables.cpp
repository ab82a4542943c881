#include "sim/oracles/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "sim/oracles/turn_plan.h"
#include "sim/oracles/words.h"
#include "sim/world/world.h"

namespace tickover::sim {
namespace {

/// Looked at one after the other; later ones are a sample.
constexpr std::uint64_t first_looks = 16;
constexpr std::uint64_t longest_wait = 31;
/// More wake-ups than a relay needs until its last entry has expired.
constexpr int most_wake_ups = 1'000'000;

std::optional<RelayProbe> look(const World& world, HostIndex host) {
  const auto& probe = world.plan().hosts[host].role->probe;
  return probe && world.is_up(host) ? probe(world.machine(host)) : std::nullopt;
}

bool has_expired(Instant expiry, Instant now) {
  return expiry <= now;
}

/// The machine as it is when it has been left alone until it waits for nothing. What it would send
/// meanwhile is of no interest.
void run_out(AnyMachine& machine, Instant now) {
  std::vector<std::uint8_t> buffer(max_datagram_size);
  for (int i = 0; i < most_wake_ups; ++i) {
    while (machine.poll_transmit(buffer)) {
    }
    while (machine.poll_event()) {
    }
    const auto deadline = machine.poll_timeout();
    if (!deadline || deadline->at == Instant::never()) return;
    now = std::max(now, deadline->at);
    machine.handle_timeout(now);
  }
}

}  // namespace

bool ProbeSchedule::is_due(const Step& step) {
  // Who only passes data on says nothing and opens nothing.
  if (step.notices.empty() && step.sockets.empty()) return false;
  if (wait_ == 0) return true;
  --wait_;
  return false;
}

void ProbeSchedule::looked(const RelayProbe& probe) {
  ++looks_;
  most_ = std::max(most_, probe.allocation_count);
  // Few entries are looked through in no time; of many, each look pays for as many steps. A slot
  // that is free again is sought among all that are.
  if (most_ > 4) wait_ = most_ + most_ * most_ / 1024;
  wait_ += std::min(looks_ / first_looks, longest_wait);
}

RelayIndexes::RelayIndexes(const Plan& plan) {
  for (const HostPlan& host : plan.hosts) {
    relays_.emplace_back().shows = is_relay(host) && host.role->probe != nullptr;
  }
}

bool RelayIndexes::applies(const Plan& plan) {
  return std::ranges::any_of(plan.hosts, [](const HostPlan& host) {
    return is_relay(host) && host.role->probe != nullptr;
  });
}

void RelayIndexes::observe(const Step& step, const World& world) {
  if (const auto addresses = addresses_after(step, world)) {
    std::erase_if(relays_[world.plan().faults[step.fault].host].open, [&](const Endpoint& socket) {
      return std::ranges::find(*addresses, socket.ip) == addresses->end();
    });
  }
  if (!step.touched || step.host == no_index || !relays_[step.host].shows) return;
  Relay& relay = relays_[step.host];
  if (step.kind == StepKind::start) {
    relay.schedule.restart();
    relay.open.clear();
    relay.unanswered = 0;
  }
  note_sockets(step, world, relay);
  if (!relay.schedule.is_due(step)) return;
  const auto probe = look(world, step.host);
  if (!probe) return;
  relay.schedule.looked(*probe);
  judged();
  std::string wrong = disorder_in(*probe, relay, step.host_now);
  if (wrong.empty()) {
    wrong = contradiction(*probe, models_.of(world, step.host), step.host_now);
  }
  if (!wrong.empty()) broken(step, name_of(world.plan(), step.host) + " " + wrong);
}

void RelayIndexes::note_sockets(const Step& step, const World& world, Relay& relay) const {
  if (step.kind == StepKind::socket && relay.unanswered > 0) --relay.unanswered;
  const std::uint16_t listening = world.plan().hosts[step.host].role->port;
  for (const SocketRecord& socket : step.sockets) {
    if (socket.open) ++relay.unanswered;
    if (socket.local.port == listening) continue;
    const auto at = std::ranges::lower_bound(relay.open, socket.local);
    if (socket.open) {
      relay.open.insert(at, socket.local);
    } else if (at != relay.open.end() && *at == socket.local) {
      relay.open.erase(at);
    }
  }
}

std::string RelayIndexes::disorder_in(const RelayProbe& probe, const Relay& relay, Instant now) {
  if (!probe.is_consistent) return "finds its own tables out of order";
  std::set<std::pair<Endpoint, Endpoint>> tuples;
  for (const RelayProbe::Allocation& a : probe.allocations) tuples.emplace(a.client, a.server);
  if (tuples.size() > probe.allocation_count) return "counts too few allocations";
  if (probe.ports_in_use < relay.open.size()) {
    return fmt::format("has {} relay sockets open and {} ports in use", relay.open.size(),
                       probe.ports_in_use);
  }
  const bool keeps_ports = probe.ports_in_use > probe.reserved_ports || !relay.open.empty();
  if (probe.allocation_count == 0 && keeps_ports) {
    return fmt::format("has no allocation but {} ports in use and {} relay sockets open",
                       probe.ports_in_use, relay.open.size());
  }
  std::vector<Endpoint> relayed;
  for (const RelayProbe::Allocation& allocation : probe.allocations) {
    relayed.push_back(allocation.relayed);
    if (!std::ranges::binary_search(relay.open, allocation.relayed)) {
      return fmt::format("has an allocation at {}, but no socket there", allocation.relayed.text());
    }
    for (std::size_t i = 0; i < allocation.channels.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        const auto& a = allocation.channels[i];
        const auto& b = allocation.channels[k];
        if (a.number != b.number && a.peer != b.peer) continue;
        if (has_expired(a.expiry, now) || has_expired(b.expiry, now)) continue;
        return fmt::format("has two channels for {} or for 0x{:04x}", a.peer.text(), a.number);
      }
    }
  }
  std::ranges::sort(relayed);
  if (std::ranges::adjacent_find(relayed) != relayed.end()) {
    return "has one relayed address twice";
  }
  return {};
}

std::string RelayIndexes::contradiction(const RelayProbe& probe, const RelayModel& model,
                                        Instant now) {
  for (const RelayProbe::Allocation& shown : probe.allocations) {
    if (has_expired(shown.expiry, now)) continue;
    const RelayModel::Allocation* known = model.find(shown.client, shown.server);
    if (known != nullptr && known->unclear) continue;
    if (known == nullptr || !known->has(shown.relayed) || known->span.is_dead(now)) {
      return fmt::format(
          "keeps an allocation for {} that it has granted to nobody, or that is over",
          shown.client.text());
    }
    const std::string wrong = contradiction(shown, *known, now);
    if (!wrong.empty()) return wrong;
  }
  std::vector<std::tuple<Endpoint, Endpoint, Endpoint>> shown;
  for (const RelayProbe::Allocation& a : probe.allocations) {
    shown.emplace_back(a.client, a.server, a.relayed);
  }
  std::ranges::sort(shown);
  for (const RelayModel::Allocation& known : model.allocations()) {
    if (known.unclear || !known.span.is_alive(now)) continue;
    const auto is_shown = [&](const Endpoint& relayed) {
      return std::ranges::binary_search(shown, std::tuple(known.client, known.server, relayed));
    };
    if (!is_shown(known.relayed) || (known.second && !is_shown(*known.second))) {
      return fmt::format("has forgotten the allocation of {} before its end", known.client.text());
    }
  }
  return {};
}

std::string RelayIndexes::contradiction(const RelayProbe::Allocation& shown,
                                        const RelayModel::Allocation& known, Instant now) {
  const auto agree = [](Instant expiry, const RelayModel::Span& span) {
    return span.surely <= expiry && expiry <= span.at_most;
  };
  const auto whose = [&] { return shown.client.text(); };
  if (!agree(shown.expiry, known.span)) {
    return fmt::format("lets the allocation of {} end at {}, not at {}", whose(),
                       time_text(shown.expiry), time_text(known.span.at_most));
  }
  for (const auto& permission : shown.permissions) {
    if (has_expired(permission.expiry, now)) continue;
    const auto* granted = known.permission(permission.ip);
    if (granted == nullptr || !agree(permission.expiry, granted->span)) {
      return fmt::format("lets {} through to {} until {}, which it has not granted",
                         permission.ip.text(), whose(), time_text(permission.expiry));
    }
  }
  for (const auto& channel : shown.channels) {
    if (has_expired(channel.expiry, now)) continue;
    const auto* granted = known.channel(channel.number);
    if (granted == nullptr || granted->peer != channel.peer ||
        !agree(channel.expiry, granted->span)) {
      return fmt::format("binds 0x{:04x} to {} for {} until {}, which it has not granted",
                         channel.number, channel.peer.text(), whose(), time_text(channel.expiry));
    }
  }
  // Of two relayed addresses, each has the peers of its family.
  const auto is_here = [&](const auto& granted, AddressFamily family) {
    return granted.span.is_alive(now) && known.towards(family) != nullptr &&
           *known.towards(family) == shown.relayed;
  };
  for (const auto& granted : known.permissions) {
    if (is_here(granted, granted.ip.family()) &&
        std::ranges::find(shown.permissions, granted.ip, &RelayProbe::Permission::ip) ==
            shown.permissions.end()) {
      return fmt::format("has forgotten the permission of {} for {} before its end", whose(),
                         granted.ip.text());
    }
  }
  for (const auto& granted : known.channels) {
    if (is_here(granted, granted.peer.family()) &&
        std::ranges::find(shown.channels, granted.number, &RelayProbe::Channel::number) ==
            shown.channels.end()) {
      return fmt::format("has forgotten channel 0x{:04x} of {} before its end", granted.number,
                         whose());
    }
  }
  return {};
}

void RelayIndexes::finish(const World& world) {
  for (HostIndex i = 0; i < relays_.size(); ++i) {
    const Relay& relay = relays_[i];
    // What the operating system has still to answer would leave its trace for ever.
    if (!relay.shows || !world.is_up(i) || relay.unanswered > 0 || !look(world, i)) continue;
    judged();
    AnyMachine machine = world.machine(i);
    run_out(machine, world.host_time(i));
    const auto probe = world.plan().hosts[i].role->probe(machine);
    if (probe->is_consistent && probe->allocation_count == 0 && probe->ports_in_use == 0 &&
        probe->allocations.empty()) {
      continue;
    }
    return broken_at_end(
        world, fmt::format("{} still has {} allocations and {} ports in use when it waits for "
                           "nothing any more",
                           name_of(world.plan(), i), probe->allocation_count, probe->ports_in_use));
  }
}

RelayLimits::RelayLimits(const Plan& plan) {
  for (const HostPlan& host : plan.hosts) {
    Relay& relay = relays_.emplace_back();
    relay.shows = is_relay(host) && host.role->probe != nullptr;
    if (!relay.shows) continue;
    const auto limit = [&](std::string_view key, std::int64_t usual) {
      return static_cast<std::size_t>(setting_or(host.settings, key, usual));
    };
    relay.allocations = limit("max-allocations", 16'384);
    relay.per_user = limit("max-allocations-per-user", 1'024);
    relay.permissions = limit("max-permissions", 256);
    relay.channels = limit("max-channels", 256);
  }
}

void RelayLimits::observe(const Step& step, const World& world) {
  if (!step.touched || step.host == no_index || !relays_[step.host].shows) return;
  Relay& relay = relays_[step.host];
  if (step.kind == StepKind::start) relay.schedule.restart();
  if (!relay.schedule.is_due(step)) return;
  const auto probe = look(world, step.host);
  if (!probe) return;
  relay.schedule.looked(*probe);
  judged();
  const std::string wrong = excess_in(*probe, relay);
  if (!wrong.empty()) broken(step, name_of(world.plan(), step.host) + " holds " + wrong);
}

std::string RelayLimits::excess_in(const RelayProbe& probe, const Relay& relay) {
  if (probe.allocation_count > relay.allocations) {
    return fmt::format("{} allocations; the limit is {}", probe.allocation_count,
                       relay.allocations);
  }
  std::map<std::string_view, std::set<std::pair<Endpoint, Endpoint>>> held;
  for (const RelayProbe::Allocation& allocation : probe.allocations) {
    auto& of_user = held[allocation.user];  // two relayed addresses are one allocation
    of_user.emplace(allocation.client, allocation.server);
    if (of_user.size() > relay.per_user) {
      return fmt::format("{} allocations of {}; the limit is {}", of_user.size(), allocation.user,
                         relay.per_user);
    }
    if (allocation.permissions.size() > relay.permissions) {
      return fmt::format("{} permissions for {}; the limit is {}", allocation.permissions.size(),
                         allocation.client.text(), relay.permissions);
    }
    if (allocation.channels.size() > relay.channels) {
      return fmt::format("{} channels for {}; the limit is {}", allocation.channels.size(),
                         allocation.client.text(), relay.channels);
    }
  }
  return {};
}

}  // namespace tickover::sim
