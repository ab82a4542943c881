#include <algorithm>
#include <utility>

#include "core/check.h"
#include "core/turn/client/attributes.h"
#include "core/turn/client/client.h"

// What the relay answers.

namespace tickover::turn {

using namespace client;
using stun::AttributeType;

namespace {

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
  // Verified before anything is touched: what fails here was never received (BUGS C19), but for
  // the name of the failure if nothing better comes (PROTOCOL A21).
  if (!is_trusted(order, message)) {
    ++counters_.unauthenticated;
    if (!is_challenge(code)) {
      requests_.outstanding().find_tag(id, session.local, session.server)->violated = true;
    }
    return;
  }
  answered(session, id, now);
  const bool allocates = order.kind == Kind::probe || order.kind == Kind::allocate;
  if (allocates && is(code, stun::ErrorCode::try_alternate)) {
    return redirected(order, message, now);
  }
  if (message.message_class() == stun::Class::success && !demands_the_unknown(message)) {
    succeeded(order, message, now);
  } else {
    refused(order, code, now);
  }
}

// Nothing signs the answer to a bare Allocate, so only a challenge counts there.
bool Client::is_trusted(const Order& order, const stun::MessageView& message) const {
  if (hides_algorithms(message)) return false;  // PROTOCOL A16
  const Session& session = *std::ranges::find(sessions_, order.session, &Session::id);
  if (order.kind != Kind::probe && session.credentials.verify(message)) return true;
  if (message.has_integrity() || message.has_integrity_sha256()) return false;
  switch (static_cast<stun::ErrorCode>(code_of(message))) {
    case stun::ErrorCode::allocation_mismatch:
    case stun::ErrorCode::wrong_credentials:
      return config_.accept_unsigned_errors && order.kind != Kind::probe;
    case stun::ErrorCode::try_alternate:
      return config_.follow_unsigned_redirect;
    default:
      return false;
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
  auto relayed = relayed_address(message, config_.relay_family);
  auto additional = config_.additional_ipv6 ? relayed_address(message, AddressFamily::ipv6)
                                            : std::optional<Endpoint>();
  if (!relayed) relayed = std::exchange(additional, {});  // half is better than none (PROTOCOL C5)
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
  redirects_ = {};  // it was no circle: a later Allocate may be sent the same way
  allocation_.emplace(RelayedAddress{*relayed},
                      additional ? std::optional(RelayedAddress{*additional}) : std::nullopt,
                      ClientAddress{*mapped}, config_.keep_alive, now);
  allocation_->granted(*lifetime, order.asked_at, now);
  channels_.allocated(now);
  permissions_.allocated(now);
  events_.push(CandidateAdded{allocation_->relayed(), allocation_->mapped()});
  if (additional) events_.push(CandidateAdded{{*additional}, allocation_->mapped()});
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
  if (order.kind == Kind::bind && is(code, stun::ErrorCode::bad_request) &&
      channels_.conflicted(order.peer)) {
    // The relay's table is not what we believe it to be: start over (RFC 8656, section 12.3).
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
