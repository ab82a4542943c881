#include <algorithm>

#include "core/check.h"
#include "core/turn/client/attributes.h"
#include "core/turn/client/client.h"

// What the relay answers.

namespace tickover::turn {

using namespace client;
using stun::AttributeType;

namespace {

// RFC 8489, section 9.2.5 sets no limit to 438; against a relay that likes no nonce there must be
// one (PROTOCOL A19).
constexpr std::uint8_t most_challenges = 3;

constexpr bool is(int code, stun::ErrorCode expected) {
  return code == static_cast<int>(expected);
}

bool is_challenge(int code) {
  return is(code, stun::ErrorCode::unauthenticated) || is(code, stun::ErrorCode::stale_nonce);
}

// 0 for a success, and for an error without a proper ERROR-CODE.
int code_of(const stun::MessageView& message) {
  if (message.message_class() != stun::Class::error) return 0;
  const auto error = message.error();
  return error ? error->code : 0;
}

// The first relayed address that is one; some relays add 0.0.0.0:0 (PROTOCOL C5).
std::optional<Endpoint> relayed_address(const stun::MessageView& message, AddressFamily family) {
  std::optional<Endpoint> relayed;
  message.for_each([&](const stun::Attribute& attribute) {
    if (relayed || attribute.type != AttributeType::xor_relayed_address) return;
    const auto address = message.xor_address(attribute);
    if (!address || address->family() != family) return;
    if (address->port != 0 && !address->ip.is_unspecified()) relayed = *address;
  });
  return relayed;
}

}  // namespace

void Client::handle_answer(std::uint32_t session_id, const stun::MessageView& message,
                           Instant now) {
  const Session& session = *find_session(session_id);
  const auto* entry = requests_.outstanding().find(message.id(), session.local, session.server);
  if (entry == nullptr || method_of(entry->tag.kind) != message.method()) {
    ++counters_.unmatched;
    return;
  }
  const Order order = entry->tag;
  const stun::TransactionId id = message.id();
  const int code = code_of(message);
  if (is_challenge(code) && challenged(order, id, code, message, now)) return;
  // Verified before anything is touched: what fails here was never received (BUGS C19). Nothing
  // signs the answer to a bare Allocate, so only a challenge counts there.
  if (order.kind == Kind::probe || !message.verifies(session.credentials.key())) {
    ++counters_.unauthenticated;
    return;
  }
  answered(session, id, now);
  if (message.message_class() == stun::Class::success && !demands_the_unknown(message)) {
    succeeded(order, message, now);
  } else {
    refused(order, code, now);
  }
}

// An error as well as a success.
void Client::answered(const Session& session, const stun::TransactionId& id, Instant now) {
  auto& outstanding = requests_.outstanding();
  const auto* entry = outstanding.find(id, session.local, session.server);
  CHECK(entry != nullptr);
  if (const auto measured = entry->transaction.round_trip(now)) {
    round_trips_.answered(session.server.ip, *measured, now);
  }
  outstanding.finish(id);
  if (session.stage == Stage::allocated) allocation_->keep_alive().heard(now);
}

bool Client::challenged(const Order& order, const stun::TransactionId& id, int code,
                        const stun::MessageView& message, Instant now) {
  Session& session = session_of(order);
  const bool stale = is(code, stun::ErrorCode::stale_nonce);
  if (stale && order.kind == Kind::probe) return false;
  const auto nonce = message.text(AttributeType::nonce);
  if (!nonce) return false;
  // 438 may leave the realm as it was.
  auto realm = message.text(AttributeType::realm);
  if (!realm && stale) realm = session.credentials.realm();
  if (!realm || (config_.expected_realm && *realm != *config_.expected_realm)) return false;

  // The old id is retired: a second copy of this challenge finds nothing (BUGS C21).
  answered(session, id, now);
  const bool nothing_new =
      !stale && session.credentials.known() && session.credentials.realm() == *realm;
  if (nothing_new) {
    credentials_refused(order, now);
    return true;
  }
  session.credentials.learn(config_.username, config_.password, *realm, *nonce);
  if (order.kind == Kind::probe) {
    won(order.session);
    allocate(*find_session(order.session), 0);
    return true;
  }
  if (order.challenges >= most_challenges) {
    challenged_too_often(order, now);
    return true;
  }
  Order again = order;
  ++again.challenges;
  if (order.kind == Kind::allocate) {
    allocate(session, again.challenges);
  } else {
    requests_.enqueue(again);
  }
  return true;
}

void Client::challenged_too_often(const Order& order, Instant now) {
  switch (order.kind) {
    case Kind::probe:
      break;
    case Kind::allocate:
      return fail_attempt(AttemptFailure::stale_nonce_loop,
                          static_cast<int>(stun::ErrorCode::stale_nonce), now);
    case Kind::evict:
      return mismatched(now);
    case Kind::release:
      return drop_session(order.session);
    case Kind::refresh:
      if (allocation_->server_error(now)) return;
      return lost_allocation(RemovalReason::refused, Leave::drop, now);
    case Kind::bind:
    case Kind::permit:
      return retry_peer(order, now + config_.capacity_pause);
  }
  CHECK(false);
}

// 401 although user, realm and password are those it asked for: no retry (PROTOCOL A18).
void Client::credentials_refused(const Order& order, Instant now) {
  switch (order.kind) {
    case Kind::allocate:
    case Kind::evict:
      return fail_attempt(AttemptFailure::credentials_refused,
                          static_cast<int>(stun::ErrorCode::unauthenticated), now);
    case Kind::release:
      return drop_session(order.session);
    case Kind::refresh:
    case Kind::bind:
    case Kind::permit:
      return lost_allocation(RemovalReason::credentials_refused, Leave::drop, now);
    case Kind::probe:
      break;
  }
  CHECK(false);
}

void Client::succeeded(const Order& order, const stun::MessageView& message, Instant now) {
  switch (order.kind) {
    case Kind::allocate:
      return allocated(order, message, now);
    case Kind::evict:
      return allocate(session_of(order), 0);
    case Kind::release:
      return drop_session(order.session);
    case Kind::refresh:
      return refreshed(order, message, now);
    case Kind::bind:
      if (channels_.confirmed(order.peer, order.asked_at, now)) {
        events_.push(ChannelBound{order.peer, *ChannelNumber::parse(order.channel)});
      }
      return;
    case Kind::permit:
      if (permissions_.confirmed(order.peer, order.asked_at, now)) {
        events_.push(PermissionInstalled{order.peer});
      }
      return;
    case Kind::probe:
      break;
  }
  CHECK(false);
}

void Client::allocated(const Order& order, const stun::MessageView& message, Instant now) {
  const auto relayed = relayed_address(message, config_.relay_family);
  const auto mapped = message.xor_address(AttributeType::xor_mapped_address);
  const auto lifetime = message.lifetime();
  Session& session = session_of(order);
  if (!relayed || !mapped || !lifetime || order.asked_at + *lifetime <= now) {
    // The relay holds something that is of no use here (PROTOCOL C3).
    release_session(session.id);
    return fail_attempt(AttemptFailure::unusable_answer, 0, now);
  }
  session.stage = Stage::allocated;
  last_held_ = Path{session.local, session.server};
  mismatches_ = 0;
  allocation_.emplace(RelayedAddress{*relayed}, ClientAddress{*mapped}, config_.keep_alive, now);
  allocation_->granted(*lifetime, order.asked_at, now);
  channels_.allocated(now);
  permissions_.allocated(now);
  events_.push(CandidateAdded{allocation_->relayed(), allocation_->mapped()});
}

void Client::refreshed(const Order& order, const stun::MessageView& message, Instant now) {
  // A relay that names no lifetime leaves it as it was.
  const Duration lifetime = message.lifetime().value_or(allocation_->lifetime());
  if (order.asked_at + lifetime <= now) {
    return lost_allocation(RemovalReason::expired, Leave::drop, now);
  }
  allocation_->granted(lifetime, order.asked_at, now);
}

void Client::refused(const Order& order, int code, Instant now) {
  switch (order.kind) {
    case Kind::allocate:
      return allocate_refused(order, code, now);
    case Kind::evict:
      // 437: there was nothing to delete after all.
      if (is(code, stun::ErrorCode::allocation_mismatch)) return allocate(session_of(order), 0);
      return mismatched(now);
    case Kind::release:
      return drop_session(order.session);
    case Kind::refresh:
      return refresh_refused(code, now);
    case Kind::bind:
    case Kind::permit:
      return peer_request_refused(order, code, now);
    case Kind::probe:
      break;
  }
  CHECK(false);
}

void Client::allocate_refused(const Order& order, int code, Instant now) {
  Session& session = session_of(order);
  if (is(code, stun::ErrorCode::allocation_mismatch)) {
    // An allocation that we made ourselves can be deleted first, and once (BUGS C09).
    const bool ours = session.allocates > 1 || last_held_ == Path{session.local, session.server};
    if (!ours || session.evicted) return mismatched(now);
    session.evicted = true;
    session.stage = Stage::evicting;
    requests_.enqueue({.kind = Kind::evict, .session = session.id});
    return;
  }
  if (is(code, stun::ErrorCode::allocation_quota_reached) ||
      is(code, stun::ErrorCode::insufficient_capacity)) {
    return fail_attempt(AttemptFailure::no_capacity, code, now);
  }
  if (code >= 500 && ++session.server_errors <= most_server_errors) {
    return schedule_.again_at(now + config_.server_error_pause);
  }
  if (code >= 500 || code == 0) return fail_attempt(AttemptFailure::server_error, code, now);
  fail_attempt(AttemptFailure::refused, code, now);
}

void Client::refresh_refused(int code, Instant now) {
  if (is(code, stun::ErrorCode::allocation_mismatch)) {
    return lost_allocation(RemovalReason::forgotten, Leave::drop, now);
  }
  if (code >= 500 && allocation_->server_error(now)) return;
  lost_allocation(RemovalReason::refused, Leave::drop, now);
}

bool Client::peer_server_error(const Order& order, int code, Instant now) {
  const bool is_full = is(code, stun::ErrorCode::insufficient_capacity);
  const Instant retry_at = now + (is_full ? config_.capacity_pause : config_.server_error_pause);
  if (order.kind == Kind::bind) return channels_.server_error(order.peer, retry_at);
  return permissions_.server_error(order.peer, retry_at);
}

void Client::peer_request_refused(const Order& order, int code, Instant now) {
  if (is(code, stun::ErrorCode::allocation_mismatch)) {
    return lost_allocation(RemovalReason::forgotten, Leave::drop, now);
  }
  if (order.kind == Kind::bind && is(code, stun::ErrorCode::bad_request)) {
    // The relay's table is not what we believe it to be: start over (RFC 8656, section 12).
    return lost_allocation(RemovalReason::channel_conflict, Leave::release, now);
  }
  if (code >= 500 && peer_server_error(order, code, now)) return;
  if (order.kind == Kind::bind) {
    channels_.refused(order.peer);
  } else {
    permissions_.refused(order.peer);
  }
  events_.push(PeerRefused{order.peer, code});
}

}  // namespace tickover::turn
