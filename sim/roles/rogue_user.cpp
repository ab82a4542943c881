#include "sim/roles/rogue_user.h"

#include <algorithm>
#include <array>

#include "core/check.h"
#include "core/stun/message_writer.h"
#include "core/turn/channel_data.h"
#include "sim/roles/attacks.h"

namespace tickover::sim {
namespace {

using stun::AttributeType;
using stun::Class;
using stun::Method;

constexpr std::uint8_t udp = 17;  // RFC 8656, section 18.8

/// PROTOCOL AB5: what is no business of strangers.
constexpr std::array forbidden_v4 = {
    "127.0.0.1",       "0.0.0.0",    "10.0.0.5",    "172.16.0.1",      "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "224.0.0.1",   "255.255.255.255", "240.0.0.1",
    "198.18.0.1",      "127.1.2.3",  "192.168.0.1", "0.1.2.3",         "239.255.255.250",
};
/// The same, and AB6: the same in disguise.
constexpr std::array forbidden_v6 = {
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:0.0.0.0",
    "::127.0.0.1",
    "::ffff:10.0.0.5",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::1",
    "2001:0:7f00:1::1",
    "::ffff:0:10.0.0.5",
    "fec0::1",
};

IpAddress address(const char* text) {
  const auto parsed = IpAddress::parse(text);
  CHECK(parsed.has_value());
  return *parsed;
}

/// Anybody: no relay has a reason to refuse them.
Endpoint some_peer(AddressFamily family, Random& random) {
  const auto port = static_cast<std::uint16_t>(1 + random.below(65'535));
  const auto host = static_cast<std::uint32_t>(random.below(1 << 16));
  const bool is_v4 = family == AddressFamily::ipv4;
  return {address(is_v4 ? "203.0.0.0" : "2001:db8:f::").plus(host), port};
}

}  // namespace

void RogueUser::handle_datagram(const Datagram& datagram) {
  const auto socket = std::ranges::find(sockets_, datagram.local, &Socket::local);
  if (socket == sockets_.end() || datagram.remote != target_) return;
  const auto message = stun::MessageView::decode(datagram.payload);
  if (!message) return;
  if (message->message_class() == Class::success && message->method() == Method::allocate) {
    socket->has_allocation = true;
  }
  const auto nonce = message->text(AttributeType::nonce);
  if (message->message_class() != Class::error || !nonce) return;
  socket->nonce = *nonce;
  if (const auto realm = message->text(AttributeType::realm)) socket->realm = *realm;
  socket->key = stun::IntegrityKey::long_term(name_, socket->realm, password_);
}

RogueUser::Socket* RogueUser::next_socket() {
  return sockets_.empty() ? nullptr : &sockets_[turns_++ % sockets_.size()];
}

template <class Fill>
void RogueUser::ask(const Socket& socket, Method method, TransmitQueue& out, Fill&& fill) {
  stun::MessageWriter writer(out.reserve(attack_size), {method, Class::request},
                             stun::TransactionId::draw(random_));
  fill(writer);
  if (!socket.nonce.empty()) {
    writer.add_text(AttributeType::username, name_);
    writer.add_text(AttributeType::realm, socket.realm);
    writer.add_text(AttributeType::nonce, socket.nonce);
    writer.add_integrity(socket.key);
  }
  CHECK(writer.ok());
  out.sent({.local = socket.local, .remote = target_, .size = writer.size()});
}

bool RogueUser::allocate(Socket& socket, TransmitQueue& out) {
  if (socket.has_allocation) return true;
  ask(socket, Method::allocate, out, [&](stun::MessageWriter& writer) {
    writer.add_leading_byte(AttributeType::requested_transport, udp);
    writer.add_u32(AttributeType::lifetime, 0xFFFF'FFFF);
    if (socket.wants_ipv6) writer.add_leading_byte(AttributeType::requested_address_family, 2);
    // Half of them would have the next port kept for them too (PROTOCOL AB10).
    if (!socket.wants_ipv6 && random_.below(2) == 0) writer.add_even_port(true);
  });
  return false;
}

void RogueUser::exhaust(TransmitQueue& out) {
  Socket* socket = next_socket();
  if (socket == nullptr || !allocate(*socket, out)) return;
  switch (random_.below(3)) {
    case 0:
      return ask(*socket, Method::channel_bind, out, [&](stun::MessageWriter& writer) {
        const auto raw =
            static_cast<std::uint16_t>(turn::ChannelNumber::first + random_.below(0x1000));
        writer.add_channel_number(raw);
        writer.add_xor_address(AttributeType::xor_peer_address,
                               some_peer(AddressFamily::ipv4, random_));
      });
    case 1:
      return ask(*socket, Method::create_permission, out, [&](stun::MessageWriter& writer) {
        constexpr int peers = 16;
        for (int i = 0; i < peers; ++i) {
          writer.add_xor_address(AttributeType::xor_peer_address,
                                 some_peer(AddressFamily::ipv4, random_));
        }
      });
    default:
      return ask(*socket, Method::refresh, out, [](stun::MessageWriter& writer) {
        writer.add_u32(AttributeType::lifetime, 0xFFFF'FFFF);
      });
  }
}

void RogueUser::usurp(TransmitQueue& out, const Endpoint& client, std::string_view realm,
                      std::string_view nonce) {
  const Socket stolen{.local = client,
                      .realm = std::string(realm),
                      .nonce = std::string(nonce),
                      .key = stun::IntegrityKey::long_term(name_, realm, password_)};
  constexpr std::array methods = {Method::refresh, Method::allocate, Method::create_permission,
                                  Method::channel_bind};
  const Method method = methods[turns_++ % methods.size()];
  ask(stolen, method, out, [&](stun::MessageWriter& writer) {
    if (method == Method::refresh) return writer.add_lifetime(Duration{});
    if (method == Method::allocate) {
      return writer.add_leading_byte(AttributeType::requested_transport, udp);
    }
    if (method == Method::channel_bind) writer.add_channel_number(turn::ChannelNumber::last);
    writer.add_xor_address(AttributeType::xor_peer_address,
                           some_peer(AddressFamily::ipv4, random_));
  });
}

void RogueUser::scan(TransmitQueue& out) {
  // The second socket asks for IPv6, where addresses can be disguised.
  if (sockets_.size() > 1) sockets_[1].wants_ipv6 = true;
  Socket* socket = next_socket();
  if (socket == nullptr || !allocate(*socket, out)) return;
  const AddressFamily family = socket->wants_ipv6 ? AddressFamily::ipv6 : AddressFamily::ipv4;
  Endpoint peer = target_;  // the relay itself, now and then
  if (peer.family() != family || random_.below(4) != 0) {
    const char* text = socket->wants_ipv6 ? forbidden_v6[random_.below(forbidden_v6.size())]
                                          : forbidden_v4[random_.below(forbidden_v4.size())];
    peer = {address(text), static_cast<std::uint16_t>(1 + random_.below(65'535))};
  }
  const std::uint64_t way = random_.below(3);
  if (way == 0) {
    return ask(*socket, Method::create_permission, out, [&](stun::MessageWriter& writer) {
      writer.add_xor_address(AttributeType::xor_peer_address, peer);
    });
  }
  if (way == 1) {
    return ask(*socket, Method::channel_bind, out, [&](stun::MessageWriter& writer) {
      writer.add_channel_number(turn::ChannelNumber::first);
      writer.add_xor_address(AttributeType::xor_peer_address, peer);
    });
  }
  const Bytes bytes = write_indication(out.reserve(attack_size), Method::send, peer, random_);
  out.sent({.local = socket->local, .remote = target_, .size = bytes.size()});
}

}  // namespace tickover::sim
