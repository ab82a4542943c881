#include "core/check.h"
#include "core/turn/client/client.h"
#include "core/turn/client/request_writer.h"

// What the passing of time does.

namespace tickover::turn {

using namespace client;

Due Client::due() const {
  Due next = requests_.due();
  if (allocation_) next = sooner(next, allocation_->due());
  next = sooner(next, channels_.due());
  next = sooner(next, permissions_.due());
  return sooner(next, schedule_.due());
}

void Client::handle_timeout(Instant now) {
  begin_change(now);
}

// Whatever is due by now happens before the change itself, as if the owner had woken us on time.
void Client::begin_change(Instant now) {
  events_.begin_change();
  if (next_due_.is_due(now)) settle(now);
}

void Client::settle(Instant now) {
  // A timer that runs may make another one due at once, but none makes itself due again.
  int rounds = 0;
  for (next_due_ = due(); next_due_.is_due(now); next_due_ = due()) {
    CHECK(++rounds <= 16);
    run_timers(now);
  }
}

void Client::run_timers(Instant now) {
  retransmit(now);
  if (allocation_ && now >= allocation_->expires_at()) {
    lost_allocation(RemovalReason::expired, Leave::drop, now);
  }
  for (const PeerAddress& peer : channels_.take_expired(now)) events_.push(PeerLost{peer});
  for (const PeerAddress& peer : permissions_.take_expired(now)) events_.push(PeerLost{peer});
  enqueue_due(now);
  if (schedule_.due().is_due(now)) resume_attempt();
  while (const auto order = requests_.next(now)) start(*order, now);
}

void Client::retransmit(Instant now) {
  while (const auto ticked = requests_.outstanding().handle_timeout(now)) {
    const Order order = ticked->tag;
    if (ticked->verdict == stun::Verdict::give_up) {
      give_up(order, now);
      continue;
    }
    transmit(session_of(order), ticked->request, now);
    round_trips_.asked(ticked->server.ip, now);
    if (order.kind == Kind::bind) channels_.sent(order.peer, now);
    if (order.kind == Kind::permit) permissions_.sent(order.peer, now);
  }
}

void Client::enqueue_due(Instant now) {
  if (!allocation_) return;
  const std::uint32_t session = allocated_session()->id;
  // It has not expired, so what is due of it can only be a Refresh.
  if (allocation_->due().is_due(now)) ask_for_refresh(session, now);
  for (const Channels::Bind& bind : channels_.take_due(now)) {
    requests_.enqueue(
        {.kind = Kind::bind, .session = session, .peer = bind.peer, .channel = bind.number});
  }
  for (const PeerAddress& peer : permissions_.take_due(now)) {
    requests_.enqueue({.kind = Kind::permit, .session = session, .peer = peer});
  }
}

// After a whole silence of the relay the Refresh starts now, whatever else is under way: one that
// was asked for before its last word would prove nothing when it is given up (BUGS P9).
void Client::ask_for_refresh(std::uint32_t session, Instant now) {
  requests_.enqueue_first({.kind = Kind::refresh, .session = session});
  allocation_->refreshing();
  if (!allocation_->keep_alive().is_silent(now)) return;
  requests_.make_room();
  allocation_->refresh_asked(now);
}

void Client::start(Order order, Instant now) {
  const Session& session = session_of(order);
  const auto id = stun::TransactionId::draw(random_);
  std::array<std::uint8_t, largest_request> buffer;
  const Bytes request = write_request(buffer, order, id, config_, session.credentials);
  order.asked_at = now;
  order.login = session.credentials.login();
  order.violated = false;
  transmit(session, request, now);
  if (order.kind == Kind::bind) channels_.sent(order.peer, now);
  if (order.kind == Kind::permit) permissions_.sent(order.peer, now);
  if (order.kind == Kind::refresh) allocation_->refresh_asked(now);
  const auto policy =
      config_.measure_round_trip
          ? round_trips_.policy(config_.backoff, config_.longest_rto, session.server.ip, now)
          : config_.backoff;
  requests_.outstanding().start(id, session.local, session.server, request, policy, now, order);
  round_trips_.asked(session.server.ip, now);
}

// No answer came, or the host says that none will. The request is no longer outstanding.
void Client::give_up(const Order& order, Instant now) {
  // What never left the host says nothing about the relay (BUGS C15), and one that spoke meanwhile
  // is not dead.
  const bool was_refused = session_of(order).refused_at >= order.asked_at;
  const bool is_inconclusive =
      was_refused || (allocation_ && allocation_->keep_alive().heard_after(order.asked_at));
  const auto failure =
      order.violated ? AttemptFailure::integrity_violated : AttemptFailure::unanswered;
  const auto loss = order.violated ? RemovalReason::integrity_violated : RemovalReason::unreachable;
  switch (order.kind) {
    case Kind::probe:
      return lost_probe(order.session, failure, now);
    case Kind::allocate:
      return fail_attempt(failure, 0, now);
    case Kind::evict:
      return mismatched(now);
    case Kind::release:
      return drop_session(order.session);
    case Kind::refresh:
      // Again at once, as long as it lives; else it is lost at once (BUGS C07).
      if (is_inconclusive) return allocation_->refresh_again_at(now);
      return lost_allocation(loss, Leave::drop, now);
    case Kind::bind:
    case Kind::permit:
      if (is_inconclusive) return retry_peer(order, now + config_.first_pause);
      return lost_allocation(loss, Leave::drop, now);
  }
}

void Client::retry_peer(const Order& order, Instant at) {
  if (order.kind == Kind::bind) {
    channels_.failed(order.peer, at);
  } else {
    permissions_.failed(order.peer, at);
  }
}

}  // namespace tickover::turn
