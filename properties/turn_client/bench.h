#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/stun/message_view.h"
#include "core/stun/message_writer.h"
#include "core/turn/client/client.h"

namespace tickover::properties {

using namespace std::chrono_literals;
using stun::AttributeType;
using stun::Class;
using stun::MessageView;
using stun::MessageWriter;
using stun::Method;
using turn::Client;
using turn::ClientConfig;
using turn::ClientEvent;
using turn::PeerAddress;

inline Endpoint at(const char* text) {
  return *Endpoint::parse(text);
}
inline const Endpoint relay_v4 = at("192.0.2.1:3478");
inline const Endpoint relay_v6 = at("[2001:db8::1]:3478");
inline const Endpoint relayed = at("192.0.2.1:50000");
inline const Endpoint mapped = at("198.51.100.7:6000");
inline const PeerAddress bob{at("203.0.113.5:7000")};
inline const PeerAddress carol{at("203.0.113.6:7000")};

inline ClientConfig config() {
  // Answers come at once here, and what they lead to as well: no gap between the requests.
  return {.server = {relay_v4}, .username = "alice", .password = "secret", .start_gap = Duration{}};
}
inline Instant after(Duration d) {
  return Instant::at(d);
}

/// A datagram that the client sent.
struct Sent {
  Instant at;
  Endpoint local;
  Endpoint remote;
  std::vector<std::uint8_t> bytes;

  bool operator==(const Sent&) const = default;
  bool is_stun() const { return stun::looks_like_stun(bytes); }
  MessageView view() const { return *MessageView::decode(bytes); }
  bool is(Method method) const { return is_stun() && view().method() == method; }
  std::optional<Duration> lifetime() const {
    const auto value = view().lifetime();
    return value ? std::optional(*value) : std::nullopt;
  }
};

/// A client with its sockets, its clock and a relay of which every answer is scripted, or which
/// answers by itself at once.
class Bench {
 public:
  explicit Bench(ClientConfig c = config(), std::uint64_t key = 1);

  // What the world does.
  void input(const Input& input);
  void deliver(Bytes payload, const Sent& to);
  /// Answers `to`; `write` adds attributes, and a key signs it.
  using Write = std::function<void(MessageWriter&)>;
  void answer(const Sent& to, Class message_class, const Write& write = {},
              std::optional<std::string> password = "secret");
  void challenge(const Sent& to, int code = 401, const char* nonce = "n1",
                 const char* realm = "example.org");
  void refuse(const Sent& to, int code, std::optional<std::string> password = "secret");
  /// The success that fits the request.
  void accept(const Sent& to, Duration lifetime = 600s);
  /// Sleeps exactly until each deadline, or ticks every `tick` besides.
  void run_until(Instant until, std::optional<Duration> tick = {});
  void run_for(Duration d) { run_until(now + d); }
  /// From now on the relay answers everything at once, and whatever went unanswered.
  void obey();
  void ignore() { obeying_ = false; }

  // Vocabulary.
  void allocate(Duration lifetime = 600s);
  void bind(const PeerAddress& peer = bob);
  std::expected<void, turn::CommandError> send(const char* text, const PeerAddress& peer = bob);

  // What the client did. `taken` are in order; each call forgets what it returns.
  std::vector<Sent> take();
  Sent take_one();  // exactly one datagram, or the test fails
  std::vector<std::string> take_events();
  std::size_t count(Method method) const;
  std::vector<Instant> times(Method method) const;

  Instant now;
  std::uint16_t next_port = 40000;
  bool opens_sockets = true;
  std::vector<OpenSocket> asked_sockets;
  std::vector<CloseSocket> closed_sockets;
  std::vector<Sent> log;  // everything ever sent
  std::vector<std::pair<Instant, std::string>> event_log;
  Client client;
  void drain();

 private:
  void fetch();
  void obey(const Sent& request);

  std::vector<Sent> fresh_;
  std::vector<std::string> events_;
  bool obeying_ = false;
  std::vector<std::uint8_t> buffer_;
};

std::string text_of(const ClientEvent& event);

}  // namespace tickover::properties
