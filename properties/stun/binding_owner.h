#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "core/stun/binding_client.h"
#include "properties/stun/wire.h"

// A small vocabulary for tests of the Binding client.
namespace tickover::stun::binding {

inline const Endpoint server = *Endpoint::parse("198.51.100.1:3478");
inline const Endpoint local = *Endpoint::parse("192.0.2.7:50000");
inline const Endpoint outside = *Endpoint::parse("203.0.113.9:61000");
inline const Endpoint elsewhere = *Endpoint::parse("203.0.113.9:61001");

constexpr Instant at(Duration d) {
  return Instant::at(d);
}

/// A client with its owner: drains after every change, and keeps what came out.
struct Owner {
  explicit Owner(BindingConfig config = {.server = server}, std::uint64_t key = 1)
      : client(config, Random(key)) {
    drain(at(Duration()));
  }

  void tell(const Input& input, Duration when) {
    client.handle_input(input, at(when));
    drain(at(when));
  }
  void open(Duration when = {}) { tell(SocketOpened{opened.back().request, local}, when); }
  void wake(Duration when) {
    client.handle_timeout(at(when));
    drain(at(when));
  }
  /// Wakes the client exactly when it asks, up to and including `end`.
  void run_until(Duration end) {
    for (auto next = client.poll_timeout(); next && next->at <= at(end);
         next = client.poll_timeout()) {
      wake(next->at.since_origin());
    }
  }
  void drain(Instant now) {
    while (const auto transmit = client.poll_transmit(buffer)) {
      if (const auto* send = std::get_if<Send>(&*transmit)) {
        EXPECT_EQ(send->local, local);
        EXPECT_EQ(send->remote, server);
        sent_at.push_back(now.since_origin());
        sent.push_back(wire::copy(Bytes(buffer).first(send->size)));
      } else {
        opened.push_back(std::get<OpenSocket>(*transmit));
      }
    }
    while (const auto event = client.poll_event()) events.push_back(*event);
    if (const auto next = client.poll_timeout()) {
      EXPECT_GT(next->at, now);
    }
  }

  TransactionId last_id() const { return MessageView::decode(sent.back())->id(); }

  BindingClient client;
  wire::Buffer buffer = wire::Buffer(max_datagram_size);
  std::vector<OpenSocket> opened;
  std::vector<Duration> sent_at;
  std::vector<wire::Buffer> sent;
  std::vector<BindingEvent> events;
};

/// An answer from the server to the client's last request, as an input that owns its bytes.
struct Answer {
  Answer(Class c, const TransactionId& id, Method method = Method::binding)
      : writer(buffer, {method, c}, id) {}
  static Answer success(const Owner& owner, const Endpoint& mapped) {
    Answer answer(Class::success, owner.last_id());
    answer.writer.add_xor_address(AttributeType::xor_mapped_address, mapped);
    return answer;
  }
  Answer(Answer&&) = default;  // the writer's bytes stand on the heap and stay there

  Datagram from(const Endpoint& remote) const {
    return {.local = local, .remote = remote, .payload = writer.bytes()};
  }

  wire::Buffer buffer = wire::Buffer(200);
  MessageWriter writer;
};

}  // namespace tickover::stun::binding
