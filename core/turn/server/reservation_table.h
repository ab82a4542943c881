#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/check.h"
#include "core/stun/message_view.h"
#include "core/time.h"
#include "core/turn/addresses.h"
#include "core/turn/server/authenticator.h"

namespace tickover::turn {

/// The odd port beside an even one, kept for the user who asked for it by EVEN-PORT: whoever of
/// that user shows the token first gets it, from any 5-tuple (RFC 8656, section 7.2; PROTOCOL R11).
struct Reservation {
  stun::ReservationToken token{};
  RelayedAddress port;
  UserId owner{};  // on whose quota it counts
  std::string username;
  Instant expiry = Instant::never();  // as long as the answer that tells the token is not given

  bool operator==(const Reservation&) const = default;
};

/// The reserved ports, in the order of their making. They are few: the server's configuration
/// limits them, and each counts as an allocation of its owner (PROTOCOL AB10).
class ReservationTable {
 public:
  std::size_t size() const { return entries_.size(); }
  std::size_t held_by(UserId account) const {
    return static_cast<std::size_t>(std::ranges::count(entries_, account, &Reservation::owner));
  }
  const std::vector<Reservation>& entries() const { return entries_; }
  const Reservation* find(const stun::ReservationToken& token) const {
    const auto at = std::ranges::find(entries_, token, &Reservation::token);
    return at == entries_.end() ? nullptr : &*at;
  }
  /// Never if there is none.
  Instant earliest_expiry() const { return earliest_; }
  bool is_consistent() const { return earliest_ == find_earliest(); }

  /// The token must be new (CHECK).
  void add(const Reservation& reservation) {
    CHECK(find(reservation.token) == nullptr);
    entries_.push_back(reservation);
    earliest_ = find_earliest();
  }
  /// `token` must be there (CHECK), here and below.
  void set_expiry(const stun::ReservationToken& token, Instant expiry) {
    place(token)->expiry = expiry;
    earliest_ = find_earliest();
  }
  Reservation remove(const stun::ReservationToken& token) {
    const auto at = place(token);
    const Reservation gone = *at;
    entries_.erase(at);
    earliest_ = find_earliest();
    return gone;
  }
  /// Removes one that has expired; nothing if there is none.
  std::optional<Reservation> expire(Instant now) {
    if (now < earliest_) return {};
    return remove(std::ranges::find(entries_, earliest_, &Reservation::expiry)->token);
  }

  bool operator==(const ReservationTable&) const = default;

 private:
  std::vector<Reservation>::iterator place(const stun::ReservationToken& token) {
    const auto at = std::ranges::find(entries_, token, &Reservation::token);
    CHECK(at != entries_.end());
    return at;
  }
  Instant find_earliest() const {
    Instant first = Instant::never();
    for (const Reservation& r : entries_) first = std::min(first, r.expiry);
    return first;
  }

  std::vector<Reservation> entries_;
  Instant earliest_ = Instant::never();
};

}  // namespace tickover::turn
