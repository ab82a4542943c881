#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <vector>

#include "core/random.h"
#include "core/turn/client/config.h"
#include "core/turn/client/event.h"
#include "core/turn/client/timer.h"

namespace tickover::turn::client {

/// The channels of one allocation after another: which peers are wanted, which numbers they have,
/// and what may be believed about them (RFC 8656, section 12).
///
/// Two beliefs, both on the safe side. What we send trusts only a confirmed bind, counted from the
/// first copy of its request. What we keep blocked, and what we accept, counts from the last copy,
/// answered or not: the relay may have taken it (PROTOCOL H4, H5).
class Channels {
 public:
  static constexpr Duration lifetime = std::chrono::minutes(10);
  static constexpr Duration permission_lifetime = std::chrono::minutes(5);
  /// After its end a number serves no other peer, and a peer gets no other number (PROTOCOL W9).
  static constexpr Duration cool_down = std::chrono::minutes(5);

  struct Bind {
    PeerAddress peer;
    std::uint16_t number = 0;
  };

  Channels(const ClientConfig& config, Random& random);

  // Queries.
  /// The peer's channel, if it is confirmed and still bound at the relay.
  std::optional<ChannelNumber> usable(const PeerAddress& peer, Instant now) const;
  /// Whose data arrives on this number; nothing if the permission behind it is gone (H11).
  std::optional<PeerAddress> sender(ChannelNumber number, Instant now) const;
  /// Whether a bind has installed a permission for this address, surely or possibly.
  bool surely_permits(const IpAddress& ip, Instant now) const;
  bool possibly_permits(const IpAddress& ip, Instant now) const;
  bool has_room_for(const PeerAddress& peer) const;
  Due due() const { return due_; }

  // Commands. `want` needs room (CHECK).
  void want(const PeerAddress& peer, Instant now);
  /// The channel is renewed no more. False if it was not wanted.
  bool release(const PeerAddress& peer);

  // The allocation comes and goes. Wanted peers stay.
  void allocated(Instant now);
  void deallocated();

  // Time.
  std::vector<Bind> take_due(Instant now);
  /// Confirmed channels that ended. Forgets those whose cool-down is over.
  std::vector<PeerAddress> take_expired(Instant now);

  // The fate of a bind.
  void sent(const PeerAddress& peer, Instant now);
  /// True if the peer had no usable channel before.
  bool confirmed(const PeerAddress& peer, Instant asked_at, Instant now);
  void failed(const PeerAddress& peer, Instant retry_at);
  /// A 5xx. False if there were so many in a row that the request has failed.
  bool server_error(const PeerAddress& peer, Instant retry_at);
  /// A 400. False if the allocation before this one has ended by one for this peer: then it is the
  /// peer that the relay does not like, and not our table.
  bool conflicted(const PeerAddress& peer);
  void refused(const PeerAddress& peer);

  bool operator==(const Channels&) const = default;

 private:
  struct Channel {
    PeerAddress peer;
    std::optional<ChannelNumber> number = {};
    bool wanted = true;
    bool binding = false;    // queued or under way
    bool confirmed = false;  // until expires_at
    Instant bind_at = Instant::never();
    Instant expires_at = long_ago;
    Instant permitted_until = long_ago;
    std::uint8_t server_errors = 0;  // in a row
    Instant last_sent = long_ago;    // the last copy of any bind
    bool conflicted = false;  // the last answer to a bind was 400, even on another allocation

    bool operator==(const Channel&) const = default;
  };
  /// The index by number; it mirrors the numbers of `channels_`.
  struct Slot {
    ChannelNumber number;
    PeerAddress peer;
    bool operator==(const Slot&) const = default;
  };
  using Iterator = std::vector<Channel>::iterator;

  static bool possibly_permitted(const Channel& channel, Instant now);
  static Instant free_at(const Channel& channel);
  Iterator place_of(const PeerAddress& peer);
  Channel* find(const PeerAddress& peer);
  const Channel* find(const PeerAddress& peer) const;
  void give_number(Channel& channel);
  void drop_number(const Channel& channel);
  Due due_of(const Channel& channel) const;
  void recompute_due();

  Duration refresh_period_;
  std::uint16_t first_;
  std::uint16_t last_;
  std::uint16_t next_;  // the ring's next candidate; it goes on across allocations (BUGS C11)
  bool active_ = false;
  std::vector<Channel> channels_;  // by peer
  std::vector<Slot> slots_;        // by number
  Due due_;
};

}  // namespace tickover::turn::client
