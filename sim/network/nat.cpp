#include "sim/network/nat.h"

#include <algorithm>
#include <tuple>

#include "core/random.h"

namespace tickover::sim {
namespace {

/// The part of a remote endpoint on which a behaviour depends (RFC 4787, sections 4.1 and 5).
Endpoint relevant_part(NatBehaviour behaviour, const Endpoint& remote) {
  switch (behaviour) {
    case NatBehaviour::endpoint_independent:
      return {};
    case NatBehaviour::address:
      return {remote.ip, 0};
    case NatBehaviour::address_and_port:
      return remote;
  }
  return {};
}

}  // namespace

std::optional<Nat::Outbound> Nat::outbound(const NatPlan& plan, std::uint64_t seed,
                                           const Endpoint& inside, const Endpoint& to,
                                           Instant now) {
  Endpoint remote = to;
  const auto shown = plan.nat64 ? plan.nat64->shown(to.ip) : std::nullopt;
  if (shown) remote.ip = *shown;
  const bool passes = !shown && plan.passes(inside.family());
  // An untranslated address is its own mapping, whomever it talks to.
  const Endpoint towards = passes ? Endpoint{IpAddress::unspecified(inside.family())}
                                  : relevant_part(plan.mapping, remote);
  Mapping* mapping = find_inside(inside, towards);
  if (mapping == nullptr) {
    const auto at = std::lower_bound(
        mappings_.begin(), mappings_.end(), std::tie(inside, towards),
        [](const Mapping& m, const auto& key) { return std::tie(m.inside, m.towards) < key; });
    mapping = &*mappings_.insert(at, Mapping{inside, towards, {}, now, 0, false, {}});
  }
  const bool is_new = mapping->until <= now;
  if (is_new) {
    mapping->contacts.clear();
    mapping->replied = false;
    ++mapping->generation;
    if (passes) {
      mapping->outside = inside;
    } else if (!choose_outside(plan, seed, *mapping, now)) {
      return {};
    }
  }
  if (is_new || plan.outbound_refresh) {
    mapping->until = now + timeout_of(plan, *mapping);
  }
  note_contact(plan, *mapping, remote, now);
  return Outbound{mapping->outside, remote};
}

Nat::Inbound Nat::inbound(const NatPlan& plan, const Endpoint& outside, const Endpoint& remote,
                          Instant now) {
  Mapping* mapping = find_outside(outside, now);
  if (mapping == nullptr) return {Refusal::no_mapping, {}, {}};
  const Endpoint wanted = relevant_part(plan.filtering, remote);
  const bool allowed = std::ranges::any_of(mapping->contacts, [&](const Contact& c) {
    return c.until > now && relevant_part(plan.filtering, c.remote) == wanted;
  });
  if (!allowed) return {Refusal::filtered, {}, {}};
  if (!mapping->replied) note_reply(plan, *mapping, now);
  if (plan.inbound_refresh) {
    mapping->until = now + plan.timeout;
    note_contact(plan, *mapping, remote, now);
  }
  return {Refusal::none, mapping->inside, seen_from(plan, mapping->inside, remote)};
}

Endpoint Nat::seen_from(const NatPlan& plan, const Endpoint& inside, const Endpoint& remote) {
  if (!plan.nat64 || inside.family() == remote.family()) return remote;
  return {plan.nat64->show(remote.ip), remote.port};
}

std::optional<Endpoint> Nat::inside_of(const Endpoint& outside, Instant now) const {
  for (const Mapping& m : mappings_) {
    if (m.outside == outside && m.until > now) return m.inside;
  }
  return {};
}

IcmpError Nat::seen_from(const NatPlan& plan, const Endpoint& inside, const IcmpError& error) {
  IcmpError result = error;
  result.local = inside;
  if (inside.family() == error.local.family()) return result;
  result.remote = seen_from(plan, inside, error.remote);
  constexpr std::uint8_t unreachable = 3;
  constexpr std::uint8_t closed_port = 3;
  constexpr std::uint8_t too_big = 4;
  constexpr std::uint32_t longer_header = 20;
  if (error.type != unreachable) return result;
  if (error.code == too_big) {
    result.type = 2;
    result.code = 0;
    result.data = error.data + longer_header;
  } else {
    result.type = 1;
    result.code = error.code == closed_port ? 4 : 0;
  }
  return result;
}

void Nat::reset() {
  mappings_.clear();
  flapped_.clear();
  ++resets_;
}

void Nat::move(std::vector<IpAddress> addresses) {
  reset();
  moved_to_ = std::move(addresses);
}

void Nat::note_reply(const NatPlan& plan, Mapping& mapping, Instant now) {
  const Duration before = timeout_of(plan, mapping);
  mapping.replied = true;
  // It is idle since the same instant as before, but may be so for longer.
  const Duration more = timeout_of(plan, mapping) - before;
  if (more <= Duration{}) return;
  mapping.until += more;
  if (plan.filter_timeout) return;
  for (Contact& contact : mapping.contacts) {
    if (contact.until > now) contact.until += more;
  }
}

void Nat::flap(Instant now) {
  if (flapped_.empty()) {
    // The dead stay so: their ports may be others' by now, and so may whom they let in.
    flapped_ = std::move(mappings_);
    std::erase_if(flapped_, [&](const Mapping& m) { return m.until <= now; });
    for (Mapping& m : flapped_) {
      std::erase_if(m.contacts, [&](const Contact& c) { return c.until <= now; });
    }
  }
  mappings_.clear();
  ++resets_;
}

void Nat::flap_back(const NatPlan& plan, Instant now) {
  if (flapped_.empty()) return;
  mappings_ = std::move(flapped_);
  flapped_.clear();
  ++resets_;
  for (Mapping& mapping : mappings_) {
    mapping.until = now + timeout_of(plan, mapping);
    const Instant until = plan.filter_timeout ? now + *plan.filter_timeout : mapping.until;
    for (Contact& contact : mapping.contacts) contact.until = until;
  }
}

std::size_t Nat::live_mappings(Instant now) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(mappings_, [&](const Mapping& m) { return m.until > now; }));
}

Nat::Mapping* Nat::find_inside(const Endpoint& inside, const Endpoint& towards) {
  const auto at = std::lower_bound(
      mappings_.begin(), mappings_.end(), std::tie(inside, towards),
      [](const Mapping& m, const auto& key) { return std::tie(m.inside, m.towards) < key; });
  if (at == mappings_.end() || at->inside != inside || at->towards != towards) return nullptr;
  return &*at;
}

Nat::Mapping* Nat::find_outside(const Endpoint& outside, Instant now) {
  for (Mapping& m : mappings_) {
    if (m.outside == outside && m.until > now) return &m;
  }
  return nullptr;
}

bool Nat::choose_outside(const NatPlan& plan, std::uint64_t seed, Mapping& mapping, Instant now) {
  const std::uint64_t nat_key = mix(seed, plan.key);
  const std::uint64_t key =
      mix(mix(nat_key, stable_hash(mapping.inside)),
          mix(stable_hash(mapping.towards), std::uint64_t{resets_} << 32 | mapping.generation));
  const std::uint64_t inside_key = mix(nat_key, stable_hash(mapping.inside.ip));
  const auto ip = choose_address(plan, key, inside_key);
  if (!ip) return false;
  Ports ports{plan.first_port, std::uint32_t{plan.last_port} - plan.first_port + 1};
  if (plan.port_block > 0) ports = block_of(plan, mapping.inside.ip, *ip, inside_key, now);
  const std::uint16_t own = mapping.inside.port;
  const bool fits = own >= ports.first && own < ports.first + ports.count;
  const Endpoint candidate{*ip, own};
  if (plan.ports != PortChoice::random && fits && !was_flapped_from(candidate)) {
    Mapping* other = find_outside(candidate, now);
    if (other != nullptr && plan.ports == PortChoice::overload) other->until = now;
    if (other == nullptr || plan.ports == PortChoice::overload) {
      mapping.outside = candidate;
      return true;
    }
  }
  const std::vector<bool> is_taken = taken_ports(*ip, now);
  const std::uint64_t start = scale_below(scramble(key), ports.count);
  for (std::uint64_t i = 0; i < ports.count; ++i) {
    const auto port = static_cast<std::uint16_t>(ports.first + (start + i) % ports.count);
    if (plan.keeps_parity && port % 2 != own % 2) continue;
    if (!is_taken[port]) {
      mapping.outside = {*ip, port};
      return true;
    }
  }
  return false;
}

std::optional<IpAddress> Nat::choose_address(const NatPlan& plan, std::uint64_t key,
                                             std::uint64_t inside_key) const {
  constexpr std::uint64_t pooling = 1;  // a purpose of its own
  std::vector<IpAddress> pool;
  for (const IpAddress& ip : moved_to_.empty() ? plan.addresses : moved_to_) {
    if (ip.family() == AddressFamily::ipv4) pool.push_back(ip);
  }
  if (pool.empty()) return {};
  const std::uint64_t word = scramble(mix(plan.is_paired ? inside_key : key, pooling));
  return pool[static_cast<std::size_t>(scale_below(word, pool.size()))];
}

/// A block is an inside address's as long as that has a live mapping with a port in it.
Nat::Ports Nat::block_of(const NatPlan& plan, const IpAddress& inside, const IpAddress& outside,
                         std::uint64_t key, Instant now) const {
  const std::uint32_t blocks =
      (std::uint32_t{plan.last_port} - plan.first_port + 1) / plan.port_block;
  std::vector<bool> taken(blocks);
  for (const Mapping& m : mappings_) {
    if (m.until <= now || m.outside.ip != outside || m.outside.port < plan.first_port) continue;
    const std::uint32_t block = (m.outside.port - plan.first_port) / plan.port_block;
    if (m.inside.ip == inside) return {plan.first_port + block * plan.port_block, plan.port_block};
    if (block < blocks) taken[block] = true;
  }
  const auto start = static_cast<std::uint32_t>(scale_below(scramble(key), blocks));
  for (std::uint32_t i = 0; i < blocks; ++i) {
    const std::uint32_t block = (start + i) % blocks;
    if (!taken[block]) return {plan.first_port + block * plan.port_block, plan.port_block};
  }
  return {};
}

std::vector<bool> Nat::taken_ports(const IpAddress& outside, Instant now) const {
  std::vector<bool> taken(std::size_t{1} << 16);
  for (const Mapping& m : mappings_) {
    if (m.until > now && m.outside.ip == outside) taken[m.outside.port] = true;
  }
  for (const Mapping& m : flapped_) {
    if (m.outside.ip == outside) taken[m.outside.port] = true;
  }
  return taken;
}

bool Nat::was_flapped_from(const Endpoint& outside) const {
  return std::ranges::find(flapped_, outside, &Mapping::outside) != flapped_.end();
}

void Nat::note_contact(const NatPlan& plan, Mapping& mapping, const Endpoint& remote, Instant now) {
  const Instant until = plan.filter_timeout ? now + *plan.filter_timeout : mapping.until;
  std::erase_if(mapping.contacts,
                [&](const Contact& c) { return c.until <= now || c.remote == remote; });
  mapping.contacts.push_back({remote, until});
}

}  // namespace tickover::sim
