#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/scenario/nearest.h"
#include "sim/scenario/parts.h"

namespace tickover::sim {
namespace {

void read_behaviour(const Fields& fields, std::string_view key, NatBehaviour& target) {
  const std::string word = fields.text(key);
  if (word == "endpoint-independent") target = NatBehaviour::endpoint_independent;
  if (word == "address") target = NatBehaviour::address;
  if (word == "address-and-port") target = NatBehaviour::address_and_port;
}

void read_translation(const Fields& fields, NatSpec& nat, Problems& problems) {
  const std::string ports = fields.text("ports");
  if (ports == "preserve") nat.ports = PortChoice::preserve;
  if (ports == "overload") nat.ports = PortChoice::overload;
  fields.read("port-parity", nat.keeps_parity);
  fields.read("port-range", nat.port_range);
  nat.port_block = fields.get<Range<std::int64_t>>("port-block").value_or(0).low;
  nat.is_paired = fields.text("pooling") != "arbitrary";
  fields.read("translate", nat.translates);
  if (fields.has("nat64")) {
    nat.nat64 = Nat64Prefix::parse(fields.text("nat64"));
    if (!nat.nat64) {
      problems.error(fields.place("nat64"),
                     "`nat64` must be an IPv6 prefix of 32, 40, 48, 56, 64 or 96 bits (RFC 6052), "
                     "such as \"64:ff9b::/96\"");
    }
  }
  if (nat.port_block > nat.port_range.high - nat.port_range.low + 1) {
    problems.error(fields.place("port-block"), "`port-block`: a block is larger than `port-range`");
  }
  if (nat.translates) return;
  for (const char* key : {"ports", "port-parity", "port-range", "port-block", "pooling", "nat64"}) {
    if (!fields.has(key)) continue;
    problems.error(fields.place(key),
                   fmt::format("`{}` has no effect where nothing is translated", key));
  }
}

NatSpec read_nat(const Fields& fields, Reading& reading) {
  NatSpec nat;
  nat.place = fields.place();
  nat.name = fields.text("name");
  nat.addresses = read_addresses(fields);
  nat.behind = read_name(fields, "behind", Names::Accept::nat, reading);
  read_behaviour(fields, "mapping", nat.mapping);
  read_behaviour(fields, "filtering", nat.filtering);
  fields.read("timeout", nat.timeout);
  fields.read("filter-timeout", nat.filter_timeout);
  fields.read("unreplied-timeout", nat.unreplied_timeout);
  fields.read("hairpinning", nat.hairpinning);
  nat.hairpins_inside = fields.text("hairpinning") == "inside";
  fields.read("inbound-refresh", nat.inbound_refresh);
  fields.read("outbound-refresh", nat.outbound_refresh);
  read_translation(fields, nat, reading.problems);
  return nat;
}

DriverSpec read_driver(const Fields& host, Problems& problems) {
  DriverSpec driver;
  const TomlNode* node = host.node("driver");
  if (!node || node->kind != TomlNode::Kind::table) return driver;  // "lazy", the default
  const Fields fields(*node, driver_keys(), "a driver", problems);
  if (fields.has("ticking") == fields.has("oversleeping")) {
    problems.error(fields.place(), "a driver is either `ticking` or `oversleeping`");
  }
  driver.kind = fields.has("ticking") ? DriverKind::ticking : DriverKind::oversleeping;
  fields.read("ticking", driver.every);
  fields.read("oversleeping", driver.every);
  return driver;
}

ClockSpec read_clock(const Fields& host, Problems& problems) {
  ClockSpec clock;
  const TomlNode* node = host.node("clock");
  if (!node) return clock;
  const Fields fields(*node, clock_keys(), "a clock", problems);
  fields.read("offset", clock.offset);
  fields.read("wall-offset", clock.wall_offset);
  clock.drift_ppm = fields.get<Range<std::int64_t>>("drift-ppm").value_or(0).low;
  return clock;
}

/// Settings of type host must name one; nested tables are searched too.
void check_named_hosts(const Settings& settings, const Keys& keys, Reading& reading) {
  for (const Setting& setting : settings.entries) {
    const KeySpec* key = find_key(keys, setting.key);
    if (!key) continue;
    if (const auto* nested = std::get_if<Settings>(&setting.value)) {
      check_named_hosts(*nested, key->children, reading);
    } else if (const auto* name = std::get_if<std::string>(&setting.value)) {
      const bool is_name =
          key->type == ValueType::host &&
          std::find(key->choices.begin(), key->choices.end(), *name) == key->choices.end();
      if (is_name) {
        reading.names.expect(*name, Names::Accept::one_host, setting.place, reading.problems);
      }
    }
  }
}

/// The keys of a host of each role: the common ones and the role's own.
class HostKeys {
 public:
  explicit HostKeys(const RoleRegistry& registry) : registry_(registry) {}

  const Keys& of(const Role* role) {
    if (!role) return host_keys();
    auto [at, added] = keys_.try_emplace(role->name, host_keys());
    if (added) at->second.insert(at->second.end(), role->keys.begin(), role->keys.end());
    return at->second;
  }
  /// Whose key it is, if not this role's.
  std::string whose(std::string_view key) const {
    for (const std::string& name : registry_.names()) {
      if (find_key(registry_.find(name)->keys, key)) {
        return fmt::format("it is a key of role \"{}\"", name);
      }
    }
    return whose_key(key);
  }
  const Role* find(const TomlNode& host, Problems& problems) const {
    const TomlEntry* entry = host.find("role");
    if (!entry || entry->value.kind != TomlNode::Kind::text) return nullptr;
    const std::string& name = entry->value.text;
    if (const Role* role = registry_.find(name)) return role;
    const std::vector<std::string> known = registry_.names();
    problems.error(entry->value.place,
                   fmt::format("there is no role {}; there are {}", quoted(name), listed(known)),
                   nearest(name, known));
    return nullptr;
  }

 private:
  const RoleRegistry& registry_;
  std::map<std::string, Keys, std::less<>> keys_;
};

HostSpec read_host(const TomlNode& table, HostKeys& all_keys, Reading& reading) {
  const Role* role = all_keys.find(table, reading.problems);
  const Keys& keys = all_keys.of(role);
  // Without a role nobody knows which other keys are right.
  const auto unknown = role ? Fields::Unknown::refuse : Fields::Unknown::allow;
  const std::string noun = role ? fmt::format("a host of role \"{}\"", role->name) : "a host";
  const Fields fields(table, keys, noun, reading.problems, unknown,
                      [&](std::string_view key) { return all_keys.whose(key); });
  HostSpec host;
  host.place = table.place;
  host.name = fields.text("name");
  host.role = fields.text("role");
  host.addresses = read_addresses(fields);
  host.count = fields.get<Range<std::int64_t>>("count").value_or(1).low;
  fields.read("group", host.groups);
  if (const TomlNode* nat = fields.node("nat"); nat && nat->kind == TomlNode::Kind::table) {
    host.nat = read_nat(Fields(*nat, nat_shorthand_keys(), "a NAT", reading.problems), reading);
  } else {
    host.behind = read_name(fields, "nat", Names::Accept::nat, reading);
  }
  host.driver = read_driver(fields, reading.problems);
  host.clock = read_clock(fields, reading.problems);
  fields.read("start", host.start);
  if (role) {
    host.settings = fields.settings(role->keys);
    check_named_hosts(host.settings, role->keys, reading);
  }
  return host;
}

void add_name(const TomlNode& table, Names::Kind kind, Reading& reading) {
  if (table.kind != TomlNode::Kind::table) return;
  const TomlEntry* name = table.find("name");
  if (!name || name->value.kind != TomlNode::Kind::text) return;
  std::int64_t count = 1;
  const TomlEntry* counted = table.find("count");
  if (kind == Names::Kind::host && counted && counted->value.kind == TomlNode::Kind::integer) {
    count = std::min(counted->value.integer, most_group_members);
    if (count > 1) kind = Names::Kind::group;
  }
  reading.names.add(name->value.text, kind, count, name->value.place, reading.problems);
}

void join_groups(const TomlNode& table, Reading& reading) {
  const TomlEntry* groups = table.find("group");
  if (!groups) return;
  const auto join = [&](const TomlNode& name) {
    if (name.kind != TomlNode::Kind::text) return;
    reading.names.join(name.text, name.place, reading.problems);
  };
  join(groups->value);
  for (const TomlNode& item : groups->value.items) join(item);
}

/// A NAT that is behind itself has no outside.
void check_nat_cycles(const std::vector<NatSpec>& nats, Problems& problems) {
  struct Step {
    const NatSpec* nat;
    std::size_t walk = 0;  // which walk came by first; 0: none
  };
  std::map<std::string_view, Step> steps;
  for (const NatSpec& nat : nats) steps.try_emplace(nat.name, Step{&nat});
  auto next = [&steps](const NatSpec& nat) -> Step* {
    const auto found = nat.behind.empty() ? steps.end() : steps.find(nat.behind);
    return found == steps.end() ? nullptr : &found->second;
  };
  std::size_t walk = 0;
  for (const NatSpec& nat : nats) {
    ++walk;
    Step* step = &steps.at(nat.name);
    for (; step && step->walk == 0; step = next(*step->nat)) step->walk = walk;
    if (!step || step->walk != walk) continue;  // it leads outside, or where a walk was before
    const NatSpec* first = step->nat;
    do {
      problems.error(step->nat->place,
                     fmt::format("the NAT {} is behind itself", quoted(step->nat->name)));
      step = next(*step->nat);
    } while (step->nat != first);
  }
}

}  // namespace

std::vector<IpAddress> read_addresses(const Fields& fields) {
  std::vector<IpAddress> addresses;
  for (const std::string& text :
       fields.get<std::vector<std::string>>("address").value_or(std::vector<std::string>{})) {
    if (const auto address = IpAddress::parse(text)) addresses.push_back(*address);
  }
  return addresses;
}

void read_names(const Fields& top, Reading& reading) {
  if (const TomlNode* hosts = top.node("host")) {
    for (const TomlNode& host : hosts->items) add_name(host, Names::Kind::host, reading);
    for (const TomlNode& host : hosts->items) join_groups(host, reading);
  }
  if (const TomlNode* nats = top.node("nat")) {
    for (const TomlNode& nat : nats->items) add_name(nat, Names::Kind::nat, reading);
  }
}

void read_hosts(const Fields& top, Scenario& scenario, Reading& reading) {
  HostKeys keys(reading.registry);
  if (const TomlNode* hosts = top.node("host")) {
    for (const TomlNode& host : hosts->items) {
      scenario.hosts.push_back(read_host(host, keys, reading));
    }
  }
  if (const TomlNode* nats = top.node("nat")) {
    for (const TomlNode& nat : nats->items) {
      const Fields fields(nat, nat_keys(), "a NAT", reading.problems);
      scenario.nats.push_back(read_nat(fields, reading));
    }
    check_nat_cycles(scenario.nats, reading.problems);
  }
}

}  // namespace tickover::sim
