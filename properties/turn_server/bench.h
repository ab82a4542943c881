#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/turn/server/server.h"

// A small vocabulary for tests of the TURN server: a bench that holds one and drains it, clients
// that sign what they ask, and the answers. Every drain also checks that the server's tables agree
// (BUGS P12) and that it never wants to be woken in the past (BUGS P1).
namespace tickover::turn::bench {

using namespace std::chrono_literals;
using stun::AttributeType;
using stun::Class;
using stun::MessageView;
using stun::MessageWriter;
using stun::Method;
using Buffer = std::vector<std::uint8_t>;
using Fill = std::function<void(MessageWriter&)>;
using Kind = ServerEvent::Kind;

inline Buffer copy(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}
inline Endpoint at(std::string_view text) {
  return Endpoint::parse(text).value();
}
inline Instant seconds(std::int64_t count) {
  return Instant::at(std::chrono::seconds(count));
}

inline const Endpoint relay_v4 = at("192.0.2.1:3478");
inline const Endpoint relay_v6 = at("[2001:db8::1]:3478");
inline const Endpoint alice_at = at("198.51.100.7:40000");
inline const Endpoint bob_at = at("198.51.100.8:40000");
inline const Endpoint peer = at("203.0.113.5:7000");
inline const Endpoint other_port = at("203.0.113.5:7001");
inline const Endpoint stranger = at("203.0.113.6:7000");

inline ServerConfig config() {
  return {.listen = {relay_v4, relay_v6},
          .relay_addresses = {relay_v4.ip, relay_v6.ip},
          .realm = "example.org",
          .users = {{"alice", "s3cret"}, {"bob", "hunter2"}}};
}

/// A datagram that the server sent.
struct Sent {
  Send send;
  Buffer bytes;

  MessageView view() const { return MessageView::decode(bytes).value(); }
  bool operator==(const Sent&) const = default;
};

/// The answer to a request, or silence.
struct Answer {
  std::optional<Sent> sent;

  bool silent() const { return !sent; }
  MessageView view() const { return sent->view(); }
  bool succeeded() const { return sent && view().message_class() == Class::success; }
  /// 0 for a success, -1 for silence.
  int code() const { return silent() ? -1 : succeeded() ? 0 : view().error().value().code; }
  bool is_signed_by(const stun::IntegrityKey& key) const { return view().verifies(key); }
  std::int64_t lifetime() const { return view().lifetime().value() / Duration(1s); }
  Endpoint relayed() const {
    return view().xor_address(AttributeType::xor_relayed_address).value();
  }
};

class Bench {
 public:
  explicit Bench(ServerConfig with = config(), Instant start = seconds(1000))
      : now(start), server(std::move(with), Random(7), start) {
    drain();
  }

  Instant now;
  Server server;
  std::vector<Sent> sent;
  std::vector<ServerEvent> events;
  std::set<Endpoint> open;
  std::vector<OpenSocket> asked;  // every OpenSocket so far
  int refusals = 0;               // so many of the next sockets are refused
  bool silent_owner = false;      // sockets are neither opened nor refused

  void input(const Input& value) {
    server.handle_input(value, now);
    drain();
  }
  /// What the server sends because of this datagram.
  std::vector<Sent> datagram(const Endpoint& from, const Endpoint& to, Bytes payload) {
    sent.clear();
    input(Datagram{.local = to, .remote = from, .payload = payload});
    return sent;
  }
  /// Passes time as a driver does: woken exactly when the server asks.
  void advance_to(Instant end) {
    while (const auto timeout = server.poll_timeout()) {
      if (timeout->at > end) break;
      now = timeout->at;
      server.handle_timeout(now);
      drain();
    }
    now = end;
  }
  void advance(Duration by) { advance_to(now + by); }
  std::size_t count(Kind kind) const {
    return static_cast<std::size_t>(
        std::ranges::count(events, kind, [](const ServerEvent& event) { return event.kind; }));
  }

 private:
  void drain() {
    static Buffer buffer(max_datagram_size);
    std::vector<OpenSocket> requests;
    while (const auto transmit = server.poll_transmit(buffer)) {
      if (const auto* send = std::get_if<Send>(&*transmit)) {
        EXPECT_TRUE(open.contains(send->local)) << send->local.text() << " is not open";
        sent.push_back({*send, copy(Bytes(buffer).first(send->size))});
      } else if (const auto* request = std::get_if<OpenSocket>(&*transmit)) {
        requests.push_back(*request);
      } else {
        EXPECT_EQ(open.erase(std::get<CloseSocket>(*transmit).local), 1u);
      }
    }
    while (auto event = server.poll_event()) events.push_back(std::move(*event));
    const auto timeout = server.poll_timeout();
    EXPECT_TRUE(!timeout || timeout->at > now) << "woken in the past for " << timeout->reason;
    EXPECT_TRUE(server.is_consistent());
    for (const OpenSocket& request : requests) answer(request);
  }
  void answer(const OpenSocket& request) {
    asked.push_back(request);
    if (silent_owner) return;
    if (refusals > 0) {
      --refusals;
      server.handle_input(SocketRefused{request.request}, now);
    } else {
      EXPECT_TRUE(open.insert(request.local).second) << request.local.text() << " opened twice";
      server.handle_input(SocketOpened{request.request, request.local}, now);
    }
    drain();
  }
};

/// What a client needs to know to sign.
struct Credentials {
  std::string username = "alice";
  std::string password = "s3cret";
  std::string realm = "example.org";
  std::string nonce = {};

  stun::IntegrityKey key() const {
    return stun::IntegrityKey::long_term(username, realm, password);
  }
};

inline const Credentials bobs{.username = "bob", .password = "hunter2"};
inline const Fill nothing = [](MessageWriter&) {};
inline const Fill over_udp = [](MessageWriter& m) {
  m.add_leading_byte(AttributeType::requested_transport, 17);
};
inline Fill lasting(std::int64_t count) {
  return [=](MessageWriter& m) { m.add_lifetime(std::chrono::seconds(count)); };
}
inline Fill to_peers(std::vector<Endpoint> peers) {
  return [=](MessageWriter& m) {
    for (const Endpoint& p : peers) m.add_xor_address(AttributeType::xor_peer_address, p);
  };
}
inline Fill channel(std::uint16_t number, const Endpoint& to) {
  return [=](MessageWriter& m) {
    m.add_channel_number(number);
    m.add_xor_address(AttributeType::xor_peer_address, to);
  };
}
inline Fill both(Fill first, Fill second) {
  return [=](MessageWriter& m) {
    first(m);
    second(m);
  };
}

inline stun::TransactionId id_of(std::uint16_t client, std::uint64_t count) {
  stun::TransactionId id;
  ByteWriter out(id.bytes);
  out.u16(client);
  out.u16(0xffff);
  out.u64(count);
  return id;
}

class Client {
 public:
  /// Fetches a nonce by a bare request, as RFC 8489, section 9.2.3.1 wants.
  Client(Bench& on, const Endpoint& from, Credentials with = {})
      : address(from), credentials(std::move(with)), bench_(on) {
    renew_nonce();
  }

  Endpoint address;
  Credentials credentials;
  Endpoint server = relay_v4;

  void renew_nonce() {
    credentials.nonce = bare(Method::refresh).view().text(AttributeType::nonce).value();
  }
  /// New at each call, and the same in two clients of the same port and history.
  stun::TransactionId fresh_id() const { return id_of(address.port, ++ids_); }
  Buffer request(Method method, const Fill& fill, bool fingerprint = false,
                 std::optional<stun::TransactionId> id = {}) const {
    Buffer buffer(2000);
    MessageWriter writer(buffer, {method, Class::request}, id.value_or(fresh_id()));
    fill(writer);
    writer.add_text(AttributeType::username, credentials.username);
    writer.add_text(AttributeType::realm, credentials.realm);
    writer.add_text(AttributeType::nonce, credentials.nonce);
    writer.add_integrity(credentials.key());
    if (fingerprint) writer.add_fingerprint();
    EXPECT_TRUE(writer.ok());
    return copy(writer.bytes());
  }
  Buffer indication(Method method, const Fill& fill) const {
    Buffer buffer(2000);
    MessageWriter writer(buffer, {method, Class::indication}, fresh_id());
    fill(writer);
    EXPECT_TRUE(writer.ok());
    return copy(writer.bytes());
  }
  /// The one answer to these bytes, which must be one datagram to this client, or none.
  Answer answer_to(Bytes bytes) const {
    const auto answers = bench_.datagram(address, server, bytes);
    if (answers.empty()) return {};
    EXPECT_EQ(answers.size(), 1u);
    EXPECT_EQ(answers[0].send.remote, address);
    EXPECT_EQ(answers[0].send.local, server);
    return {answers[0]};
  }
  Answer ask(Method method, const Fill& fill = nothing) const {
    return answer_to(request(method, fill));
  }
  Answer bare(Method method, const Fill& fill = nothing, bool fingerprint = false) const {
    Buffer buffer(500);
    MessageWriter writer(buffer, {method, Class::request}, fresh_id());
    fill(writer);
    if (fingerprint) writer.add_fingerprint();
    return answer_to(writer.bytes());
  }

  Endpoint allocate() const {
    const Answer answer = ask(Method::allocate, over_udp);
    EXPECT_EQ(answer.code(), 0);
    return answer.relayed();
  }
  int permit(const Endpoint& to) const {
    return ask(Method::create_permission, to_peers({to})).code();
  }
  int bind(std::uint16_t number, const Endpoint& to) const {
    return ask(Method::channel_bind, channel(number, to)).code();
  }
  int remove() const { return ask(Method::refresh, lasting(0)).code(); }

  /// What goes out because of a Send indication or ChannelData.
  std::vector<Sent> send(const Endpoint& to, std::string_view text) const {
    return bench_.datagram(address, server,
                           indication(Method::send, both(to_peers({to}), [&](MessageWriter& m) {
                                        m.add_text(AttributeType::data, text);
                                      })));
  }
  std::vector<Sent> send(std::uint16_t number, std::string_view text) const {
    Buffer buffer(text.size() + 4);
    return bench_.datagram(
        address, server,
        write_channel_data(buffer, ChannelNumber::parse(number).value(), as_bytes(text)));
  }

 private:
  Bench& bench_;
  mutable std::uint64_t ids_ = 0;
};

inline std::string text_of(const Sent& sent) {
  return {sent.bytes.begin(), sent.bytes.end()};
}

}  // namespace tickover::turn::bench
