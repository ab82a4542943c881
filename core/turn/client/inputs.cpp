#include <algorithm>
#include <utility>

#include "core/icmp.h"
#include "core/turn/client/attributes.h"
#include "core/turn/client/client.h"

// What the socket's owner tells.

namespace tickover::turn {

using namespace client;

void Client::handle_input(const Input& input, Instant now) {
  begin_change(now);
  std::visit([&](const auto& what) { handle(what, now); }, input);
  settle(now);
}

void Client::handle(const Datagram& datagram, Instant now) {
  const Session* session = find_session(datagram.local, datagram.remote);
  if (session == nullptr) {
    ++counters_.foreign;
    return;
  }
  // RFC 7983: 64..79 is ChannelData, 0..3 is STUN.
  if (!datagram.payload.empty() && datagram.payload[0] >= 64 && datagram.payload[0] <= 79) {
    return handle_channel_data(*session, datagram.payload, now);
  }
  const auto message = stun::MessageView::decode(datagram.payload);
  if (!message) {
    ++counters_.malformed;
    return;
  }
  switch (message->message_class()) {
    case stun::Class::request:
      ++counters_.unexpected;
      return;
    case stun::Class::indication:
      return handle_indication(*session, *message, now);
    case stun::Class::success:
    case stun::Class::error:
      return handle_answer(session->id, *message, now);
  }
}

void Client::handle_channel_data(const Session& session, Bytes payload, Instant now) {
  const auto data = ChannelData::decode(payload);
  if (!data) {
    ++counters_.malformed;
    return;
  }
  const auto peer =
      session.stage == Stage::allocated ? channels_.sender(data->number, now) : std::nullopt;
  if (!peer) {
    ++counters_.unpermitted;
    return;
  }
  allocation_->keep_alive().heard(now);
  events_.push_data(*peer, data->payload);
}

// Nothing in an indication is signed, so it brings data and changes nothing (PROTOCOL D8).
void Client::handle_indication(const Session& session, const stun::MessageView& message,
                               Instant now) {
  const auto peer = message.xor_address(stun::AttributeType::xor_peer_address);
  const auto data = message.find(stun::AttributeType::data);
  const auto icmp = message.icmp();
  if (message.method() != stun::Method::data || !peer || !(data || icmp) ||
      demands_the_unknown(message)) {
    ++counters_.unexpected;
    return;
  }
  if (session.stage != Stage::allocated || (!permissions_.possibly_permits(peer->ip, now) &&
                                            !channels_.possibly_permits(peer->ip, now))) {
    ++counters_.unpermitted;
    return;
  }
  allocation_->keep_alive().heard(now);
  if (data) {
    events_.push_data(PeerAddress{*peer}, *data);
  } else {
    events_.push(IcmpReceived{PeerAddress{*peer}, icmp->type, icmp->code, icmp->data});
  }
}

// Which datagram it was about is not known, so it ends every request to that endpoint (T7).
void Client::handle(const IcmpError& error, Instant now) {
  if (!is_hard(error)) return;
  const Session* session = find_session(error.local, error.remote);
  if (session == nullptr) return;
  const std::uint32_t id = session->id;
  std::vector<stun::TransactionId> ended;
  for (const auto& entry : requests_.outstanding()) {
    if (entry.tag.session == id) ended.push_back(entry.transaction.id());
  }
  for (const stun::TransactionId& transaction : ended) {
    // The first to end may have taken the session, and all the rest, with it.
    const auto* entry = requests_.outstanding().find(transaction, error.local, error.remote);
    if (entry == nullptr) continue;
    const Order order = entry->tag;
    requests_.outstanding().finish(transaction);
    give_up(order, now);
  }
}

// The copies that follow are soon enough; only the conclusion that nobody answers must not be
// drawn, and the NAT may have seen less than we think.
void Client::handle(const SendRefused& refused, Instant now) {
  Session* session = find_session(refused.local, refused.remote);
  if (session == nullptr) return;
  session->refused_at = now;
  if (session->stage == Stage::allocated) allocation_->keep_alive().send_refused(now);
}

void Client::handle(const SocketOpened& opened, Instant) {
  Session* session = find_session(opened.request);
  if (session != nullptr && session->stage == Stage::opening) {
    session->local = opened.local;
    session->stage = Stage::probing;
    requests_.enqueue({.kind = Kind::probe, .session = session->id});
    return;
  }
  // Opened for an attempt that is over; but never one of those in use.
  const bool in_use = std::ranges::any_of(sessions_, [&](const Session& other) {
    return other.stage != Stage::opening && other.local == opened.local;
  });
  if (opened.request != 0 && opened.request < next_session_ && !in_use) {
    transmits_.close({.local = opened.local});
  }
}

void Client::handle(const SocketRefused& refused, Instant now) {
  const Session* session = find_session(refused.request);
  if (session == nullptr || session->stage != Stage::opening) return;
  lost_probe(session->id, AttemptFailure::no_socket, now);
}

void Client::handle(const SocketClosed& closed, Instant now) {
  const auto found = std::ranges::find_if(sessions_, [&](const Session& session) {
    return session.stage != Stage::opening && session.local == closed.local;
  });
  if (found == sessions_.end()) return;
  const std::uint32_t id = found->id;
  found->socket_gone = true;
  switch (found->stage) {
    case Stage::allocated:
      return lost_allocation(RemovalReason::socket_lost, Leave::drop, now);
    case Stage::leaving:
      return drop_session(id);
    default:
      return lost_probe(id, AttemptFailure::no_socket, now);
  }
}

// An address that is gone takes the 5-tuples with it. A new one alone leaves ours as they are.
void Client::handle(const AddressesChanged& changed, Instant now) {
  const auto before = std::exchange(addresses_, changed.addresses);
  if (!before || closed_) return;
  const auto is_here = [&](const IpAddress& ip) {
    return std::ranges::find(changed.addresses, ip) != changed.addresses.end();
  };
  const auto lost_its_address = [&](const Session& session) {
    if (session.stage == Stage::leaving || session.stage == Stage::opening) return false;
    if (!session.local.ip.is_unspecified()) return !is_here(session.local.ip);
    return std::ranges::any_of(*before, [&](const IpAddress& ip) {
      return ip.family() == session.server.family() && !is_here(ip);
    });
  };
  const bool waiting = !allocation_ && !is_attempting();
  if (!waiting && std::ranges::none_of(sessions_, lost_its_address)) return;
  if (waiting && *before == changed.addresses) return;
  abandon(RemovalReason::roamed, Leave::drop, now);
  mismatches_ = 0;
  begin_attempt();
}

}  // namespace tickover::turn
