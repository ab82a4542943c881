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

/// How long a client may wait for an answer (RFC 8489, section 6.3.1), and so the owner may take to
/// say whether a relay port opened.
constexpr Duration transaction_patience = std::chrono::seconds(40);
constexpr std::uint8_t udp = 17;  // RFC 8656, section 18.8

std::optional<AddressFamily> family_of(std::uint8_t wire) {
  if (wire == 1) return AddressFamily::ipv4;
  if (wire == 2) return AddressFamily::ipv6;
  return {};
}

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
    // What deletes nothing now must not delete a later allocation (PROTOCOL AB12).
    if (deletes(request.message)) request_memory_.remember(hash(request), {.at = request.now});
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

Duration Server::granted(Duration requested) const {
  return std::clamp(requested, config_.default_lifetime, config_.max_lifetime);
}

// Allocate: RFC 8656, section 7.2; the checks stand in the order of PROTOCOL R2..R10. -----------

void Server::allocate(const Request& request) {
  const stun::MessageView& message = request.message;
  if (const auto slot = allocations_.find(request.tuple())) {
    const Allocation& allocation = allocations_.at(*slot);
    const bool repeated =
        allocation.created_by == message.id() && allocation.user == request.who.user;
    if (!repeated) return refuse(request.reply, ErrorCode::allocation_mismatch);
    // While the port is opening, the answer to come serves this copy too.
    if (allocation.is_open()) succeed_allocate(request.reply, allocation);
    return;
  }
  // The allocation that it made is over, and none is made twice by one request (PROTOCOL AB12).
  if (request_memory_.find(hash(request), request.now)) {
    ++counters_.repeated;
    return refuse(request.reply, ErrorCode::allocation_mismatch);
  }
  // No mobility is offered (RFC 8016, section 3.1; PROTOCOL O1).
  if (const auto ticket = message.find(AttributeType::mobility_ticket)) {
    return refuse(request.reply,
                  ticket->empty() ? ErrorCode::mobility_forbidden : ErrorCode::bad_request);
  }
  if (is_tunnelled(request.tuple().client.endpoint.ip)) {
    return refuse(request.reply, ErrorCode::forbidden);
  }

  const auto transport = message.leading_byte(AttributeType::requested_transport);
  if (!transport) return refuse(request.reply, ErrorCode::bad_request);
  if (*transport != udp) return refuse(request.reply, ErrorCode::unsupported_transport_protocol);

  const auto requested = message.leading_byte(AttributeType::requested_address_family);
  if (!requested && requested.error() == Lack::malformed) {
    return refuse(request.reply, ErrorCode::bad_request);
  }
  if (requested && message.has(AttributeType::additional_address_family)) {
    return refuse(request.reply, ErrorCode::bad_request);
  }
  const auto lifetime = message.lifetime();
  if (!lifetime && lifetime.error() == Lack::malformed) {
    return refuse(request.reply, ErrorCode::bad_request);
  }
  const auto family = family_of(requested.value_or(1));
  if (!family || !ports_.supports(*family)) {
    return refuse(request.reply, ErrorCode::address_family_not_supported);
  }
  if (allocations_.held_by(request.who.account) >= config_.max_allocations_per_user) {
    return refuse(request.reply, ErrorCode::allocation_quota_reached);
  }
  open_relay(request, *family, granted(lifetime.value_or(Duration())));
}

void Server::open_relay(const Request& request, AddressFamily family, Duration lifetime) {
  const auto port = allocations_.size() < config_.max_allocations
                        ? ports_.take(family, port_random_)
                        : std::nullopt;
  if (!port) return refuse(request.reply, ErrorCode::insufficient_capacity);
  allocations_.add({.tuple = request.tuple(),
                    .user = request.who.user,
                    .account = request.who.account,
                    .username = std::string(request.who.name),
                    .created_by = request.message.id(),
                    .granted = lifetime,
                    .relay = {.address = {*port},
                              .expiry = request.now + transaction_patience,
                              .permissions = {},
                              .channels = {}},
                    .opening = Opening{request.reply, family, {}}});
  pending_.push_back({open_socket(*port), *port, request.tuple()});
}

void Server::relay_opened(std::uint32_t slot, Instant now) {
  Allocation& allocation = allocations_.at(slot);
  const Opening opening = std::move(*allocation.opening);
  for (const Endpoint& refused : opening.refused) ports_.release(refused);
  allocation.relay.expiry = now + allocation.granted;
  allocations_.opened(slot);
  const std::uint64_t made_by = hash_of(allocation);
  request_memory_.remember(made_by, {made_by, allocation.granted, now});
  succeed_allocate(opening.reply, allocation);
  ServerEvent created = event(ServerEvent::Kind::allocation_created, allocation);
  created.expiry = allocation.relay.expiry;
  events_.push(std::move(created));
}

void Server::relay_refused(std::uint32_t slot) {
  Allocation& allocation = allocations_.at(slot);
  Opening& opening = *allocation.opening;
  // Refused ports stay taken until this is over, so that each try is another port.
  opening.refused.push_back(allocation.relay.address.endpoint);
  const auto port = opening.refused.size() < config_.max_port_attempts
                        ? ports_.take(opening.family, port_random_)
                        : std::nullopt;
  if (port) {
    allocation.relay.address = {*port};
    pending_.push_back({open_socket(*port), *port, allocation.tuple});
    return;
  }
  const Reply reply = opening.reply;
  remove_allocation(slot, Removal::refused);
  refuse(reply, ErrorCode::insufficient_capacity);
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
  if (requested) {
    const auto family = family_of(*requested);
    if (!family || allocation.relay_for(*family) == nullptr) {
      return refuse(request.reply, ErrorCode::peer_address_family_mismatch);
    }
  }
  const bool is_last = deletes(request.message);
  const Duration granted_now =
      is_last ? Duration() : granted(lifetime.value_or(config_.default_lifetime));
  request_memory_.remember(hash(request), {hash_of(allocation), granted_now, request.now});
  if (is_last) {
    remove_allocation(slot, Removal::deleted);
  } else {
    allocation.relay.expiry = request.now + granted_now;
    allocations_.reschedule(slot);
    ServerEvent refreshed = event(ServerEvent::Kind::allocation_refreshed, allocation);
    refreshed.expiry = allocation.relay.expiry;
    events_.push(std::move(refreshed));
  }
  succeed_refresh(request.reply, granted_now);
}

void Server::repeat(const Request& request, const RequestMemory::Outcome& outcome) {
  ++counters_.repeated;
  const auto slot = allocations_.find(request.tuple());
  const std::uint64_t current = slot ? hash_of(allocations_.at(*slot)) : 0;
  const bool is_as_left = current == (outcome.granted > Duration() ? outcome.allocation : 0);
  const bool may_be_awaited = request.now - outcome.at < transaction_patience;
  if (is_as_left && outcome.allocation != 0 && may_be_awaited) {
    return succeed_refresh(request.reply, outcome.granted);
  }
  // Silence where there is an allocation: no client waits for an answer to this any more.
  if (!slot) refuse(request.reply, ErrorCode::allocation_mismatch);
}

// Permissions and channels: RFC 8656, sections 10.2 and 12.2. ------------------------------------

std::optional<ErrorCode> Server::refusal_of(Allocation& allocation, const Endpoint& peer) const {
  if (allocation.relay_for(peer.family()) == nullptr) {
    return ErrorCode::peer_address_family_mismatch;
  }
  if (!policy_.allows(peer.ip)) return ErrorCode::forbidden;
  return {};
}

void Server::install_permission(Allocation& allocation, Relay& relay, const IpAddress& ip,
                                Instant now) {
  const Instant expiry = now + config_.permission_lifetime;
  const bool is_new = relay.permissions.install(ip, expiry);
  ServerEvent installed = event(
      is_new ? ServerEvent::Kind::permission_installed : ServerEvent::Kind::permission_refreshed,
      allocation);
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
  Relay& relay = *allocation.relay_for(peers.front().family());
  const auto fresh = std::ranges::count_if(
      peers, [&](const IpAddress& ip) { return !relay.permissions.contains(ip); });
  if (relay.permissions.size() + static_cast<std::size_t>(fresh) > config_.max_permissions) {
    return refuse(request.reply, ErrorCode::insufficient_capacity);
  }
  for (const IpAddress& ip : peers) install_permission(allocation, relay, ip, request.now);
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

  Relay& relay = *allocation.relay_for(peer->family());
  if (relay.channels.conflicts(*number, *peer)) {
    return refuse(request.reply, ErrorCode::bad_request);
  }
  const bool is_new = relay.channels.find(*number, request.now) == nullptr;
  const bool new_permission = !relay.permissions.contains(peer->ip);
  if ((is_new && relay.channels.size() >= config_.max_channels) ||
      (new_permission && relay.permissions.size() >= config_.max_permissions)) {
    return refuse(request.reply, ErrorCode::insufficient_capacity);
  }
  ServerEvent bound = event(
      is_new ? ServerEvent::Kind::channel_bound : ServerEvent::Kind::channel_refreshed, allocation);
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
