#include "properties/interop/ask.h"

#include <fmt/format.h>

#include "core/stun/crc32.h"
#include "core/stun/integrity.h"
#include "properties/interop/servers.h"

// Written byte by byte, because most of this is what a proper writer refuses to write.
namespace tickover::interop {
namespace {

using stun::AttributeType;

void put16(Buffer& out, unsigned value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}
void put32(Buffer& out, std::uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xffff);
}
void set16(Buffer& out, std::size_t at, std::size_t value) {
  out[at] = static_cast<std::uint8_t>(value >> 8);
  out[at + 1] = static_cast<std::uint8_t>(value);
}
void put_attribute(Buffer& out, AttributeType type, Bytes value) {
  put16(out, static_cast<unsigned>(type));
  put16(out, static_cast<unsigned>(value.size()));
  out.insert(out.end(), value.begin(), value.end());
  while (out.size() % 4 != 0) out.push_back(0);
  set16(out, 2, out.size() - stun::header_size);
}
void put_text(Buffer& out, AttributeType type, std::string_view text) {
  put_attribute(out, type, as_bytes(text));
}
void put_word(Buffer& out, AttributeType type, std::uint32_t word) {
  Buffer value;
  put32(value, word);
  put_attribute(out, type, value);
}

Endpoint address_of(Peer peer, const Session& session) {
  const Endpoint& real = session.peer;
  const auto at = [&](const char* ip) { return Endpoint{IpAddress::parse(ip).value(), real.port}; };
  switch (peer) {
    case Peer::peer:
    case Peer::family_three:
    case Peer::truncated:
      return real;
    case Peer::other_port:
      return session.other;
    case Peer::other_ip:
      return at("127.0.0.2");
    case Peer::port_zero:
      return {real.ip, 0};
    case Peer::ipv6:
      return at("::1");
    case Peer::mapped:
      return at("::ffff:127.0.0.1");
    case Peer::private_ip:
      return at("10.0.0.1");
    case Peer::metadata:
      return at("169.254.169.254");
    case Peer::multicast:
      return at("224.0.0.1");
    case Peer::broadcast:
      return at("255.255.255.255");
    case Peer::this_net:
      return at("0.0.0.1");
  }
  return real;
}

void put_peer(Buffer& out, Peer peer, const Session& session) {
  const Endpoint address = address_of(peer, session);
  Buffer value{0, static_cast<std::uint8_t>(
                      peer == Peer::family_three ? 3 : static_cast<int>(address.family()))};
  put16(value, address.port ^ (stun::magic_cookie >> 16));
  for (std::size_t i = 0; i < address.ip.size(); ++i) {
    // The cookie, then the transaction ID: as they stand in the header.
    value.push_back(static_cast<std::uint8_t>(address.ip.bytes()[i] ^ out[4 + i]));
  }
  if (peer == Peer::truncated) value.resize(6);
  put_attribute(out, AttributeType::xor_peer_address, value);
}

void put_credentials(Buffer& out, Auth auth, const Session& session) {
  if (auth == Auth::none) return;
  const bool other = auth == Auth::other_user;
  const std::string_view user = other ? "bob" : auth == Auth::unknown_user ? "mallory" : "alice";
  const std::string_view password = other                          ? bob_password
                                    : auth == Auth::wrong_password ? "guess"
                                                                   : alice_password;
  const std::string realm_text = auth == Auth::wrong_realm ? "elsewhere.org" : session.realm;
  if (auth != Auth::no_username) put_text(out, AttributeType::username, user);
  if (auth != Auth::no_realm) put_text(out, AttributeType::realm, realm_text);
  if (auth != Auth::no_nonce) {
    put_text(out, AttributeType::nonce,
             auth == Auth::foreign_nonce ? "0123456789abcdef" : session.nonce);
  }
  const auto key = stun::IntegrityKey::long_term(user, realm_text, password);
  // What is signed counts the integrity attribute into its length (RFC 8489, section 14.5).
  set16(out, 2, out.size() - stun::header_size + 24);
  const stun::Sha1Digest digest = key.digest(out);
  put_attribute(out, AttributeType::message_integrity, digest);
}

void put_contents(Buffer& out, const Ask& ask, const Session& session) {
  if (ask.transport) {
    put_word(out, AttributeType::requested_transport, std::uint32_t{*ask.transport} << 24);
  }
  if (ask.lifetime) put_word(out, AttributeType::lifetime, *ask.lifetime);
  if (ask.family) {
    put_word(out, AttributeType::requested_address_family, std::uint32_t{*ask.family} << 24);
  }
  if (ask.even_port) put_attribute(out, AttributeType::even_port, Buffer{*ask.even_port});
  if (ask.token) put_attribute(out, AttributeType::reservation_token, Buffer(8, 0x5a));
  if (ask.dont_fragment) put_attribute(out, AttributeType::dont_fragment, {});
  if (ask.mobility) put_attribute(out, AttributeType::mobility_ticket, {});
  if (ask.channel) put_word(out, AttributeType::channel_number, std::uint32_t{*ask.channel} << 16);
  for (const Peer peer : ask.peers) put_peer(out, peer, session);
  if (ask.data) put_attribute(out, AttributeType::data, Buffer(*ask.data, 0xda));
  if (ask.unknown_required) put_attribute(out, AttributeType{0x7f01}, Buffer{1, 2, 3});
  if (ask.unknown_optional) put_attribute(out, AttributeType{0xff01}, Buffer{1, 2, 3});
}

void put_fingerprint(Buffer& out) {
  set16(out, 2, out.size() - stun::header_size + 8);
  put_word(out, AttributeType::fingerprint, stun::crc32(out) ^ stun::fingerprint_xor);
}

void spoil(Buffer& out, Damage damage) {
  const std::size_t length = out.size() - stun::header_size;
  switch (damage) {
    case Damage::odd_length:
      return set16(out, 2, length + 2);
    case Damage::short_length:
      return set16(out, 2, length >= 4 ? length - 4 : length);
    case Damage::long_length:
      return set16(out, 2, length + 4);
    case Damage::wrong_cookie:
      out[4] ^= 0xff;
      return;
    case Damage::top_bits:
      out[0] |= 0x80;
      return;
    case Damage::bad_fingerprint:
      out.back() ^= 1;
      return;
    case Damage::flipped_bit:
      out[19] ^= 1;
      return;
    case Damage::overrun:
      put16(out, 0xff02);
      put16(out, 64);
      return set16(out, 2, length + 4);
    case Damage::none:
    case Damage::a_response:
    case Damage::unsigned_tail:
      return;
  }
}

std::string_view name_of(Auth auth) {
  constexpr std::string_view names[] = {
      "unsigned",    "signed",        "signed by bob", "wrong password", "unknown user",
      "wrong realm", "foreign nonce", "no username",   "no realm",       "no nonce"};
  return names[static_cast<std::size_t>(auth)];
}

std::string_view name_of(Damage damage) {
  constexpr std::string_view names[] = {
      "",           "odd length",      "short length", "long length", "wrong cookie", "top bits",
      "a response", "bad fingerprint", "overrun",      "flipped bit", "unsigned tail"};
  return names[static_cast<std::size_t>(damage)];
}

std::string_view name_of(Peer peer) {
  constexpr std::string_view names[] = {
      "peer",     "peer's other port", "127.0.0.2", "port 0",    "::1",     "::ffff:127.0.0.1",
      "10.0.0.1", "169.254.169.254",   "224.0.0.1", "broadcast", "0.0.0.1", "family 3",
      "truncated"};
  return names[static_cast<std::size_t>(peer)];
}

std::string_view method_name(std::uint16_t method) {
  switch (method) {
    case 0x001:
      return "Binding";
    case 0x003:
      return "Allocate";
    case 0x004:
      return "Refresh";
    case 0x006:
      return "Send";
    case 0x008:
      return "CreatePermission";
    case 0x009:
      return "ChannelBind";
    default:
      return "an unknown method";
  }
}

}  // namespace

std::string text_of(const Ask& ask) {
  if (ask.kind == Ask::Kind::repeat) return "the same again";
  if (ask.kind == Ask::Kind::peer_speaks) return "the peer speaks";
  std::string text;
  const auto say = [&text](std::string_view word) {
    if (word.empty()) return;
    if (!text.empty()) text += ", ";
    text += word;
  };
  if (ask.kind == Ask::Kind::channel_data) {
    return fmt::format("ChannelData 0x{:04x}, {} bytes", ask.channel.value_or(0x4000),
                       ask.data.value_or(0));
  }
  say(method_name(ask.method));
  if (ask.kind == Ask::Kind::indication) say("indication");
  say(name_of(ask.auth));
  say(name_of(ask.damage));
  if (ask.transport) say(fmt::format("transport {}", *ask.transport));
  if (ask.lifetime) say(fmt::format("lifetime {}", *ask.lifetime));
  if (ask.family) say(fmt::format("family {}", *ask.family));
  if (ask.even_port) say(fmt::format("even port 0x{:02x}", *ask.even_port));
  if (ask.token) say("a reservation token of nobody");
  if (ask.dont_fragment) say("DONT-FRAGMENT");
  if (ask.mobility) say("MOBILITY-TICKET");
  if (ask.channel) say(fmt::format("channel 0x{:04x}", *ask.channel));
  for (const Peer peer : ask.peers) say(fmt::format("to {}", name_of(peer)));
  if (ask.data) say(fmt::format("{} bytes", *ask.data));
  if (ask.unknown_required) say("an unknown required attribute");
  if (ask.unknown_optional) say("an unknown optional attribute");
  if (ask.fingerprint) say("FINGERPRINT");
  return text;
}

Buffer encode(const Ask& ask, Session& session) {
  if (ask.kind == Ask::Kind::repeat) return session.last;
  Buffer out;
  if (ask.kind == Ask::Kind::channel_data) {
    put16(out, ask.channel.value_or(0x4000));
    put16(out, ask.data.value_or(0));
    out.resize(out.size() + ask.data.value_or(0), 0xcd);
    return out;
  }
  const auto message_class = ask.damage == Damage::a_response    ? stun::Class::success
                             : ask.kind == Ask::Kind::indication ? stun::Class::indication
                                                                 : stun::Class::request;
  put16(out, stun::MessageType{stun::Method{ask.method}, message_class}.encoded());
  put16(out, 0);
  put32(out, stun::magic_cookie);
  put32(out, 0x7e57a5c5);
  put32(out, session.peer.port);
  put32(out, ++session.asked);
  put_contents(out, ask, session);
  put_credentials(out, ask.auth, session);
  if (ask.damage == Damage::unsigned_tail) put_word(out, AttributeType::lifetime, 0);
  if (ask.fingerprint || ask.damage == Damage::bad_fingerprint) put_fingerprint(out);
  spoil(out, ask.damage);
  session.last = out;
  return out;
}

}  // namespace tickover::interop
