#include "core/turn/server/channel_table.h"

#include <algorithm>

#include "core/check.h"

namespace tickover::turn {

const ChannelTable::Channel* ChannelTable::at(ChannelNumber number) const {
  const auto found = std::ranges::lower_bound(channels_, number, {}, &Channel::number);
  return found != channels_.end() && found->number == number ? &*found : nullptr;
}

const ChannelTable::ByPeer* ChannelTable::at(const Endpoint& peer) const {
  const auto found = std::ranges::lower_bound(peers_, peer, {}, &ByPeer::peer);
  return found != peers_.end() && found->peer == peer ? &*found : nullptr;
}

const ChannelTable::Channel* ChannelTable::find(ChannelNumber number, Instant now) const {
  const Channel* channel = at(number);
  return channel != nullptr && now < channel->expiry ? channel : nullptr;
}

const ChannelTable::Channel* ChannelTable::find(const Endpoint& peer, Instant now) const {
  const ByPeer* entry = at(peer);
  return entry != nullptr ? find(entry->number, now) : nullptr;
}

bool ChannelTable::conflicts(ChannelNumber number, const Endpoint& peer) const {
  const Channel* same_number = at(number);
  const ByPeer* same_peer = at(peer);
  return (same_number != nullptr && same_number->peer != peer) ||
         (same_peer != nullptr && same_peer->number != number);
}

void ChannelTable::find_earliest() {
  earliest_ = Instant::never();
  for (const Channel& channel : channels_) earliest_ = std::min(earliest_, channel.expiry);
}

bool ChannelTable::bind(ChannelNumber number, const Endpoint& peer, Instant expiry) {
  CHECK(!conflicts(number, peer));
  const auto found = std::ranges::lower_bound(channels_, number, {}, &Channel::number);
  if (found != channels_.end() && found->number == number) {
    found->expiry = expiry;
    find_earliest();
    return false;
  }
  channels_.insert(found, {number, peer, expiry});
  earliest_ = std::min(earliest_, expiry);
  peers_.insert(std::ranges::lower_bound(peers_, peer, {}, &ByPeer::peer), {peer, number});
  return true;
}

void ChannelTable::index_peers() {
  peers_.clear();
  for (const Channel& channel : channels_) peers_.push_back({channel.peer, channel.number});
  std::ranges::sort(peers_, {}, &ByPeer::peer);
}

bool ChannelTable::is_consistent() const {
  const auto mirrored = [&](const ByPeer& entry) {
    const Channel* channel = at(entry.number);
    return channel != nullptr && channel->peer == entry.peer;
  };
  ChannelTable fresh = *this;
  fresh.find_earliest();
  return fresh.earliest_ == earliest_ && channels_.size() == peers_.size() &&
         std::ranges::is_sorted(channels_, std::ranges::less_equal{}, &Channel::number) &&
         std::ranges::is_sorted(peers_, std::ranges::less_equal{}, &ByPeer::peer) &&
         std::ranges::all_of(peers_, mirrored);
}

}  // namespace tickover::turn
