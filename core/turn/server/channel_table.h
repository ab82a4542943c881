#pragma once

#include <vector>

#include "core/address.h"
#include "core/time.h"
#include "core/turn/channel_data.h"

namespace tickover::turn {

/// The channels of one relayed address (RFC 8656, section 12): number and peer are each bound at
/// most once here, and say nothing about other relayed addresses (BUGS D01). A channel is gone at
/// the very instant of its expiry; both can then be bound anew at once (PROTOCOL W9).
class ChannelTable {
 public:
  struct Channel {
    ChannelNumber number;
    Endpoint peer;
    Instant expiry;
    bool operator==(const Channel&) const = default;
  };

  const Channel* find(ChannelNumber number, Instant now) const;
  const Channel* find(const Endpoint& peer, Instant now) const;
  /// Whether number or peer is bound to something else.
  bool conflicts(ChannelNumber number, const Endpoint& peer) const;
  const std::vector<Channel>& entries() const { return channels_; }  // by number
  std::size_t size() const { return channels_.size(); }
  /// Never if there is none.
  Instant earliest_expiry() const { return earliest_; }
  /// Whether both orders hold the same channels, and the earliest expiry is one of theirs.
  bool is_consistent() const;

  /// Binds or refreshes a pair that does not conflict (CHECK); true if it is new.
  bool bind(ChannelNumber number, const Endpoint& peer, Instant expiry);
  /// Removes what has expired, reporting each (const Channel&).
  template <class Report>
  void expire(Instant now, Report&& report) {
    const auto gone = [&](const Channel& channel) { return channel.expiry <= now; };
    for (const Channel& channel : channels_) {
      if (gone(channel)) report(channel);
    }
    if (std::erase_if(channels_, gone) == 0) return;
    index_peers();
    find_earliest();
  }

  bool operator==(const ChannelTable&) const = default;

 private:
  struct ByPeer {
    Endpoint peer;
    ChannelNumber number;
    bool operator==(const ByPeer&) const = default;
  };
  const Channel* at(ChannelNumber number) const;
  const ByPeer* at(const Endpoint& peer) const;
  void index_peers();
  void find_earliest();

  std::vector<Channel> channels_;  // by number
  std::vector<ByPeer> peers_;      // by peer
  Instant earliest_ = Instant::never();
};

}  // namespace tickover::turn
