#pragma once

#include <cstdint>
#include <optional>

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
  Instant asked_at = {};        // when the first copy left

  bool operator==(const Order&) const = default;
};

/// The transactions with one relay: at most ten at a time, the rest wait in order (RFC 8489,
/// section 6.2; PROTOCOL T3).
class Requests {
 public:
  using Outstanding = stun::Transactions<Order>;

  Outstanding& outstanding() { return outstanding_; }
  Due due() const {
    if (outstanding_.empty()) return {};
    return {*outstanding_.poll_timeout(), Timer::retransmit};
  }

  void enqueue(const Order& order) { waiting_.push(order); }
  bool has_next() const { return !waiting_.empty() && !outstanding_.is_full(); }
  /// The next order, if there is one and room for it.
  std::optional<Order> next() {
    if (!has_next()) return {};
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
  Outstanding outstanding_;
  Fifo<Order> waiting_;
};

}  // namespace tickover::turn::client
