#include "sim/world/plan_builder.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "core/random.h"
#include "sim/scenario/keys.h"
#include "sim/world/recovery.h"

namespace tickover::sim {
namespace {

/// Of who writes no address.
constexpr IpAddress first_public = IpAddress::v4({198, 18, 0, 1});
constexpr IpAddress first_private = IpAddress::v4({10, 0, 0, 2});

}  // namespace

PlanBuilder::PlanBuilder(Scenario scenario, std::uint64_t seed, const RoleRegistry& registry)
    : plan_(std::make_shared<Plan>()), registry_(registry) {
  plan_->scenario = std::move(scenario);
  plan_->seed = seed;
}

std::expected<std::shared_ptr<const Plan>, PlanError> PlanBuilder::build() {
  plan_->duration = draw(plan_->scenario.duration, word("duration"));
  add_nats();
  for (const HostSpec& spec : plan_->scenario.hosts) add_host_group(spec);
  if (plan_->hosts.empty()) fail({}, "a scenario needs at least one [[host]]");
  if (!error_) add_nodes_and_owners();
  if (!error_) add_names_behind_nat64();
  if (!error_) check_roles();
  if (!error_) add_links();
  if (!error_) add_eavesdroppers();
  if (!error_) add_flows();
  if (!error_) add_faults();
  if (!error_) add_heal();
  if (error_) return std::unexpected(*error_);
  return std::shared_ptr<const Plan>(std::move(plan_));
}

void PlanBuilder::add_nats() {
  for (const NatSpec& spec : plan_->scenario.nats) {
    if (std::ranges::find(plan_->nats, spec.name, &NatPlan::name) != plan_->nats.end()) {
      fail(spec.place, "two NATs are called \"" + spec.name + "\"");
    }
    add_nat(spec, spec.name);
  }
  for (std::size_t i = 0; i < plan_->nats.size(); ++i) {
    const NatSpec& spec = plan_->scenario.nats[i];
    plan_->nats[i].behind = nat_called(spec.behind, "NAT \"" + spec.name + "\"", spec.place);
  }
  for (const NatPlan& nat : plan_->nats) {
    std::size_t depth = 0;
    for (auto outer = nat.behind; outer; outer = plan_->nats[*outer].behind) {
      if (++depth > plan_->nats.size()) {
        fail({}, "NAT \"" + nat.name + "\" is behind itself");
        return;
      }
    }
  }
}

std::optional<std::uint32_t> PlanBuilder::nat_called(const std::string& name,
                                                     const std::string& whose, Place place) {
  if (name.empty()) return {};
  for (std::uint32_t i = 0; i < plan_->scenario.nats.size(); ++i) {
    if (plan_->nats[i].name == name) return i;
  }
  fail(place, whose + " is behind \"" + name + "\", which is not a [[nat]]");
  return {};
}

std::uint32_t PlanBuilder::add_nat(const NatSpec& spec, const std::string& name) {
  NatPlan nat;
  nat.name = name;
  nat.key = hash_text("nat " + name);
  nat.addresses = spec.addresses;
  if (nat.addresses.empty()) {
    nat.addresses = {given_address(first_public, next_public_, spec.behind)};
  }
  nat.mapping = spec.mapping;
  nat.filtering = spec.filtering;
  nat.timeout = draw(spec.timeout, word("nat " + name + ".timeout"));
  nat.hairpinning = spec.hairpinning;
  nat.inbound_refresh = spec.inbound_refresh;
  const auto timer = [&](const std::optional<Range<Duration>>& range, const char* key) {
    return range ? std::optional(draw(*range, word("nat " + name + key))) : std::nullopt;
  };
  nat.filter_timeout = timer(spec.filter_timeout, ".filter-timeout");
  nat.unreplied_timeout = timer(spec.unreplied_timeout, ".unreplied-timeout");
  nat.outbound_refresh = spec.outbound_refresh;
  nat.hairpins_inside = spec.hairpins_inside;
  nat.is_paired = spec.is_paired;
  nat.keeps_parity = spec.keeps_parity;
  nat.ports = spec.ports;
  nat.first_port = static_cast<std::uint16_t>(spec.port_range.low);
  nat.last_port = static_cast<std::uint16_t>(spec.port_range.high);
  nat.port_block = static_cast<std::uint32_t>(spec.port_block);
  nat.translates = spec.translates;
  nat.nat64 = spec.nat64;
  const auto is_v4 = [](const IpAddress& ip) { return ip.family() == AddressFamily::ipv4; };
  if (nat.nat64 && std::ranges::none_of(nat.addresses, is_v4)) {
    fail(spec.place, "NAT \"" + name + "\" is a NAT64 without an IPv4 address outside");
  }
  plan_->nats.push_back(std::move(nat));
  return static_cast<std::uint32_t>(plan_->nats.size() - 1);
}

void PlanBuilder::add_host_group(const HostSpec& spec) {
  if (spec.count < 1 || spec.count > most_group_members) {
    fail(spec.place, "count must be 1.." + std::to_string(most_group_members));
    return;
  }
  for (std::int64_t member = 1; member <= spec.count && !error_; ++member) add_host(spec, member);
}

void PlanBuilder::add_host(const HostSpec& spec, std::int64_t member) {
  HostPlan host;
  host.group = spec.name;
  host.info.name = spec.count == 1 ? spec.name : spec.name + "-" + std::to_string(member);
  const std::string path = "host " + host.info.name;
  if (plan_->host_named(host.info.name)) {
    fail(spec.place, "two hosts are called \"" + host.info.name + "\"");
    return;
  }
  host.info.role = spec.role;
  host.info.addresses = addresses_for(spec, member);
  host.role = registry_.find(spec.role);
  if (host.role == nullptr) {
    fail(spec.place, "host \"" + spec.name + "\" has the unknown role \"" + spec.role + "\"");
    return;
  }
  if (std::ranges::find(plan_->scenario.nats, spec.name, &NatSpec::name) !=
      plan_->scenario.nats.end()) {
    fail(spec.place, "a host and a NAT are both called \"" + spec.name + "\"");
    return;
  }
  if (spec.driver.every.low < Duration{} ||
      (spec.driver.kind == DriverKind::ticking && spec.driver.every.low == Duration{})) {
    fail(spec.place, "the driver of host \"" + spec.name + "\" needs a period above zero");
    return;
  }
  if (std::abs(spec.clock.drift_ppm) > most_drift_ppm) {
    fail(spec.place, "the clock of host \"" + spec.name + "\" drifts by more than " +
                         std::to_string(most_drift_ppm) + " ppm");
    return;
  }
  host.settings = drawn(spec.settings, path);
  host.driver = spec.driver.kind;
  host.driver_every = draw(spec.driver.every, word(path + ".driver"));
  host.clock =
      HostClock(draw(spec.clock.offset, word(path + ".clock.offset")), spec.clock.drift_ppm,
                draw(spec.clock.wall_offset, word(path + ".clock.wall-offset")));
  host.start = draw(spec.start, word(path + ".start"));
  host.key = hash_text(path);
  if (spec.nat) {
    host.behind = add_nat(*spec.nat, host.info.name);
    plan_->nats[*host.behind].behind =
        nat_called(spec.nat->behind, "the NAT of host \"" + spec.name + "\"", spec.place);
  } else {
    host.behind = nat_called(spec.behind, "host \"" + spec.name + "\"", spec.place);
  }
  const auto index = static_cast<HostIndex>(plan_->hosts.size());
  plan_->by_name_[host.info.name].push_back(index);
  if (host.group != host.info.name) plan_->by_name_[host.group].push_back(index);
  for (const std::string& group : spec.groups) {
    std::vector<HostIndex>& members = plan_->by_name_[group];
    if (members.empty() || members.back() != index) members.push_back(index);
  }
  plan_->infos.push_back(host.info);
  plan_->hosts.push_back(std::move(host));
}

std::vector<IpAddress> PlanBuilder::addresses_for(const HostSpec& spec, std::int64_t member) {
  if (!spec.addresses.empty()) {
    std::vector<IpAddress> result;
    for (const IpAddress& ip : spec.addresses) {
      result.push_back(ip.plus(static_cast<std::uint32_t>(member - 1)));
    }
    return result;
  }
  if (spec.nat) return {first_private.plus(next_private_++)};
  const bool is_public = spec.behind.empty();
  return {given_address(is_public ? first_public : first_private,
                        is_public ? next_public_ : next_private_, spec.behind)};
}

IpAddress PlanBuilder::given_address(const IpAddress& first, std::uint32_t& next,
                                     const std::string& behind) const {
  const auto is_written = [&](const IpAddress& ip) {
    const auto has = [&](const std::vector<IpAddress>& addresses, std::int64_t count) {
      return std::ranges::any_of(addresses, [&](const IpAddress& from) {
        return from <= ip && ip <= from.plus(static_cast<std::uint32_t>(count - 1));
      });
    };
    const auto host_has = [&](const HostSpec& host) {
      if (host.nat) return host.nat->behind == behind && has(host.nat->addresses, 1);
      return host.behind == behind && has(host.addresses, host.count);
    };
    const auto nat_has = [&](const NatSpec& nat) {
      return nat.behind == behind && has(nat.addresses, 1);
    };
    return std::ranges::any_of(plan_->scenario.hosts, host_has) ||
           std::ranges::any_of(plan_->scenario.nats, nat_has);
  };
  IpAddress given = first.plus(next++);
  while (is_written(given)) given = first.plus(next++);
  return given;
}

void PlanBuilder::add_nodes_and_owners() {
  for (HostIndex i = 0; i < plan_->hosts.size(); ++i) {
    const HostPlan& host = plan_->hosts[i];
    plan_->nodes.push_back({false, i, host.behind, host.info.name});
  }
  for (std::uint32_t i = 0; i < plan_->nats.size(); ++i) {
    const NatPlan& nat = plan_->nats[i];
    plan_->nodes.push_back({true, i, nat.behind, nat.name});
  }
  for (HostIndex i = 0; i < plan_->hosts.size(); ++i) {
    for (const IpAddress& ip : plan_->hosts[i].info.addresses) {
      own_outwards(plan_->hosts[i].behind, ip, plan_->node_of_host(i));
    }
  }
  for (std::uint32_t i = 0; i < plan_->nats.size(); ++i) {
    for (const IpAddress& ip : plan_->nats[i].addresses) {
      own(plan_->nats[i].behind, ip, plan_->node_of_nat(i));
    }
  }
}

void PlanBuilder::own(std::optional<std::uint32_t> realm, const IpAddress& ip, NodeIndex node) {
  const auto other = plan_->owner(realm, ip);
  if (!other) return plan_->by_address_.insert({realm.value_or(no_index), ip}, node);
  if (*other == node) return;
  fail({}, "\"" + plan_->nodes[*other].name + "\" and \"" + plan_->nodes[node].name +
               "\" both have the address " + ip.text());
}

void PlanBuilder::own_outwards(std::optional<std::uint32_t> realm, const IpAddress& ip,
                               NodeIndex node) {
  own(realm, ip, node);
  for (auto nat = realm; nat && plan_->nats[*nat].passes(ip.family());
       nat = plan_->nats[*nat].behind) {
    own(plan_->nats[*nat].behind, ip, plan_->node_of_nat(*nat));
  }
}

void PlanBuilder::check_roles() {
  for (HostIndex i = 0; i < plan_->hosts.size(); ++i) {
    const HostPlan& host = plan_->hosts[i];
    if (!host.role->problem) continue;
    const auto problem = host.role->problem(plan_->context(i, 0, Instant{}));
    if (!problem) continue;
    const auto spec = std::ranges::find(plan_->scenario.hosts, host.group, &HostSpec::name);
    fail(spec->place, "host \"" + host.info.name + "\": " + *problem);
    return;
  }
}

Settings PlanBuilder::drawn(const Settings& written, const std::string& path) const {
  Settings result = written;
  for (Setting& setting : result.entries) {
    const std::string key = path + "." + setting.key;
    if (auto* d = std::get_if<Range<Duration>>(&setting.value)) *d = draw(*d, word(key));
    if (auto* i = std::get_if<Range<std::int64_t>>(&setting.value)) *i = draw(*i, word(key));
    if (auto* r = std::get_if<Range<Ratio>>(&setting.value)) *r = draw(*r, word(key));
    if (auto* table = std::get_if<Settings>(&setting.value)) *table = drawn(*table, key);
  }
  return result;
}

void PlanBuilder::add_flows() {
  std::map<std::string, int> twins_of;  // two flows between the same hosts differ by number
  for (const TrafficSpec& spec : plan_->scenario.traffic) {
    const auto senders = plan_->hosts_named(spec.from);
    const auto receivers = plan_->hosts_named(spec.to);
    if (senders.empty() || receivers.empty()) {
      fail(spec.place, "no host is called \"" + (senders.empty() ? spec.from : spec.to) + "\"");
      return;
    }
    if (senders.size() == 1 && senders == receivers) {
      fail(spec.place, "traffic from \"" + spec.from + "\" to itself: nothing would be sent");
      return;
    }
    for (const HostIndex from : senders) {
      for (const HostIndex to : receivers) {
        if (from == to) continue;
        std::string path =
            "traffic " + plan_->hosts[from].info.name + ">" + plan_->hosts[to].info.name;
        const int twins = twins_of[path]++;
        if (twins > 0) path += "#" + std::to_string(twins);
        FlowPlan flow;
        flow.from = from;
        flow.to = to;
        flow.every = draw(spec.every, word(path + ".every"));
        const std::int64_t size = draw(spec.size, word(path + ".size"));
        if (flow.every <= Duration{} || size < least_traffic_size || size > most_traffic_size) {
          fail(spec.place, "traffic needs every > 0 and a size of " +
                               std::to_string(least_traffic_size) + ".." +
                               std::to_string(most_traffic_size) + " bytes");
          return;
        }
        flow.size = static_cast<std::uint32_t>(size);
        flow.start = draw(spec.start, word(path + ".start"));
        flow.stop = spec.stop ? draw(*spec.stop, word(path + ".stop")) : Duration::max();
        flow.key = hash_text(path);
        plan_->flows.push_back(flow);
      }
    }
  }
}

void PlanBuilder::add_heal() {
  const ExpectSpec& expect = plan_->scenario.expect;
  plan_->always_from = Instant::at(draw(expect.always_from, word("expect.always-from")));
  if (!expect.heal) return;
  plan_->heal_at = Instant::at(draw(expect.heal->at, word("expect.heal.at")));
  plan_->heal_within = expect.heal->within.value_or(recovery_time(*plan_));
  const Duration needed = plan_->heal_at.since_origin() + plan_->heal_within;
  if (plan_->duration < needed) {
    constexpr std::int64_t second = 1'000'000'000;
    fail(expect.heal->place, "the run is too short to judge the heal: it lasts " +
                                 std::to_string(plan_->duration.count() / second) +
                                 " s and needs " +
                                 std::to_string((needed.count() + second - 1) / second) + " s");
  }
}

std::uint64_t PlanBuilder::word(std::string_view path) const {
  return scramble(mix(plan_->seed, hash_text(path)));
}

void PlanBuilder::fail(Place place, std::string what) {
  if (!error_) error_ = PlanError{place, std::move(what)};
}

}  // namespace tickover::sim
