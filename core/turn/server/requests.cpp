#include <algorithm>

#include "core/turn/server/server.h"
#include "core/turn/server/unknown_attributes.h"

namespace tickover::turn {

using stun::AttributeType;
using stun::Class;
using stun::ErrorCode;
using stun::Lack;
using stun::Method;

namespace {

bool deletes(const stun::MessageView& message) {
  const auto lifetime = message.lifetime();
  return message.method() == Method::refresh && lifetime && *lifetime == Duration();
}

bool is_answered(Method method) {
  return method == Method::binding || method == Method::allocate || method == Method::refresh ||
         method == Method::create_permission || method == Method::channel_bind;
}

}  // namespace

void Server::handle_stun(const Datagram& datagram, Instant now) {
  const auto message = stun::MessageView::decode(datagram.payload);
  if (!message) {
    ++counters_.malformed;
  } else if (message->message_class() == Class::request && is_answered(message->method())) {
    handle_request(*message, datagram, now);
  } else if (message->message_class() == Class::indication) {
    handle_indication(*message, datagram, now);
  } else {
    ++counters_.unexpected;  // silence: PROTOCOL T9
  }
}

void Server::handle_request(const stun::MessageView& message, const Datagram& datagram,
                            Instant now) {
  ++counters_.requests;
  Reply reply{.tuple = {datagram.local, {datagram.remote}},
              .method = message.method(),
              .id = message.id(),
              .signature = {},
              .fingerprint = message.has_fingerprint()};
  if (message.method() == Method::binding) {
    if (may_answer_unsigned(reply, now)) answer_binding(message, reply);
    return;
  }
  const auto who = authenticator_.check(message, datagram.remote, now);
  if (!who && !may_answer_unsigned(reply, now)) return;
  if (!who && who.error() == ErrorCode::bad_request) return refuse(reply, who.error());
  if (!who) {
    const bool is_bare = !message.has_integrity() && !message.has_integrity_sha256();
    const bool may_leave = config_.redirect_unauthenticated && is_bare;
    if (may_leave && message.method() == Method::allocate && redirect(reply)) return;
    return challenge(reply, who.error(), now);
  }
  reply.signature = who->signature;
  const UnknownAttributes unknown = unknown_attributes(message);
  if (!unknown.empty()) return refuse_attributes(reply, unknown.types());
  dispatch({message, reply, *who, now});
}

void Server::answer_binding(const stun::MessageView& message, const Reply& reply) {
  const UnknownAttributes unknown = unknown_attributes(message);
  if (!unknown.empty()) return refuse_attributes(reply, unknown.types());
  ++counters_.success_responses;
  stun::MessageWriter writer = begin(reply, Class::success);
  writer.add_xor_address(AttributeType::xor_mapped_address, reply.tuple.client.endpoint);
  finish(reply, writer);
}

void Server::dispatch(const Request& request) {
  if (request.message.method() == Method::allocate) {
    // Who has an allocation here stays with it (PROTOCOL R2).
    if (!allocations_.find(request.tuple()) && redirect(request.reply)) return;
    return allocate(request);
  }
  if (request.message.method() == Method::refresh) {
    if (const auto past = request_memory_.find(hash(request), request.now)) {
      return repeat(request, *past);
    }
  }
  // RFC 8656, section 5: first whether there is an allocation, then whose it is.
  const auto slot = allocations_.find(request.tuple());
  if (!slot || !allocations_.at(*slot).is_open()) {
    // What deletes nothing now must not delete a later allocation (PROTOCOL AB12). But the id of an
    // Allocate that is under way is remembered with the outcome of that, and once.
    const bool is_taken = slot && hash_of(allocations_.at(*slot)) == hash(request);
    if (deletes(request.message) && !is_taken) {
      request_memory_.remember(hash(request), {.at = request.now});
    }
    return refuse(request.reply, ErrorCode::allocation_mismatch);
  }
  if (allocations_.at(*slot).user != request.who.user) {
    return refuse(request.reply, ErrorCode::wrong_credentials);
  }
  switch (request.message.method()) {
    case Method::refresh:
      return refresh(request, *slot);
    case Method::create_permission:
      return create_permission(request, *slot);
    case Method::channel_bind:
      return bind_channel(request, *slot);
    default:
      CHECK(false);
  }
}

// Refresh: RFC 8656, section 8.2. --------------------------------------------------------------

void Server::refresh(const Request& request, std::uint32_t slot) {
  Allocation& allocation = allocations_.at(slot);
  const auto requested = request.message.leading_byte(AttributeType::requested_address_family);
  const auto lifetime = request.message.lifetime();
  if ((!requested && requested.error() == Lack::malformed) ||
      (!lifetime && lifetime.error() == Lack::malformed)) {
    return refuse(request.reply, ErrorCode::bad_request);
  }
  // Of two relayed addresses, a family selects one (PROTOCOL F4).
  const auto selected = [&](AddressFamily family) {
    return allocation.relay_for(family) != nullptr &&
           (!requested || family_of(*requested) == family);
  };
  if (std::ranges::none_of(both_families, selected)) {
    return refuse(request.reply, ErrorCode::peer_address_family_mismatch);
  }
  const bool is_last = deletes(request.message);
  const Duration granted_now =
      is_last ? Duration() : granted(lifetime.value_or(config_.default_lifetime));
  const std::uint64_t made_by = hash_of(allocation);
  if (is_last) {
    remove_relays(slot, Removal::deleted, selected);
  } else {
    for (const AddressFamily family : both_families) {
      if (selected(family))
        extend(allocation, *allocation.relay_for(family), request.now + granted_now);
    }
    allocations_.reschedule(slot);
  }
  const bool lives = allocations_.find(request.tuple()).has_value();
  request_memory_.remember(hash(request), {made_by, granted_now, lives, request.now});
  succeed_refresh(request.reply, granted_now);
}

void Server::repeat(const Request& request, const RequestMemory::Outcome& outcome) {
  ++counters_.repeated;
  const auto slot = allocations_.find(request.tuple());
  const std::uint64_t current = slot ? hash_of(allocations_.at(*slot)) : 0;
  const bool is_as_left = current == (outcome.lives ? outcome.allocation : 0);
  const bool may_be_awaited = request.now - outcome.at < longest_transaction;
  if (is_as_left && outcome.allocation != 0 && may_be_awaited) {
    return succeed_refresh(request.reply, outcome.granted);
  }
  // Silence where there is an allocation: no client waits for an answer to this any more.
  if (!slot) refuse(request.reply, ErrorCode::allocation_mismatch);
}

void Server::extend(const Allocation& allocation, Relay& relay, Instant expiry) {
  relay.expiry = expiry;
  ServerEvent refreshed = event(ServerEvent::Kind::allocation_refreshed, allocation, relay);
  refreshed.expiry = expiry;
  events_.push(std::move(refreshed));
}

// Permissions and channels: RFC 8656, sections 10.2 and 12.2. ------------------------------------

std::optional<ErrorCode> Server::refusal_of(const Allocation& allocation,
                                            const Endpoint& peer) const {
  if (allocation.relay_for(peer.family()) == nullptr) {
    return ErrorCode::peer_address_family_mismatch;
  }
  if (!policy_.allows(peer.ip)) return ErrorCode::forbidden;
  return {};
}

void Server::install_permission(const Allocation& allocation, Relay& relay, const IpAddress& ip,
                                Instant now) {
  const Instant expiry = now + config_.permission_lifetime;
  const bool is_new = relay.permissions.install(ip, expiry);
  ServerEvent installed = event(
      is_new ? ServerEvent::Kind::permission_installed : ServerEvent::Kind::permission_refreshed,
      allocation, relay);
  installed.peer = PeerAddress{{ip, 0}};
  installed.expiry = expiry;
  events_.push(std::move(installed));
}

void Server::create_permission(const Request& request, std::uint32_t slot) {
  Allocation& allocation = allocations_.at(slot);
  // All or nothing (PROTOCOL W16): every peer is judged before the first is installed.
  std::vector<IpAddress> peers;
  bool malformed = false;
  std::optional<ErrorCode> refusal;
  request.message.for_each([&](const stun::Attribute& attribute) {
    if (attribute.type != AttributeType::xor_peer_address) return;
    const auto peer = request.message.xor_address(attribute);
    if (!peer) {
      malformed = true;
    } else {
      if (!refusal) refusal = refusal_of(allocation, *peer);
      peers.push_back(peer->ip);
    }
  });
  if (malformed || peers.empty()) return refuse(request.reply, ErrorCode::bad_request);
  if (refusal) return refuse(request.reply, *refusal);

  std::ranges::sort(peers);
  const auto repeated = std::ranges::unique(peers);
  peers.erase(repeated.begin(), repeated.end());
  bool fits = true;
  allocation.for_each_relay([&](const Relay& relay) {
    const auto fresh = std::ranges::count_if(peers, [&](const IpAddress& ip) {
      return ip.family() == relay.family() && !relay.permissions.contains(ip);
    });
    const std::size_t all = relay.permissions.size() + static_cast<std::size_t>(fresh);
    fits = fits && all <= config_.max_permissions;
  });
  if (!fits) return refuse(request.reply, ErrorCode::insufficient_capacity);
  for (const IpAddress& ip : peers) {
    install_permission(allocation, *allocation.relay_for(ip.family()), ip, request.now);
  }
  allocations_.reschedule(slot);
  succeed(request.reply);
}

void Server::bind_channel(const Request& request, std::uint32_t slot) {
  Allocation& allocation = allocations_.at(slot);
  const auto raw = request.message.channel_number();
  const auto peer = request.message.xor_address(AttributeType::xor_peer_address);
  if (!raw || !peer || peer->port == 0) return refuse(request.reply, ErrorCode::bad_request);
  const auto number = config_.legacy_channel_numbers ? ChannelNumber::parse_legacy(*raw)
                                                     : ChannelNumber::parse(*raw);
  if (!number) return refuse(request.reply, ErrorCode::bad_request);
  if (const auto refusal = refusal_of(allocation, *peer)) return refuse(request.reply, *refusal);
  if (!policy_.allows(*peer)) return refuse(request.reply, ErrorCode::forbidden);

  // A number means one peer in all of the allocation, whatever its families (PROTOCOL H3).
  bool conflicts = false;
  allocation.for_each_relay(
      [&](const Relay& any) { conflicts = conflicts || any.channels.conflicts(*number, *peer); });
  if (conflicts) return refuse(request.reply, ErrorCode::bad_request);
  Relay& relay = *allocation.relay_for(peer->family());
  const bool is_new = relay.channels.find(*number, request.now) == nullptr;
  const bool new_permission = !relay.permissions.contains(peer->ip);
  if ((is_new && relay.channels.size() >= config_.max_channels) ||
      (new_permission && relay.permissions.size() >= config_.max_permissions)) {
    return refuse(request.reply, ErrorCode::insufficient_capacity);
  }
  ServerEvent bound =
      event(is_new ? ServerEvent::Kind::channel_bound : ServerEvent::Kind::channel_refreshed,
            allocation, relay);
  bound.peer = PeerAddress{*peer};
  bound.channel = *number;
  bound.expiry = request.now + config_.channel_lifetime;
  relay.channels.bind(*number, *peer, *bound.expiry);
  events_.push(std::move(bound));
  install_permission(allocation, relay, peer->ip, request.now);
  allocations_.reschedule(slot);
  succeed(request.reply);
}

}  // namespace tickover::turn
