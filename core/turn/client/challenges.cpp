#include "core/check.h"
#include "core/turn/client/client.h"

// What the relay says about who may ask, and where: 401, 438 and 300.

namespace tickover::turn {

using namespace client;
using stun::AttributeType;

namespace {

// RFC 8489, section 9.2.5 sets no limit to 438; against a relay that likes no nonce there must be
// one (PROTOCOL A19).
constexpr std::uint8_t most_challenges = 3;

// Every request echoes PASSWORD-ALGORITHMS, and anybody can send a list of 64 KiB, unsigned. With
// texts of the longest legal size, one that is no longer than this fits into largest_request.
constexpr std::size_t longest_algorithms = 512;

AttemptFailure failure_of(Credentials::Refusal refusal) {
  switch (refusal) {
    case Credentials::Refusal::no_common_algorithm:
      return AttemptFailure::no_common_algorithm;
    case Credentials::Refusal::name_not_hidden:
      break;
  }
  return AttemptFailure::name_not_hidden;
}

RemovalReason loss_of(AttemptFailure failure) {
  switch (failure) {
    case AttemptFailure::bid_down:
      return RemovalReason::bid_down;
    case AttemptFailure::no_common_algorithm:
      return RemovalReason::no_common_algorithm;
    case AttemptFailure::name_not_hidden:
      return RemovalReason::name_not_hidden;
    default:
      return RemovalReason::credentials_refused;
  }
}

}  // namespace

bool Client::challenged(const Order& order, const stun::TransactionId& id, int code,
                        const stun::MessageView& message, Instant now) {
  Session& session = session_of(order);
  const bool stale = code == static_cast<int>(stun::ErrorCode::stale_nonce);
  if (stale && order.kind == Kind::probe) return false;
  const auto nonce = message.text(AttributeType::nonce);
  const auto algorithms = message.password_algorithms();
  if (!nonce || (!algorithms && algorithms.error() == stun::Lack::malformed)) return false;
  if (algorithms && algorithms->bytes().size() > longest_algorithms) return false;
  // 438 may leave the realm as it was.
  auto realm = message.text(AttributeType::realm);
  if (!realm && stale) realm = session.credentials.realm();
  if (!realm || (config_.expected_realm && *realm != *config_.expected_realm)) return false;

  const auto* entry = requests_.outstanding().find(id, session.local, session.server);
  const bool had_copies = entry->transaction.sends() > 1;
  // The old id is retired: a second copy of this challenge finds nothing (BUGS C21).
  answered(session, id, now);
  if (hides_algorithms(message)) {
    challenge_refused(order, AttemptFailure::bid_down, code, now);
    return true;
  }
  // User, realm and password are those that were refused: no retry (PROTOCOL A18).
  const Credentials& known = session.credentials;
  const bool is_same_login = order.login == login_ || known.username() != config_.username;
  if (!stale && known.known() && known.realm() == *realm && is_same_login) {
    challenge_refused(order, AttemptFailure::credentials_refused, code, now);
    return true;
  }
  const Challenge challenge{*realm, *nonce, algorithms ? std::optional(*algorithms) : std::nullopt};
  // A stale nonce says nothing against the password: a new one waits until the old one is refused.
  const std::uint32_t login = stale ? known.login() : login_;
  if (const auto refusal = session.credentials.learn(challenge, config_, login)) {
    challenge_refused(order, failure_of(*refusal), code, now);
    return true;
  }
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
  if (order.kind == Kind::allocate && had_copies) {
    // A copy before this one may have made an allocation, as another client for a NAT that then
    // gave us another address. With a second one of the same socket, the NAT's next change would
    // make us refresh the first and lose the second unseen: so this socket makes no other (C2).
    const Endpoint server = session.server;
    release_session(order.session);
    if (++mismatches_ < most_challenges) {
      open_session(server);
    } else {
      challenged_too_often(order, now);
    }
  } else if (order.kind == Kind::allocate) {
    allocate(session, again.challenges);
  } else if (order.kind == Kind::refresh) {
    requests_.enqueue_first(again);
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

// A challenge that is not answered.
void Client::challenge_refused(const Order& order, AttemptFailure why, int code, Instant now) {
  switch (order.kind) {
    case Kind::probe:
      return lost_probe(order.session, why, now);
    case Kind::allocate:
    case Kind::evict:
      return fail_attempt(why, code, now);
    case Kind::release:
      return drop_session(order.session);
    case Kind::refresh:
    case Kind::bind:
    case Kind::permit:
      return lost_allocation(loss_of(why), Leave::drop, now);
  }
  CHECK(false);
}

// The same user goes on to another relay; everything else was learned from this one, and stays here
// (BUGS C23).
void Client::redirected(const Order& order, const stun::MessageView& message, Instant now) {
  const auto target = redirects_.follow(message, session_of(order).server, now);
  if (!target) {
    return fail_attempt(AttemptFailure::redirected_in_vain,
                        static_cast<int>(stun::ErrorCode::try_alternate), now);
  }
  abandon(RemovalReason::restarted, Leave::drop, now);
  open_session(*target);
}

}  // namespace tickover::turn
