// The client against our own relay, over a wire that loses, delays and doubles.

#include <gtest/gtest.h>
// gtest comes first.
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "core/turn/server/server.h"
#include "properties/turn_client/bench.h"

namespace tickover::properties {
namespace {

struct Weather {
  Ratio loss{0, 1};
  Ratio doubled{0, 1};
  Duration delay = 20ms;
  Duration jitter = Duration();
};

turn::ServerConfig relay_config() {
  return {.listen = {relay_v4},
          .relay_addresses = {relay_v4.ip},
          .realm = "example.org",
          .users = {{"alice", "secret"}},
          .nonce_lifetime = 7min,
          .allow_private_peers = true};
}

/// One client, one relay, one peer at every other address that echoes.
class Wire {
 public:
  explicit Wire(Weather w, std::uint64_t seed = 1, ClientConfig c = config())
      : weather(w),
        client(std::move(c), Random(seed), now),
        dice_(seed),
        buffer_(max_datagram_size) {
    reboot();
    drain();
  }

  void reboot() {
    open_.clear();
    server.emplace(relay_config(), Random(++boots_), now);
    drain();
  }
  void run_until(Instant until) {
    for (;;) {
      Instant next = until;
      if (!flying_.empty()) next = std::min(next, flying_.begin()->first.first);
      for (const auto& timeout : {client.poll_timeout(), server->poll_timeout()}) {
        if (timeout) next = std::min(next, timeout->at);
      }
      now = next;
      client.handle_timeout(now);
      server->handle_timeout(now);
      while (!flying_.empty() && flying_.begin()->first.first <= now) {
        const Flying datagram = flying_.begin()->second;
        flying_.erase(flying_.begin());
        arrive(datagram);
        drain();
      }
      drain();
      if (next == until) return;
    }
  }
  /// Says whether an echo comes back within a second.
  bool echoes(const PeerAddress& peer) {
    const std::size_t before = received;
    if (!client.send(peer, as_bytes("echo"), now)) return false;
    drain();
    run_until(now + 1s);
    return received > before;
  }

  Weather weather;
  Instant now;
  Client client;
  std::optional<turn::Server> server;
  std::vector<std::pair<Instant, std::string>> events;
  std::size_t received = 0;
  std::size_t sent = 0;
  bool cut = false;

 private:
  struct Flying {
    Endpoint from;
    Endpoint to;
    std::vector<std::uint8_t> bytes;
  };

  void arrive(const Flying& d) {
    const Datagram datagram{.local = d.to, .remote = d.from, .payload = d.bytes};
    if (d.to.ip == at("10.0.0.2:1").ip) {
      client.handle_input(datagram, now);
    } else if (d.to.ip == relay_v4.ip) {
      if (open_.contains(d.to)) server->handle_input(datagram, now);
    } else {
      fly({d.to, d.from, d.bytes});
    }
  }
  void fly(Flying datagram) {
    if (cut || dice_.chance(weather.loss)) return;
    for (int copies = dice_.chance(weather.doubled) ? 2 : 1; copies > 0; --copies) {
      const auto spread = static_cast<std::uint64_t>(weather.jitter.count());
      const Duration extra =
          Duration::nanoseconds(static_cast<std::int64_t>(dice_.below(spread + 1)));
      flying_.insert({{now + weather.delay + extra, ++sequence_}, datagram});
    }
  }
  template <class M>
  bool drain_one(M& machine) {
    bool moved = false;
    while (const auto transmit = machine.poll_transmit(buffer_)) {
      moved = true;
      if (const auto* send = std::get_if<Send>(&*transmit)) {
        const auto end = buffer_.begin() + static_cast<std::ptrdiff_t>(send->size);
        fly({send->local, send->remote, {buffer_.begin(), end}});
        if constexpr (std::same_as<M, Client>) ++sent;
      } else if (const auto* open = std::get_if<OpenSocket>(&*transmit)) {
        Endpoint local = open->local;
        if constexpr (std::same_as<M, Client>) local = {at("10.0.0.2:1").ip, port_++};
        open_.insert(local);
        machine.handle_input(SocketOpened{open->request, local}, now);
      } else {
        open_.erase(std::get<CloseSocket>(*transmit).local);
      }
    }
    return moved;
  }
  void drain() {
    for (bool moved = true; moved;) {
      moved = drain_one(client);
      moved = drain_one(*server) || moved;
    }
    while (server->poll_event()) continue;
    while (const auto event = client.poll_event()) {
      received += std::holds_alternative<turn::DataReceived>(*event);
      events.emplace_back(now, text_of(*event));
    }
    check_beliefs();
  }
  /// What the client would use, the relay has, for the same peer (BUGS P8). Only a relay that was
  /// rebooted knows less.
  void check_beliefs() {
    if (boots_ > 1) return;
    for (std::uint16_t i = 0; i < 4; ++i) {
      const PeerAddress peer{{bob.endpoint.ip, static_cast<std::uint16_t>(7000 + i)}};
      const auto number = client.channel(peer, now);
      if (!number) continue;
      bool known = false;
      for (const auto& allocation : server->allocations()) {
        if (allocation.relayed != client.allocation()->relayed) continue;
        for (const auto& channel : allocation.channels) {
          known |= channel.number == *number && channel.peer == peer.endpoint;
        }
      }
      EXPECT_TRUE(known) << peer.endpoint.text() << " at " << now.since_origin().count();
    }
  }

  Random dice_;
  std::uint64_t boots_ = 0;
  std::map<std::pair<Instant, std::uint64_t>, Flying> flying_;
  std::uint64_t sequence_ = 0;
  std::set<Endpoint> open_;
  std::uint16_t port_ = 40000;
  std::vector<std::uint8_t> buffer_;
};

std::size_t removals(const Wire& wire) {
  std::size_t count = 0;
  for (const auto& [when, text] : wire.events) count += text.starts_with("removed");
  return count;
}

// PROTOCOL H7, A25; BUGS G12, P7, P8
TEST(TurnClientAndRelay, live_a_day_without_a_word_too_many) {
  Wire wire({});
  EXPECT_TRUE(wire.client.bind_channel(bob, wire.now));
  EXPECT_TRUE(wire.client.create_permission(carol, wire.now));
  for (int hour = 0; hour < 24; ++hour) {
    wire.run_until(after(std::chrono::hours(hour)) + 1s);
    EXPECT_TRUE(wire.echoes(bob));
    EXPECT_TRUE(wire.echoes(carol));
  }
  EXPECT_EQ(removals(wire), 0u);
  EXPECT_EQ(wire.server->allocation_count(), 1u);
}

// PROTOCOL C10; BUG C09(c); BUGS G6, P6, P9
TEST(TurnClientAndRelay, recover_from_a_reboot_by_the_next_keep_alive) {
  Wire wire({});
  EXPECT_TRUE(wire.client.bind_channel(bob, wire.now));
  wire.run_until(after(10s));
  wire.reboot();
  wire.run_until(after(10s) + 25s + 5s);
  EXPECT_EQ(removals(wire), 1u);
  EXPECT_TRUE(wire.echoes(bob));
}

// PROTOCOL C10; BUGS G7, P6
TEST(TurnClientAndRelay, recover_from_a_dead_path) {
  Wire wire({});
  EXPECT_TRUE(wire.client.bind_channel(bob, wire.now));
  wire.run_until(after(10s));
  wire.cut = true;
  wire.run_until(after(5min));
  EXPECT_FALSE(wire.client.allocation());
  wire.cut = false;
  // The rest of an attempt that began while the path was dead, a pause, and an attempt.
  wire.run_until(after(5min) + 39'500ms + 60s + 5s);
  EXPECT_TRUE(wire.echoes(bob));
}

// PROTOCOL F2; BUGS P12
TEST(TurnClientAndRelay, part_for_good_when_the_client_closes) {
  Wire wire({});
  EXPECT_TRUE(wire.client.bind_channel(bob, wire.now));
  wire.run_until(after(10s));
  wire.client.close(wire.now);
  wire.run_until(after(11s));
  EXPECT_EQ(wire.server->allocation_count(), 0u);
  EXPECT_EQ(wire.client.poll_timeout(), std::nullopt);
}

// BUGS G2, G4, P5, P6, P8
RC_GTEST_PROP(TurnClientAndRelay, converge_once_the_weather_clears, ()) {
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  Weather weather{.loss = Ratio(*rc::gen::inRange<std::uint32_t>(0, 60), 100),
                  .doubled = Ratio(*rc::gen::inRange<std::uint32_t>(0, 50), 100),
                  .delay = std::chrono::milliseconds(*rc::gen::inRange(0, 3000)),
                  .jitter = std::chrono::milliseconds(*rc::gen::inRange(0, 2000))};
  Wire wire(weather, seed);
  const auto peers = *rc::gen::inRange<std::uint16_t>(1, 4);
  for (std::uint16_t i = 0; i < peers; ++i) {
    const PeerAddress peer{{bob.endpoint.ip, static_cast<std::uint16_t>(7000 + i)}};
    RC_ASSERT(wire.client.bind_channel(peer, wire.now).has_value());
  }
  wire.run_until(after(40min));
  wire.weather = {};
  // An attempt, the longest pause, another attempt; and a bind that waits to be tried again.
  wire.run_until(wire.now + 39'500ms + 60s + 39'500ms + 60s);
  for (std::uint16_t i = 0; i < peers; ++i) {
    RC_ASSERT(wire.echoes({{bob.endpoint.ip, static_cast<std::uint16_t>(7000 + i)}}));
  }
  // Bounded traffic: a Refresh each 25 s, binds, and at most seven copies of each.
  RC_ASSERT(wire.sent < 2000u);
}

}  // namespace
}  // namespace tickover::properties
