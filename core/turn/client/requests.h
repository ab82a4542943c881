#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/fifo.h"
#include "core/stun/transaction.h"
#include "core/stun/types.h"
#include "core/turn/addresses.h"
#include "core/turn/client/timer.h"

namespace tickover::turn::client {

/// What a request is for. `evict` and `release` are both Refresh with LIFETIME 0: one before
/// allocating, the other when leaving.
enum class Kind : std::uint8_t {
  probe,  // the bare Allocate
  allocate,
  evict,
  refresh,
  bind,
  permit,
  release,
};

constexpr stun::Method method_of(Kind kind) {
  switch (kind) {
    case Kind::probe:
    case Kind::allocate:
      return stun::Method::allocate;
    case Kind::evict:
    case Kind::refresh:
    case Kind::release:
      return stun::Method::refresh;
    case Kind::bind:
      return stun::Method::channel_bind;
    case Kind::permit:
      break;
  }
  return stun::Method::create_permission;
}

/// A request to be made; its bytes are written only when its turn comes, with the newest nonce.
struct Order {
  Kind kind{};
  std::uint32_t session = 0;
  PeerAddress peer = {};        // bind, permit
  std::uint16_t channel = 0;    // bind
  std::uint8_t challenges = 0;  // 401 and 438 answers that this order has already met
  std::uint32_t login = 0;      // the credentials' when it was signed
  bool violated = false;        // an answer came that failed verification (PROTOCOL A21)
  Instant asked_at = {};        // when the first copy left

  bool operator==(const Order&) const = default;
};

/// The transactions with one relay over all our sockets: at most ten at a time, and one start per
/// gap; the rest wait in order (RFC 8489, section 6.2; RFC 8445, section 14; PROTOCOL T3, E3). Only
/// a Refresh goes before all others, so that no queue delays the news that the relay is dead.
class Requests {
 public:
  using Outstanding = stun::Transactions<Order>;

  explicit Requests(Duration start_gap) : start_gap_(start_gap) {}

  Outstanding& outstanding() { return outstanding_; }
  Due due() const {
    Due due;
    if (!outstanding_.empty()) due = {*outstanding_.poll_timeout(), Timer::retransmit};
    return has_next() ? sooner(due, {next_start_, Timer::pacing}) : due;
  }

  void enqueue(const Order& order) { waiting_.push(order); }
  /// A Refresh, in the place of one that is queued or outstanding for the same socket.
  void enqueue_first(const Order& refresh) {
    const auto is_replaced = [&](const Order& order) {
      return order.kind == refresh.kind && order.session == refresh.session;
    };
    outstanding_.finish_if([&](const auto& entry) { return is_replaced(entry.tag); });
    std::vector<Order> rest;
    while (const auto order = waiting_.pop()) {
      if (!is_replaced(*order)) rest.push_back(*order);
    }
    waiting_.push(refresh);
    for (const Order& order : rest) waiting_.push(order);
  }
  /// Room for one more: the request that was started first waits for another turn.
  void make_room() {
    if (!outstanding_.is_full()) return;
    const auto& oldest = *outstanding_.begin();
    waiting_.push(oldest.tag);
    outstanding_.finish(oldest.transaction.id());
  }
  /// The next order, if there is one that may start now; it starts.
  std::optional<Order> next(Instant now) {
    if (!has_next() || now < next_start_) return {};
    next_start_ = now + start_gap_;
    return waiting_.pop();
  }
  /// Nothing of this session is sent or expected any more.
  void cancel(std::uint32_t session) {
    outstanding_.finish_if([&](const auto& entry) { return entry.tag.session == session; });
    for (std::size_t left = waiting_.size(); left > 0; --left) {
      const Order order = *waiting_.pop();
      if (order.session != session) waiting_.push(order);
    }
  }

  bool operator==(const Requests&) const = default;

 private:
  bool has_next() const { return !waiting_.empty() && !outstanding_.is_full(); }

  Outstanding outstanding_;
  Fifo<Order> waiting_;
  Duration start_gap_;
  Instant next_start_ = long_ago;
};

}  // namespace tickover::turn::client
