#include "sim/oracles/relay_model.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "sim/oracles/naive_digest.h"

namespace tickover::sim {
namespace {

struct User {
  Bytes name;
  Bytes realm;
  bool is_hidden = false;
};

/// Whom a request is from, by its USERNAME or its USERHASH; nameless without either.
User user_of(const StunGlance& request) {
  User user{.realm = find_attribute(request, stun_attribute::realm).value_or(Bytes())};
  if (const auto name = find_attribute(request, stun_attribute::username)) {
    user.name = *name;
  } else if (const auto hash = find_attribute(request, stun_attribute::userhash)) {
    user.name = *hash;
    user.is_hidden = true;
  }
  return user;
}

/// RFC 8489, section 14.4.
std::array<std::uint8_t, 32> hidden(Bytes name, Bytes realm) {
  std::vector<std::uint8_t> text(name.begin(), name.end());
  text.push_back(':');
  text.insert(text.end(), realm.begin(), realm.end());
  return naive_sha256(std::move(text));
}

/// Whether both are named, and not the same.
bool is_another(const RelayModel::Owner& owner, const User& user) {
  if (owner.name.empty() || user.name.empty()) return false;
  if (owner.is_hidden == user.is_hidden) return !std::ranges::equal(owner.name, user.name);
  return owner.is_hidden ? !std::ranges::equal(owner.name, hidden(user.name, user.realm))
                         : !std::ranges::equal(user.name, hidden(owner.name, owner.realm));
}

struct Relayed {
  std::optional<Endpoint> first;
  std::optional<Endpoint> second;
};

Relayed relayed_in(const StunGlance& success) {
  Relayed found;
  StunAttributes attributes(success);
  while (const auto attribute = attributes.next()) {
    if (attribute->type != stun_attribute::xor_relayed_address) continue;
    const auto address = xor_endpoint(success, attribute->value);
    if (!found.first) {
      found.first = address;
    } else if (address && *address != *found.first) {
      found.second = address;
    }
  }
  return found;
}

}  // namespace

const Endpoint* RelayModel::Allocation::towards(AddressFamily family) const {
  if (relayed.family() == family) return &relayed;
  return second && second->family() == family ? &*second : nullptr;
}

const RelayModel::Permission* RelayModel::Allocation::permission(const IpAddress& ip) const {
  const auto at = std::ranges::find(permissions, ip, &Permission::ip);
  return at == permissions.end() ? nullptr : &*at;
}

const RelayModel::Channel* RelayModel::Allocation::channel(std::uint16_t number) const {
  const auto at = std::ranges::find(channels, number, &Channel::number);
  return at == channels.end() ? nullptr : &*at;
}

const RelayModel::Channel* RelayModel::Allocation::channel(const Endpoint& peer) const {
  const auto at = std::ranges::find(channels, peer, &Channel::peer);
  return at == channels.end() ? nullptr : &*at;
}

RelayModel::Permission* RelayModel::Allocation::permission(const IpAddress& ip) {
  return const_cast<Permission*>(std::as_const(*this).permission(ip));
}

RelayModel::Channel* RelayModel::Allocation::channel(std::uint16_t number) {
  return const_cast<Channel*>(std::as_const(*this).channel(number));
}

RelayModel::Channel* RelayModel::Allocation::channel(const Endpoint& peer) {
  return const_cast<Channel*>(std::as_const(*this).channel(peer));
}

std::optional<std::uint64_t> RelayModel::Allocation::repeats(Bytes id, std::uint64_t remembered) {
  for (std::size_t i = 0; i < recent.size(); ++i) {
    if (std::ranges::equal(recent[i], id)) return recent_at[i];
  }
  if (recent.size() < most_recent) {
    recent.emplace_back();
    recent_at.emplace_back();
  }
  std::ranges::copy(id, recent[next_recent].begin());
  recent_at[next_recent] = remembered;
  next_recent = (next_recent + 1) % most_recent;
  return {};
}

void RelayModel::move_to(const std::vector<IpAddress>& addresses) {
  const auto is_gone = [&](const Endpoint& e) {
    return std::ranges::find(addresses, e.ip) == addresses.end();
  };
  for (Allocation& a : allocations_) {
    if (!is_gone(a.server) && !is_gone(a.relayed) && !(a.second && is_gone(*a.second))) continue;
    a.unclear = true;
    a.span.surely = Instant();
  }
}

std::size_t RelayModel::place(const Endpoint& client, const Endpoint& server) const {
  const auto at =
      std::ranges::lower_bound(allocations_, std::tie(client, server), {},
                               [](const Allocation& a) { return std::tie(a.client, a.server); });
  return static_cast<std::size_t>(at - allocations_.begin());
}

const RelayModel::Allocation* RelayModel::find(const Endpoint& client,
                                               const Endpoint& server) const {
  const std::size_t at = place(client, server);
  if (at == allocations_.size()) return nullptr;
  const Allocation& found = allocations_[at];
  return found.client == client && found.server == server ? &found : nullptr;
}

RelayModel::Allocation* RelayModel::find(const Endpoint& client, const Endpoint& server) {
  return const_cast<Allocation*>(std::as_const(*this).find(client, server));
}

RelayModel::Allocation* RelayModel::find_relayed(const Endpoint& relayed) {
  return const_cast<Allocation*>(std::as_const(*this).find_relayed(relayed));
}

const RelayModel::Allocation* RelayModel::find_relayed(const Endpoint& relayed) const {
  const auto at = std::ranges::lower_bound(by_relayed_, relayed, {}, &ByRelayed::relayed);
  if (at == by_relayed_.end() || at->relayed != relayed) return nullptr;
  return &allocations_[at->index];
}

/// Rare: only when an allocation comes. Of those that had the address, the latest to end counts.
void RelayModel::index_relayed() {
  by_relayed_.clear();
  for (std::uint32_t i = 0; i < allocations_.size(); ++i) {
    by_relayed_.push_back({allocations_[i].relayed, i});
    if (allocations_[i].second) by_relayed_.push_back({*allocations_[i].second, i});
  }
  std::ranges::sort(by_relayed_, [&](const ByRelayed& a, const ByRelayed& b) {
    return std::tuple(a.relayed, allocations_[b.index].span.at_most, a.index) <
           std::tuple(b.relayed, allocations_[a.index].span.at_most, b.index);
  });
  const auto same = [](const ByRelayed& a, const ByRelayed& b) { return a.relayed == b.relayed; };
  by_relayed_.erase(std::unique(by_relayed_.begin(), by_relayed_.end(), same), by_relayed_.end());
}

std::string_view RelayModel::succeeded(const StunGlance& request, const StunGlance& success,
                                       const Endpoint& client, const Endpoint& server, Instant now,
                                       const RelayLifetimes& lifetimes) {
  const bool is_remembered =
      request.type == stun_type::allocate || request.type == stun_type::refresh;
  const std::uint64_t before = remembered_;
  if (is_remembered) ++remembered_;
  if (request.type == stun_type::allocate) {
    return allocated(request, success, client, server, now);
  }
  if (request.type != stun_type::refresh && request.type != stun_type::create_permission &&
      request.type != stun_type::channel_bind) {
    return {};
  }
  Allocation* allocation = find(client, server);
  const bool deletes =
      request.type == stun_type::refresh && find_number(success, stun_attribute::lifetime) == 0u;
  if (allocation != nullptr && allocation->unclear) {
    if (request.type != stun_type::refresh) return {};
    // It may have ended, or one of its addresses alone, or its time is another now.
    const auto seconds = find_number(success, stun_attribute::lifetime);
    const Instant until = now + Duration(std::chrono::seconds(seconds.value_or(0)));
    allocation->span = {now, std::max(allocation->span.at_most, until)};
    return {};
  }
  if (allocation == nullptr || allocation->span.is_dead(now)) {
    // A relay that remembers its answers repeats the one that deleted (PROTOCOL F6).
    if (deletes && allocation != nullptr && allocation->repeats(request.id, before)) return {};
    return "success for an allocation that does not exist (PROTOCOL R16)";
  }
  if (is_another(allocation->owner, user_of(request))) {
    return "success for another user's allocation (PROTOCOL W15)";
  }
  const auto first = allocation->repeats(request.id, before);
  const bool repeated = first.has_value();
  if (request.type == stun_type::refresh) {
    const auto seconds = find_number(success, stun_attribute::lifetime);
    if (!seconds) return "Refresh success without LIFETIME (RFC 8656, section 8.2)";
    if (allocation->second && find_attribute(request, stun_attribute::requested_address_family)) {
      // Of one of the two alone (PROTOCOL F4).
      allocation->unclear = true;
      const Instant until = now + Duration(std::chrono::seconds(*seconds));
      allocation->span = {now, std::max(allocation->span.at_most, until)};
    } else if (deletes) {
      allocation->span = {now, now};
    } else if (!repeated || before - *first > lifetimes.requests) {
      // A copy, whoever sent it, does nothing a second time (PROTOCOL F6, AB12), unless so many
      // came since that the first may be forgotten.
      allocation->span.extend(now + Duration(std::chrono::seconds(*seconds)), repeated);
    }
    return {};
  }
  if (request.type == stun_type::channel_bind) {
    return bound(*allocation, request, now, repeated, lifetimes);
  }
  StunAttributes attributes(request);
  while (const auto attribute = attributes.next()) {
    if (attribute->type != stun_attribute::xor_peer_address) continue;
    const auto peer = xor_endpoint(request, attribute->value);
    if (!peer) return "CreatePermission success for a malformed peer (PROTOCOL PM3)";
    Permission* known = allocation->permission(peer->ip);
    if (known == nullptr) known = &allocation->permissions.emplace_back(Permission{peer->ip, {}});
    known->span.extend(now + lifetimes.permission, repeated);
  }
  return {};
}

std::string_view RelayModel::allocated(const StunGlance& request, const StunGlance& success,
                                       const Endpoint& client, const Endpoint& server,
                                       Instant now) {
  const Relayed relayed = relayed_in(success);
  const auto seconds = find_number(success, stun_attribute::lifetime);
  if (!relayed.first || !seconds)
    return "Allocate success without address or lifetime (PROTOCOL R13)";
  // What ended long ago is of no interest: nothing of it can still be under way.
  std::erase_if(allocations_, [&](const Allocation& a) {
    return a.span.is_dead(now - Duration(std::chrono::minutes(10)));
  });
  index_relayed();
  Allocation* known = find(client, server);
  if (known != nullptr && !known->span.is_dead(now)) {
    if (std::ranges::equal(known->created_by, request.id)) return said_again(*known, success, now);
    if (known->span.is_alive(now)) return "a second allocation for one client (PROTOCOL R2)";
  }
  Allocation fresh{.client = client,
                   .server = server,
                   .relayed = *relayed.first,
                   .second = relayed.second,
                   .granted = *seconds};
  std::ranges::copy(request.id, fresh.created_by.begin());
  const User user = user_of(request);
  fresh.owner = {
      {user.name.begin(), user.name.end()}, {user.realm.begin(), user.realm.end()}, user.is_hidden};
  fresh.span.extend(now + Duration(std::chrono::seconds(*seconds)), false);
  const bool taken = is_taken(*relayed.first, known, now) ||
                     (relayed.second && is_taken(*relayed.second, known, now));
  if (known != nullptr) {
    *known = std::move(fresh);
  } else {
    const auto at = static_cast<std::ptrdiff_t>(place(client, server));
    allocations_.insert(allocations_.begin() + at, std::move(fresh));
  }
  index_relayed();
  return taken ? "one relayed address for two clients (RFC 8656, section 7.2)" : std::string_view();
}

bool RelayModel::is_taken(const Endpoint& relayed, const Allocation* but, Instant now) const {
  const Allocation* owner = find_relayed(relayed);
  return owner != nullptr && owner != but && !owner->unclear && owner->span.is_alive(now);
}

/// PROTOCOL R15: the same addresses, and the lifetime that was granted or what is left of it.
std::string_view RelayModel::said_again(const Allocation& allocation, const StunGlance& success,
                                        Instant now) {
  if (allocation.unclear) return {};
  const Relayed relayed = relayed_in(success);
  if (relayed.first != allocation.relayed || relayed.second != allocation.second) {
    return "a repeated Allocate with another relayed address (PROTOCOL R15)";
  }
  const std::uint32_t seconds = find_number(success, stun_attribute::lifetime).value_or(0);
  const Duration said = std::chrono::seconds(seconds);
  const Duration second = std::chrono::seconds(1);
  const bool is_left =
      allocation.span.surely - now < said + second && said < allocation.span.at_most - now + second;
  if (seconds == allocation.granted || is_left) return {};
  return "a repeated Allocate with another lifetime (PROTOCOL R15)";
}

std::string_view RelayModel::bound(Allocation& allocation, const StunGlance& request, Instant now,
                                   bool repeated, const RelayLifetimes& lifetimes) {
  const auto number = find_attribute(request, stun_attribute::channel_number);
  const auto peer = find_endpoint(request, stun_attribute::xor_peer_address);
  if (!number || number->size() < 2 || !peer) {
    return "ChannelBind success without number or peer (PROTOCOL H1)";
  }
  const auto value = static_cast<std::uint16_t>((*number)[0] << 8 | (*number)[1]);
  std::erase_if(allocation.channels,
                [&](const Channel& channel) { return channel.span.is_dead(now); });
  const auto conflicts = [&](const Channel* channel) {
    return channel != nullptr && channel->span.is_alive(now) &&
           (channel->number != value || channel->peer != *peer);
  };
  if (conflicts(allocation.channel(value)) || conflicts(allocation.channel(*peer))) {
    return "a channel bound to two peers, or a peer to two channels (PROTOCOL H1)";
  }
  Channel* known = allocation.channel(value);
  if (known == nullptr || known->peer != *peer) {
    std::erase_if(allocation.channels, [&](const Channel& channel) {
      return channel.number == value || channel.peer == *peer;
    });
    known = &allocation.channels.emplace_back(Channel{value, *peer, {}});
    repeated = false;
  }
  known->span.extend(now + lifetimes.channel, repeated);
  Permission* permission = allocation.permission(peer->ip);
  if (permission == nullptr) {
    permission = &allocation.permissions.emplace_back(Permission{peer->ip, {}});
  }
  permission->span.extend(now + lifetimes.permission, repeated);
  return {};
}

std::string_view RelayModel::failed(const StunGlance& request, const StunGlance& error,
                                    const Endpoint& client, const Endpoint& server, Instant now) {
  if (request.type == stun_type::allocate || request.type == stun_type::refresh) ++remembered_;
  const Allocation* allocation = find(client, server);
  if (request.type == stun_type::binding || allocation == nullptr ||
      !allocation->span.is_alive(now)) {
    return {};
  }
  const std::uint32_t code = error_code_of(error);
  if (request.type == stun_type::allocate) {
    // Whether it is signed well, and by whom it was, comes before whether it was granted.
    const bool is_asked_again = std::ranges::equal(allocation->created_by, request.id) &&
                                !is_another(allocation->owner, user_of(request));
    const bool is_proof_refused = code == 400 || code == 401 || code == 438;
    if (is_asked_again && !is_proof_refused) {
      return "an Allocate that was granted is refused when it is repeated (PROTOCOL R15)";
    }
    return {};
  }
  if (code == 437) return "437 although the allocation lives (BUGS P13)";
  return {};
}

}  // namespace tickover::sim
