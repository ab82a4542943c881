#include "core/turn/client/channels.h"

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace tickover::turn::client {

Channels::Channels(const ClientConfig& config, Random& random)
    : refresh_period_(config.channel_refresh),
      first_(config.first_channel),
      last_(config.last_channel),
      next_(first_) {
  CHECK(ChannelNumber::parse(first_) && ChannelNumber::parse(last_) && first_ <= last_);
  next_ = static_cast<std::uint16_t>(first_ + random.below(last_ - first_ + 1u));
}

std::optional<ChannelNumber> Channels::usable(const PeerAddress& peer, Instant now) const {
  const Channel* channel = find(peer);
  if (channel == nullptr || !channel->confirmed || now >= channel->expires_at) return {};
  return channel->number;
}

std::optional<PeerAddress> Channels::sender(ChannelNumber number, Instant now) const {
  const auto slot = std::ranges::lower_bound(slots_, number, {}, &Slot::number);
  if (slot == slots_.end() || slot->number != number) return {};
  const Channel* channel = find(slot->peer);
  CHECK(channel != nullptr);
  if (!possibly_permitted(*channel, now)) return {};
  return channel->peer;
}

bool Channels::surely_permits(const IpAddress& ip, Instant now) const {
  return std::ranges::any_of(channels_, [&](const Channel& channel) {
    return channel.peer.endpoint.ip == ip && now < channel.permitted_until;
  });
}

bool Channels::possibly_permits(const IpAddress& ip, Instant now) const {
  return std::ranges::any_of(channels_, [&](const Channel& channel) {
    return channel.peer.endpoint.ip == ip && possibly_permitted(channel, now);
  });
}

bool Channels::has_room_for(const PeerAddress& peer) const {
  return find(peer) != nullptr || channels_.size() < last_ - first_ + std::size_t{1};
}

void Channels::want(const PeerAddress& peer, Instant now) {
  CHECK(has_room_for(peer));
  Channel* channel = find(peer);
  if (channel == nullptr) {
    channel = &*channels_.insert(place_of(peer), Channel{.peer = peer});
  } else if (channel->wanted) {
    return;
  }
  // A pair in its cool-down may be bound again at any time (RFC 8656, section 12).
  channel->wanted = true;
  channel->bind_at = now;
  recompute_due();
}

bool Channels::release(const PeerAddress& peer) {
  Channel* channel = find(peer);
  if (channel == nullptr || !channel->wanted) return false;
  channel->wanted = false;
  if (!channel->number) channels_.erase(place_of(peer));
  recompute_due();
  return true;
}

void Channels::allocated(Instant now) {
  active_ = true;
  for (Channel& channel : channels_) channel.bind_at = now;
  recompute_due();
}

void Channels::deallocated() {
  active_ = false;
  std::erase_if(channels_, [](const Channel& channel) { return !channel.wanted; });
  for (Channel& channel : channels_) {
    channel = Channel{.peer = channel.peer, .conflicted = channel.conflicted};
  }
  slots_.clear();
  recompute_due();
}

std::vector<Channels::Bind> Channels::take_due(Instant now) {
  std::vector<Bind> binds;
  if (!active_) return binds;
  for (Channel& channel : channels_) {
    if (!channel.wanted || channel.binding || channel.bind_at > now) continue;
    if (!channel.number) give_number(channel);
    channel.binding = true;
    binds.push_back({channel.peer, channel.number->value()});
  }
  recompute_due();
  return binds;
}

std::vector<PeerAddress> Channels::take_expired(Instant now) {
  std::vector<PeerAddress> expired;
  for (Channel& channel : channels_) {
    if (!channel.confirmed || channel.expires_at > now) continue;
    channel.confirmed = false;
    expired.push_back(channel.peer);
  }
  std::erase_if(channels_, [&](const Channel& channel) {
    if (channel.wanted || channel.binding || channel.confirmed) return false;
    if (free_at(channel) > now) return false;
    if (channel.number) drop_number(channel);
    return true;
  });
  recompute_due();
  return expired;
}

void Channels::sent(const PeerAddress& peer, Instant now) {
  Channel* channel = find(peer);
  CHECK(channel != nullptr);
  channel->last_sent = now;
}

bool Channels::confirmed(const PeerAddress& peer, Instant asked_at, Instant now) {
  Channel* channel = find(peer);
  CHECK(channel != nullptr && channel->number);
  channel->server_errors = 0;
  channel->conflicted = false;
  const bool was_usable = channel->confirmed && now < channel->expires_at;
  channel->binding = false;
  channel->expires_at = asked_at + lifetime;
  channel->permitted_until = asked_at + permission_lifetime;
  channel->confirmed = now < channel->expires_at;
  channel->bind_at = now + refresh_period_;
  recompute_due();
  return channel->confirmed && !was_usable;
}

void Channels::failed(const PeerAddress& peer, Instant retry_at) {
  Channel* channel = find(peer);
  CHECK(channel != nullptr);
  channel->binding = false;
  channel->bind_at = retry_at;
  recompute_due();
}

bool Channels::server_error(const PeerAddress& peer, Instant retry_at) {
  Channel* channel = find(peer);
  CHECK(channel != nullptr);
  if (++channel->server_errors > most_server_errors) return false;
  failed(peer, retry_at);
  return true;
}

bool Channels::conflicted(const PeerAddress& peer) {
  Channel* channel = find(peer);
  CHECK(channel != nullptr);
  return !std::exchange(channel->conflicted, true);
}

void Channels::refused(const PeerAddress& peer) {
  Channel* channel = find(peer);
  CHECK(channel != nullptr);
  channel->binding = false;
  channel->wanted = false;
  channel->server_errors = 0;
  channel->conflicted = false;
  recompute_due();
}

bool Channels::possibly_permitted(const Channel& channel, Instant now) {
  return now < std::max(channel.permitted_until, channel.last_sent + permission_lifetime);
}

Instant Channels::free_at(const Channel& channel) {
  if (channel.last_sent == long_ago) return long_ago;
  return channel.last_sent + lifetime + cool_down;
}

Channels::Iterator Channels::place_of(const PeerAddress& peer) {
  return std::ranges::lower_bound(channels_, peer, {}, &Channel::peer);
}

Channels::Channel* Channels::find(const PeerAddress& peer) {
  const auto place = place_of(peer);
  return place == channels_.end() || place->peer != peer ? nullptr : &*place;
}

const Channels::Channel* Channels::find(const PeerAddress& peer) const {
  const auto place = std::ranges::lower_bound(channels_, peer, {}, &Channel::peer);
  return place == channels_.end() || place->peer != peer ? nullptr : &*place;
}

// Walks the whole ring from where it stopped, so that a number comes back as late as possible.
void Channels::give_number(Channel& channel) {
  CHECK(slots_.size() < last_ - first_ + std::size_t{1});
  for (;;) {
    const ChannelNumber number = *ChannelNumber::parse(next_);
    next_ = next_ == last_ ? first_ : static_cast<std::uint16_t>(next_ + 1);
    const auto slot = std::ranges::lower_bound(slots_, number, {}, &Slot::number);
    if (slot != slots_.end() && slot->number == number) continue;
    slots_.insert(slot, {number, channel.peer});
    channel.number = number;
    return;
  }
}

void Channels::drop_number(const Channel& channel) {
  const auto slot = std::ranges::lower_bound(slots_, *channel.number, {}, &Slot::number);
  CHECK(slot != slots_.end() && slot->peer == channel.peer);
  slots_.erase(slot);
}

Due Channels::due_of(const Channel& channel) const {
  Due due;
  if (channel.wanted && !channel.binding) due = Due{channel.bind_at, Timer::channel_bind};
  if (channel.confirmed) due = sooner(due, Due{channel.expires_at, Timer::channel_expiry});
  if (!channel.wanted && !channel.binding && !channel.confirmed) {
    due = sooner(due, Due{free_at(channel), Timer::channel_cool_down});
  }
  return due;
}

void Channels::recompute_due() {
  due_ = {};
  if (!active_) return;
  for (const Channel& channel : channels_) due_ = sooner(due_, due_of(channel));
}

}  // namespace tickover::turn::client
