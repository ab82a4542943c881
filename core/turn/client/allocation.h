#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/turn/addresses.h"
#include "core/turn/client/keep_alive.h"
#include "core/turn/client/timer.h"

namespace tickover::turn::client {

/// What the relay granted, until when, and when to ask for more: in good time before its end, and
/// whenever it was silent for the keep-alive period. For a Refresh does more than a Binding request
/// would: only a relay that still knows this 5-tuple grants it, so a rebooted relay and a NAT that
/// moved us show at once, as 437 (BUGS P9, D09).
///
/// The lifetime counts from the first copy of the request, because that may be the one that the
/// relay took: the client never believes in it for longer than the relay does (BUGS P8).
class Allocation {
 public:
  /// However long the relay grants, it is asked again after half an hour at the latest.
  static constexpr Duration longest_trusted = std::chrono::hours(1);
  /// Between a refresh that failed for now and the next.
  static constexpr Duration refresh_pause = std::chrono::seconds(5);

  Allocation(const RelayedAddress& relayed, const std::optional<RelayedAddress>& additional,
             const ClientAddress& mapped, Duration keep_alive, Instant now)
      : relayed_(relayed),
        additional_(additional),
        mapped_(mapped),
        allocated_at_(now),
        keep_alive_(keep_alive, now) {}

  const RelayedAddress& relayed() const { return relayed_; }
  /// Of the other family, if both were asked for and came.
  const std::optional<RelayedAddress>& additional() const { return additional_; }
  /// Whether peers of this family can be reached.
  bool serves(AddressFamily family) const {
    return relayed_.endpoint.family() == family ||
           (additional_ && additional_->endpoint.family() == family);
  }
  const ClientAddress& mapped() const { return mapped_; }
  Instant allocated_at() const { return allocated_at_; }
  /// Exclusive: at this instant it is gone.
  Instant expires_at() const { return expires_at_; }
  Duration lifetime() const { return lifetime_; }
  /// Its expiry; or the next Refresh. One that is queued or under way is enough, unless the relay
  /// spoke after it was asked for, and has been silent ever since.
  Due due() const {
    const Due expiry{expires_at_, Timer::allocation_expiry};
    if (refreshing_) {
      return keep_alive_.heard_after(asked_at_) ? sooner(expiry, keep_alive_.silence_due())
                                                : expiry;
    }
    const Due refresh{refresh_at_, Timer::allocation_refresh};
    return sooner(expiry, sooner(refresh, keep_alive_.due()));
  }
  /// What passes between us and the relay.
  KeepAlive& keep_alive() { return keep_alive_; }
  const KeepAlive& keep_alive() const { return keep_alive_; }

  /// A success that grants `lifetime`, to a request first sent at `asked_at`.
  void granted(Duration lifetime, Instant asked_at, Instant now) {
    lifetime_ = lifetime;
    expires_at_ = asked_at + lifetime;
    // Of what is left: of a short lifetime, a late answer may have taken the better half.
    refresh_at_ = now + std::min(expires_at_ - now, longest_trusted) / 2;
    refreshing_ = false;
    server_errors_ = 0;
  }
  /// A Refresh is queued,
  void refreshing() {
    refreshing_ = true;
    asked_at_ = long_ago;
  }
  /// and its first copy leaves.
  void refresh_asked(Instant now) { asked_at_ = now; }
  void refresh_again_at(Instant at) {
    refreshing_ = false;
    refresh_at_ = at;
  }
  /// The relay has something on its mind; says whether to ask once more.
  bool server_error(Instant now) {
    refresh_again_at(now + refresh_pause);
    return ++server_errors_ <= most_server_errors;
  }

  bool operator==(const Allocation&) const = default;

 private:
  RelayedAddress relayed_;
  std::optional<RelayedAddress> additional_;
  ClientAddress mapped_;
  Instant allocated_at_;
  Duration lifetime_;
  Instant expires_at_;
  Instant refresh_at_;
  KeepAlive keep_alive_;
  bool refreshing_ = false;  // queued or under way
  Instant asked_at_ = long_ago;
  std::uint8_t server_errors_ = 0;
};

}  // namespace tickover::turn::client
