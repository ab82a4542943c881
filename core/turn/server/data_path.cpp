#include <algorithm>

#include "core/turn/server/server.h"
#include "core/turn/server/unknown_attributes.h"

namespace tickover::turn {

using stun::AttributeType;
using stun::Method;

namespace {

/// What IPv4 and UDP put before a payload. Counted, so that empty datagrams are not free (AB22).
constexpr std::size_t packet_overhead = 28;

/// Whether a client learns of this error about one of its datagrams (RFC 8656, section 11.5).
bool is_relayed(const IcmpError& error) {
  if (error.remote.family() == AddressFamily::ipv4) return error.type == 3 || error.type == 11;
  return error.type >= 1 && error.type <= 3;
}

/// "Fragmentation needed" and "packet too big" tell the next-hop MTU, the others nothing.
bool tells_mtu(const IcmpError& error) {
  return error.remote.family() == AddressFamily::ipv4 ? error.type == 3 && error.code == 4
                                                      : error.type == 2;
}

/// The largest UDP payload that IP of this family carries.
std::size_t payload_limit(AddressFamily family) {
  return family == AddressFamily::ipv4 ? 65'507 : max_datagram_size;
}

}  // namespace

// Client to peer. ------------------------------------------------------------------------------

void Server::handle_indication(const stun::MessageView& message, const Datagram& datagram,
                               Instant now) {
  if (message.method() == Method::binding) {
    ++counters_.keepalives;
    return;
  }
  if (message.method() != Method::send) {
    ++counters_.unexpected;
    return;
  }
  const auto slot = allocations_.find({datagram.local, {datagram.remote}});
  if (!slot || !allocations_.at(*slot).is_open()) {
    ++counters_.without_allocation;
    return;
  }
  // RFC 8656, section 11.2: whatever is wrong, no answer.
  const auto peer = message.xor_address(AttributeType::xor_peer_address);
  const auto data = message.find(AttributeType::data);
  Allocation& allocation = allocations_.at(*slot);
  Relay* relay = peer ? allocation.relay_for(peer->family()) : nullptr;
  if (relay == nullptr || !data || !unknown_attributes(message).empty()) {
    ++counters_.unusable_indication;
  } else if (!relay->permissions.allows(peer->ip, now)) {
    ++counters_.without_permission;
  } else {
    const bool dont_fragment = datagram.dont_fragment || message.has(AttributeType::dont_fragment);
    send_to_peer(allocation, relay->address, *peer, *data, datagram, dont_fragment, now);
  }
}

void Server::handle_channel_data(const Datagram& datagram, Instant now) {
  const auto message = config_.legacy_channel_numbers ? ChannelData::decode_legacy(datagram.payload)
                                                      : ChannelData::decode(datagram.payload);
  if (!message) {
    ++counters_.malformed;
    return;
  }
  const auto slot = allocations_.find({datagram.local, {datagram.remote}});
  if (!slot || !allocations_.at(*slot).is_open()) {
    ++counters_.without_allocation;
    return;
  }
  const Allocation& allocation = allocations_.at(*slot);
  const auto [relay, channel] = allocation.find(message->number, now);
  if (channel == nullptr) {
    ++counters_.without_channel;
    return;
  }
  // No look at the permission here: RFC 8656, section 12.6; PROTOCOL W8.
  send_to_peer(allocation, relay->address, channel->peer, message->payload, datagram,
               datagram.dont_fragment, now);
}

bool Server::has_bandwidth(UserId account, std::size_t payload, Instant now) {
  const std::uint64_t limit = config_.max_bytes_per_second_per_user;
  // A second's worth may come at once, and in any case the largest datagram.
  const Rate rate{limit, std::max<std::uint64_t>(limit, max_datagram_size + packet_overhead)};
  return limit == 0 ||
         allocations_.bandwidth_of(account).take(payload + packet_overhead, rate, now);
}

void Server::send_to_peer(const Allocation& allocation, const RelayedAddress& from,
                          const Endpoint& peer, Bytes payload, const Datagram& cause,
                          bool dont_fragment, Instant now) {
  if (!policy_.allows(peer)) {
    ++counters_.forbidden_peer;
  } else if (cause.hop_limit <= 1) {
    ++counters_.hop_limit_reached;  // which also ends loops of relays (PROTOCOL AB8)
  } else if (payload.size() > payload_limit(peer.family())) {
    ++counters_.oversized;
  } else if (!has_bandwidth(allocation.account, payload.size(), now)) {
    ++counters_.over_bandwidth;
  } else {
    ++counters_.to_peer;
    // Between IPv4 and IPv6, DONT-FRAGMENT and the bit mean nothing (RFC 8656, section 13).
    const bool same_family = peer.family() == cause.remote.family();
    transmits_.send({.local = from.endpoint,
                     .remote = peer,
                     .ecn = cause.ecn,
                     .dont_fragment = dont_fragment && same_family,
                     .hop_limit = static_cast<std::uint8_t>(cause.hop_limit - 1)},
                    payload);
  }
}

// Peer to client. ------------------------------------------------------------------------------

void Server::handle_peer_datagram(std::uint32_t slot, const Datagram& datagram, Instant now) {
  const Allocation& allocation = allocations_.at(slot);
  const Relay& relay = *allocation.relay_for(datagram.local.family());
  if (!relay.permissions.allows(datagram.remote.ip, now)) {
    ++counters_.without_permission;
  } else if (datagram.remote.port == 0) {
    ++counters_.not_turn;
  } else if (datagram.hop_limit <= 1) {
    ++counters_.hop_limit_reached;
  } else if (!has_bandwidth(allocation.account, datagram.payload.size(), now)) {
    ++counters_.over_bandwidth;
  } else if (const auto* channel = relay.channels.find(datagram.remote, now)) {
    send_channel_data(allocation.tuple, channel->number, datagram);
  } else {
    send_data_indication(allocation.tuple, datagram);
  }
}

namespace {

Send to_client(const FiveTuple& to, const Datagram& cause, std::size_t size) {
  return {
      .local = to.server,
      .remote = to.client.endpoint,
      .size = size,
      .ecn = cause.ecn,
      .dont_fragment = cause.dont_fragment && to.client.endpoint.family() == cause.remote.family(),
      .hop_limit = static_cast<std::uint8_t>(cause.hop_limit - 1)};
}

}  // namespace

void Server::send_channel_data(const FiveTuple& to, ChannelNumber number, const Datagram& cause) {
  const std::size_t size = channel_data_header_size + cause.payload.size();
  if (size > payload_limit(to.client.endpoint.family())) {
    ++counters_.oversized;
    return;
  }
  write_channel_data(transmits_.reserve(size), number, cause.payload);
  transmits_.sent(to_client(to, cause, size));
  ++counters_.to_client;
}

void Server::send_data_indication(const FiveTuple& to, const Datagram& cause) {
  const std::size_t attributes = 4 + (cause.remote.family() == AddressFamily::ipv4 ? 8 : 20) + 4 +
                                 (cause.payload.size() + 3) / 4 * 4;
  const std::size_t size = stun::header_size + attributes;
  if (size > payload_limit(to.client.endpoint.family())) {
    ++counters_.oversized;
    return;
  }
  stun::MessageWriter writer(transmits_.reserve(size), {Method::data, stun::Class::indication},
                             stun::TransactionId::draw(id_random_));
  writer.add_xor_address(AttributeType::xor_peer_address, cause.remote);
  writer.add(AttributeType::data, cause.payload);
  CHECK(writer.ok());
  transmits_.sent(to_client(to, cause, writer.size()));
  ++counters_.to_client;
}

/// RFC 8656, section 11.5: the permission that counts is that of the peer the datagram went to, not
/// of whoever complains.
void Server::handle_icmp(std::uint32_t slot, const IcmpError& error, Instant now) {
  Allocation& allocation = allocations_.at(slot);
  Relay* relay = allocation.relay_for(error.local.family());
  const bool matters = is_relayed(error) && error.remote.port != 0 &&
                       error.remote.family() == error.local.family() &&
                       relay->permissions.allows(error.remote.ip, now) &&
                       policy_.allows(error.remote);
  if (!matters) {
    ++counters_.icmp_ignored;
    return;
  }
  const std::uint64_t limit = config_.max_icmp_per_second;
  if (!relay->icmp.take(1, {limit, limit}, now)) {
    ++counters_.over_icmp_rate;
    return;
  }
  constexpr std::size_t size = stun::header_size + 24 + 12;
  stun::MessageWriter writer(transmits_.reserve(size), {Method::data, stun::Class::indication},
                             stun::TransactionId::draw(id_random_));
  writer.add_xor_address(AttributeType::xor_peer_address, error.remote);
  writer.add_icmp(error.type, error.code, tells_mtu(error) ? error.data : 0);
  CHECK(writer.ok());
  transmits_.sent({.local = allocation.tuple.server,
                   .remote = allocation.tuple.client.endpoint,
                   .size = writer.size()});
  ++counters_.icmp_to_client;
}

}  // namespace tickover::turn
