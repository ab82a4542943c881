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

std::optional<Endpoint> Nat::outbound(const NatPlan& plan, std::uint64_t seed,
                                      const Endpoint& inside, const Endpoint& remote, Instant now) {
  // An untranslated address is its own mapping, whomever it talks to.
  const Endpoint towards =
      inside.family() == AddressFamily::ipv6 ? Endpoint{} : relevant_part(plan.mapping, remote);
  Mapping* mapping = find_inside(inside, towards);
  if (mapping == nullptr) {
    const auto at = std::lower_bound(
        mappings_.begin(), mappings_.end(), std::tie(inside, towards),
        [](const Mapping& m, const auto& key) { return std::tie(m.inside, m.towards) < key; });
    mapping = &*mappings_.insert(at, Mapping{inside, towards, {}, now, 0, {}});
  }
  if (mapping->until <= now) {
    mapping->contacts.clear();
    ++mapping->generation;
    if (!choose_outside(plan, seed, *mapping, now)) return {};
  }
  mapping->until = now + plan.timeout;
  note_contact(*mapping, remote, mapping->until, now);
  return mapping->outside;
}

Nat::Inbound Nat::inbound(const NatPlan& plan, const Endpoint& outside, const Endpoint& remote,
                          Instant now) {
  Mapping* mapping = find_outside(outside, now);
  if (mapping == nullptr) return {Refusal::no_mapping, {}};
  const Endpoint wanted = relevant_part(plan.filtering, remote);
  const bool allowed = std::ranges::any_of(mapping->contacts, [&](const Contact& c) {
    return c.until > now && relevant_part(plan.filtering, c.remote) == wanted;
  });
  if (!allowed) return {Refusal::filtered, {}};
  if (plan.inbound_refresh) {
    mapping->until = now + plan.timeout;
    note_contact(*mapping, remote, mapping->until, now);
  }
  return {Refusal::none, mapping->inside};
}

void Nat::reset() {
  mappings_.clear();
  ++resets_;
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
  if (mapping.inside.family() == AddressFamily::ipv6) {
    mapping.outside = mapping.inside;
    return true;
  }
  const auto ip = std::ranges::find(plan.addresses, AddressFamily::ipv4, &IpAddress::family);
  if (ip == plan.addresses.end()) return false;
  constexpr std::uint64_t first_port = 1024;
  constexpr std::uint64_t ports = 65536 - first_port;
  const std::uint64_t key =
      mix(mix(mix(seed, plan.key), stable_hash(mapping.inside)),
          mix(stable_hash(mapping.towards), std::uint64_t{resets_} << 32 | mapping.generation));
  const std::uint64_t start = scale_below(scramble(key), ports);
  for (std::uint64_t i = 0; i < ports; ++i) {
    const Endpoint candidate{*ip, static_cast<std::uint16_t>(first_port + (start + i) % ports)};
    if (find_outside(candidate, now) == nullptr) {
      mapping.outside = candidate;
      return true;
    }
  }
  return false;
}

void Nat::note_contact(Mapping& mapping, const Endpoint& remote, Instant until, Instant now) {
  std::erase_if(mapping.contacts,
                [&](const Contact& c) { return c.until <= now || c.remote == remote; });
  mapping.contacts.push_back({remote, until});
}

}  // namespace tickover::sim
