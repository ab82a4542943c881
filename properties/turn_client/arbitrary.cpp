// Laws that hold whatever the network, the host and the owner do.

#include <gtest/gtest.h>
// gtest comes first.
#include <rapidcheck/gtest.h>

#include "properties/turn_client/bench.h"

namespace tickover::properties {
namespace {

constexpr std::array codes = {300, 400, 401, 403, 437, 438, 441, 443, 486, 500, 508};

/// Does one thing of many to the client; what it is depends on the numbers alone.
class Adversary {
 public:
  Adversary()
      : bench_([] {
          ClientConfig c = config();
          c.server = {relay_v4, relay_v6};
          c.first_channel = 0x4000;
          c.last_channel = 0x4003;
          return c;
        }()) {
    bench_.opens_sockets = false;
  }

  void act(std::uint32_t what, std::uint32_t which) {
    const std::optional<Sent> sent = pick(which);
    const PeerAddress peer{{bob.endpoint.ip, static_cast<std::uint16_t>(7000 + which % 6)}};
    Client& client = bench_.client;
    switch (what % 22) {
      case 0:
      case 1:
      case 2:
        advance(which);
        break;
      case 3:
        if (sent) bench_.challenge(*sent, which % 3 == 0 ? 438 : 401, "n", "r");
        break;
      case 4:
      case 5:
      case 6:
      case 7:
        if (sent) bench_.accept(*sent, std::chrono::seconds(which % 700));
        break;
      case 8:
        if (sent) bench_.refuse(*sent, codes[which % codes.size()]);
        break;
      case 9:
        if (sent) bench_.refuse(*sent, codes[which % codes.size()], std::nullopt);
        break;
      case 10:
        if (sent) bench_.input(SendRefused{sent->local, sent->remote});
        break;
      case 11:
        if (sent) bench_.input(IcmpError{sent->local, sent->remote, 3, 3, 0});
        break;
      case 12:
        if (sent) bench_.input(SocketClosed{sent->local});
        break;
      case 13:
        (void)client.bind_channel(peer, bench_.now);
        break;
      case 14:
        (void)client.create_permission(peer, bench_.now);
        break;
      case 15:
        (void)client.release_peer(peer, bench_.now);
        break;
      case 16:
        (void)client.send(peer, as_bytes("data"), bench_.now);
        break;
      case 17:
        if (sent) garble(*sent, which);
        break;
      case 18:
        bench_.input(AddressesChanged{{at(which % 2 == 0 ? "10.0.0.2:1" : "10.0.0.3:1").ip}});
        break;
      case 19:
        if (which % 4 == 0) client.close(bench_.now);
        if (which % 4 == 1) client.restart(bench_.now);
        break;
      case 20:
      case 21:
        bench_.obey();
        bench_.ignore();
        break;
    }
    bench_.drain();
    open_sockets(which);
    check();
  }

  const Bench& bench() const { return bench_; }

 private:
  /// One of the latest requests.
  std::optional<Sent> pick(std::uint32_t which) const {
    const auto& log = bench_.log;
    if (log.empty()) return {};
    const Sent& sent = log[log.size() - 1 - which % std::min<std::size_t>(log.size(), 4)];
    return sent.is_stun() ? std::optional(sent) : std::nullopt;
  }

  void advance(std::uint32_t which) {
    const auto timeout = bench_.client.poll_timeout();
    if (which % 3 != 0 && timeout) {
      bench_.run_until(timeout->at);
    } else {
      bench_.now += std::chrono::milliseconds(which % 20'000);  // and perhaps much too late
      bench_.client.handle_timeout(bench_.now);
    }
  }

  void garble(const Sent& sent, std::uint32_t which) {
    std::vector<std::uint8_t> bytes = sent.bytes;
    bytes[which % bytes.size()] ^= static_cast<std::uint8_t>(1 + which % 255);
    bench_.deliver(bytes, sent);
  }

  void open_sockets(std::uint32_t which) {
    for (const OpenSocket& open : std::exchange(bench_.asked_sockets, {})) {
      if (which % 5 == 0) {
        bench_.input(SocketRefused{open.request});
      } else {
        bench_.input(SocketOpened{open.request, {open.local.ip, bench_.next_port++}});
      }
    }
  }

  void check() {
    // Nothing is due once everything was drained, and being woken again changes nothing.
    const auto timeout = bench_.client.poll_timeout();
    RC_ASSERT(!timeout || timeout->at > bench_.now);
    Client again = bench_.client;
    again.handle_timeout(bench_.now);
    RC_ASSERT(again == bench_.client);
    // The events add up to what the client says.
    for (const std::string& text : bench_.take_events()) {
      if (text.starts_with("added")) RC_ASSERT(++candidates_ == 1);
      if (text.starts_with("removed")) RC_ASSERT(--candidates_ == 0);
    }
    RC_ASSERT(bench_.client.allocation().has_value() == (candidates_ == 1));
    // Not every relay that says 401, 438 or 437 makes it talk without end.
    RC_ASSERT(bench_.log.size() - last_size_ <= 40u);
    last_size_ = bench_.log.size();
  }

  Bench bench_;
  int candidates_ = 0;
  std::size_t last_size_ = 0;
};

// BUG C05; BUGS P1, P3, P5, P10
RC_GTEST_PROP(TurnClient, keeps_its_laws_whatever_happens, ()) {
  const auto count = *rc::gen::inRange(1, 400);
  const auto steps = *rc::gen::container<std::vector<std::pair<std::uint32_t, std::uint32_t>>>(
      static_cast<std::size_t>(count),
      rc::gen::pair(rc::gen::inRange<std::uint32_t>(0, 22),
                    rc::gen::inRange<std::uint32_t>(0, 1'000'000)));
  Adversary adversary;
  for (const auto& [what, which] : steps) adversary.act(what, which);
  const auto& events = adversary.bench().event_log;
  RC_CLASSIFY(std::ranges::any_of(
      events, [](const auto& event) { return event.second.starts_with("added"); }));
}

// PROTOCOL T9, T10; BUGS P15
RC_GTEST_PROP(TurnClient, is_moved_by_no_datagram_from_elsewhere,
              (const std::vector<std::uint8_t>& bytes)) {
  Bench bench;
  bench.allocate();
  EXPECT_TRUE(bench.client.bind_channel(bob, bench.now));
  bench.drain();
  const Sent bind = bench.take_one();
  const Client before = bench.client;
  Sent elsewhere = bind;
  elsewhere.remote = at("192.0.2.66:3478");
  bench.deliver(bytes, elsewhere);
  bench.deliver(bytes, bind);  // and none from the relay that carries neither id nor channel
  RC_ASSERT(bench.client == before);
}

}  // namespace
}  // namespace tickover::properties
