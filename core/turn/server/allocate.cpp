#include <algorithm>

#include "core/turn/server/server.h"

// Allocate: RFC 8656, section 7.2.
namespace tickover::turn {

using stun::AttributeType;
using stun::ErrorCode;
using stun::Lack;

namespace {

constexpr std::uint8_t udp = 17;  // RFC 8656, section 18.8

template <class Value>
bool is_malformed(const std::expected<Value, Lack>& attribute) {
  return !attribute && attribute.error() == Lack::malformed;
}
template <class Value>
bool is_there(const std::expected<Value, Lack>& attribute) {
  return attribute || attribute.error() != Lack::absent;
}

}  // namespace

/// What an Allocate asks for, when nothing in it is malformed or contradictory.
struct Server::Wish {
  Duration lifetime;
  AddressFamily family = AddressFamily::ipv4;  // that of the only relayed address
  bool both = false;                           // or one of each
  bool draft_attributes = false;
  std::optional<bool> even_port = {};  // whether the next one is to be reserved
  std::optional<stun::ReservationToken> token = {};

  PortKind kind() const {
    return !even_port ? PortKind::any : *even_port ? PortKind::even_pair : PortKind::even;
  }
  bool wants(AddressFamily of) const { return both || family == of; }
};

// The checks, in the order of PROTOCOL R2..R10. -------------------------------------------------

void Server::allocate(const Request& request) {
  if (const auto slot = allocations_.find(request.tuple())) {
    const Allocation& allocation = allocations_.at(*slot);
    const bool repeated =
        allocation.created_by == request.message.id() && allocation.user == request.who.user;
    if (!repeated) return refuse(request.reply, ErrorCode::allocation_mismatch);
    // While the port is opening, the answer to come serves this copy too.
    if (allocation.is_open()) succeed_allocate(request.reply, allocation);
    return;
  }
  // The allocation that it made is over, and none is made twice by one request (PROTOCOL AB12).
  if (const auto past = request_memory_.find(hash(request), request.now)) {
    ++counters_.repeated;
    return refuse(request.reply, past->refused.value_or(ErrorCode::allocation_mismatch));
  }
  // No mobility is offered (RFC 8016, section 3.1; PROTOCOL O1).
  if (const auto ticket = request.message.find(AttributeType::mobility_ticket)) {
    return refuse(request.reply,
                  ticket->empty() ? ErrorCode::mobility_forbidden : ErrorCode::bad_request);
  }
  if (is_tunnelled(request.tuple().client.endpoint.ip)) {
    return refuse(request.reply, ErrorCode::forbidden);
  }
  const auto wish = wish_of(request.message);
  if (!wish) return refuse(request.reply, wish.error());
  if (const auto refusal = refusal_of(*wish, request.who.account)) {
    return refuse_for_good(request.reply, hash(request), *refusal, request.now);
  }
  open_relays(request, *wish);
}

std::expected<Server::Wish, ErrorCode> Server::wish_of(const stun::MessageView& message) const {
  const std::unexpected bad_request(ErrorCode::bad_request);
  const auto transport = message.leading_byte(AttributeType::requested_transport);
  if (!transport) return bad_request;
  if (*transport != udp) return std::unexpected(ErrorCode::unsupported_transport_protocol);

  const auto token = message.reservation_token();
  const auto even_port = message.even_port();
  const auto requested = message.leading_byte(AttributeType::requested_address_family);
  auto additional = message.leading_byte(AttributeType::additional_address_family);
  const bool draft = config_.draft_address_families && !is_there(additional);
  if (draft) additional = message.leading_byte(AttributeType::draft_additional_address_family);
  const auto lifetime = message.lifetime();

  if (is_malformed(token) || is_malformed(even_port) || is_malformed(requested) ||
      is_malformed(additional) || is_malformed(lifetime)) {
    return bad_request;
  }
  if (token && (even_port || requested || additional)) return bad_request;
  if (requested && additional) return bad_request;
  if (additional && family_of(*additional) != AddressFamily::ipv6) return bad_request;
  if (additional && even_port.value_or(false)) return bad_request;

  const auto family = family_of(requested.value_or(1));
  if (!family) return std::unexpected(ErrorCode::address_family_not_supported);
  Wish wish{.lifetime = granted(lifetime.value_or(Duration())),
            .family = *family,
            .both = additional.has_value(),
            .draft_attributes = draft && additional.has_value()};
  if (even_port) wish.even_port = *even_port;
  if (token) wish.token = *token;
  return wish;
}

/// Whether what is asked for can be had now.
std::optional<ErrorCode> Server::refusal_of(const Wish& wish, UserId account) const {
  const bool has_room = allocates_ && allocations_.size() < config_.max_allocations;
  if (wish.token) {
    const Reservation* reservation = reservations_.find(*wish.token);
    // To anybody else than its owner the token means nothing. It was counted when it was given.
    const bool counts = reservation != nullptr && reservation->owner == account;
    if (!counts || !has_room) return ErrorCode::insufficient_capacity;
    return {};
  }
  if (!wish.both && !ports_.supports(wish.family)) return ErrorCode::address_family_not_supported;
  const bool has_port = std::ranges::any_of(both_families, [&](AddressFamily family) {
    return wish.wants(family) && ports_.has(family, wish.kind());
  });
  const bool reserves = wish.kind() == PortKind::even_pair;
  const bool is_special = wish.both || wish.even_port;  // those are judged before the quota
  if (is_special && !has_port) return ErrorCode::insufficient_capacity;
  // A reserved port counts like an allocation, so that hoarding them gains nothing (AB10).
  const std::size_t held = allocations_.held_by(account) + reservations_.held_by(account);
  if (held + (reserves ? 2 : 1) > config_.max_allocations_per_user) {
    return ErrorCode::allocation_quota_reached;
  }
  const bool has_reservation = !reserves || reservations_.size() < config_.max_reservations;
  if (!has_port || !has_reservation || !has_room) return ErrorCode::insufficient_capacity;
  return {};
}

void Server::refuse_for_good(const Reply& reply, std::uint64_t request, ErrorCode code,
                             Instant now) {
  request_memory_.remember(request, {.at = now, .refused = code});
  refuse(reply, code);
}

Duration Server::granted(Duration requested) const {
  return std::clamp(requested, config_.default_lifetime, config_.max_lifetime);
}

// Opening the sockets. --------------------------------------------------------------------------

void Server::open_relays(const Request& request, const Wish& wish) {
  Allocation allocation{.tuple = request.tuple(),
                        .user = request.who.user,
                        .account = request.who.account,
                        .username = std::string(request.who.name),
                        .created_by = request.message.id(),
                        .granted = wish.lifetime,
                        .draft_attributes = wish.draft_attributes,
                        .opening = Opening{.reply = request.reply,
                                           .until = request.now + transaction_patience,
                                           .kind = wish.kind(),
                                           .refused = {}}};
  if (wish.token) {
    open_reserved(allocation, *wish.token);
  } else {
    open_wanted(allocation, wish);
  }
  allocations_.add(std::move(allocation));
}

void Server::open_reserved(Allocation& allocation, const stun::ReservationToken& token) {
  const Reservation reservation = reservations_.remove(token);  // once: PROTOCOL R11
  allocation.opening->kind.reset();
  await_port(allocation, reservation.port.endpoint);
}

void Server::open_wanted(Allocation& allocation, const Wish& wish) {
  for (const AddressFamily family : both_families) {
    if (!wish.wants(family)) continue;
    const auto port = ports_.take(family, port_random_, wish.kind());
    if (!port) {
      allocation.missing = {family, ports_.supports(family)
                                        ? ErrorCode::insufficient_capacity
                                        : ErrorCode::address_family_not_supported};
      continue;
    }
    if (wish.kind() == PortKind::even_pair) allocation.token = reserve(*port, allocation);
    await_port(allocation, *port);
  }
}

/// Keeps the port after `even`, from now on, for whoever is told the token.
stun::ReservationToken Server::reserve(const Endpoint& even, const Allocation& with) {
  Reservation reservation{.port = {{even.ip, static_cast<std::uint16_t>(even.port + 1)}},
                          .owner = with.account,
                          .username = with.username};
  do {
    token_random_.fill(reservation.token);
  } while (reservations_.find(reservation.token) != nullptr);
  reservations_.add(reservation);
  return reservation.token;
}

void Server::await_port(Allocation& allocation, const Endpoint& port) {
  allocation.slot_for(port.family()) = Relay{.address = {port}};
  pending_.push_back({open_socket(port), port, allocation.tuple});
}

void Server::relay_opened(std::uint32_t slot, AddressFamily family, Instant now) {
  allocations_.relay_opened(slot, family);
  finish_opening(slot, now);
}

void Server::relay_refused(std::uint32_t slot, AddressFamily family, Instant now) {
  Allocation& allocation = allocations_.at(slot);
  // Refused ports stay taken until this is over, so that each try is another port.
  allocation.opening->refused.push_back(allocations_.end_relay(slot, family).address.endpoint);
  allocation.slot_for(family).reset();
  if (allocation.token) {
    ports_.release(reservations_.remove(*allocation.token).port.endpoint);
    allocation.token.reset();
  }
  const auto port = next_port(allocation, family);
  if (!port) {
    allocation.missing = {family, ErrorCode::insufficient_capacity};
    return finish_opening(slot, now);
  }
  if (allocation.opening->kind == PortKind::even_pair) {
    allocation.token = reserve(*port, allocation);
  }
  await_port(allocation, *port);
}

std::optional<Endpoint> Server::next_port(const Allocation& allocation, AddressFamily family) {
  const Opening& opening = *allocation.opening;
  const auto tried = std::ranges::count(opening.refused, family, &Endpoint::family);
  if (!opening.kind || static_cast<std::size_t>(tried) >= config_.max_port_attempts) return {};
  return ports_.take(family, port_random_, *opening.kind);
}

/// Answers when the owner has spoken of every port.
void Server::finish_opening(std::uint32_t slot, Instant now) {
  Allocation& allocation = allocations_.at(slot);
  if (allocation.is_awaiting()) return;
  const Reply reply = allocation.opening->reply;
  if (!allocation.has_relay()) {
    const std::uint64_t request = hash_of(allocation);
    drop_opening(slot);
    return refuse_for_good(reply, request, ErrorCode::insufficient_capacity, now);
  }
  for (const Endpoint& refused : allocation.opening->refused) ports_.release(refused);
  for (const AddressFamily family : both_families) {
    Relay* relay = allocation.relay_for(family);
    if (relay == nullptr) continue;
    relay->expiry = now + allocation.granted;
    ServerEvent created = event(ServerEvent::Kind::allocation_created, allocation, *relay);
    created.expiry = relay->expiry;
    events_.push(std::move(created));
  }
  if (allocation.token) {
    const Instant expiry = now + config_.reservation_lifetime;
    reservations_.set_expiry(*allocation.token, expiry);
    ServerEvent reserved = event(ServerEvent::Kind::port_reserved, allocation, {});
    reserved.relayed = reservations_.find(*allocation.token)->port;
    reserved.expiry = expiry;
    events_.push(std::move(reserved));
  }
  allocations_.opened(slot);
  const std::uint64_t made_by = hash_of(allocation);
  request_memory_.remember(made_by, {made_by, allocation.granted, true, now});
  succeed_allocate(reply, allocation);
}

void Server::drop_opening(std::uint32_t slot) {
  Allocation& allocation = allocations_.at(slot);
  for (const Endpoint& refused : allocation.opening->refused) ports_.release(refused);
  if (allocation.token) ports_.release(reservations_.remove(*allocation.token).port.endpoint);
  for (const AddressFamily family : both_families) {
    if (!allocation.slot_for(family)) continue;
    const Relay gone = allocations_.end_relay(slot, family);
    if (gone.state != Relay::State::open) continue;  // it is released when its owner speaks of it
    transmits_.close({gone.address.endpoint});
    ports_.release(gone.address.endpoint);
  }
  for (PendingPort& pending : pending_) {
    if (pending.waiting == allocation.tuple) pending.waiting.reset();
  }
  allocations_.remove(slot);
}

}  // namespace tickover::turn
