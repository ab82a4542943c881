// What the relay tells about the path from it to a peer.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/turn_client/bench.h"

namespace tickover::properties {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Fill = std::function<void(MessageWriter&)>;

/// A Data indication for the client's latest socket.
void indicate(Bench& bench, const Sent& to, const Fill& fill) {
  std::array<std::uint8_t, 256> buffer;
  MessageWriter writer(buffer, {Method::data, Class::indication}, {});
  fill(writer);
  bench.deliver(writer.bytes(), to);
}
Fill port_unreachable(const PeerAddress& peer) {
  return [=](MessageWriter& m) {
    m.add_xor_address(AttributeType::xor_peer_address, peer.endpoint);
    m.add_icmp(3, 3, 0);
  };
}

/// A bench with a channel to bob; `bind` is the request that made it.
struct Bound {
  Bench bench;
  Sent bind;
  Bound() {
    bench.allocate();
    EXPECT_TRUE(bench.client.bind_channel(bob, bench.now));
    bench.drain();
    bind = bench.take_one();
    bench.accept(bind);
    bench.take_events();
  }
};

// PROTOCOL D5, D7
TEST(TurnClientIcmp, is_told_to_the_application) {
  Bound b;
  indicate(b.bench, b.bind, port_unreachable(bob));
  EXPECT_THAT(b.bench.take_events(), ElementsAre("icmp 203.0.113.5:7000: 3/3 0"));
  indicate(b.bench, b.bind, [](MessageWriter& m) {
    m.add_xor_address(AttributeType::xor_peer_address, bob.endpoint);
    m.add_icmp(3, 4, 1280);
  });
  EXPECT_THAT(b.bench.take_events(), ElementsAre("icmp 203.0.113.5:7000: 3/4 1280"));
}

// PROTOCOL D5
TEST(TurnClientIcmp, counts_only_about_a_peer_that_is_permitted) {
  Bound b;
  indicate(b.bench, b.bind, port_unreachable(carol));
  EXPECT_THAT(b.bench.take_events(), IsEmpty());
  EXPECT_EQ(b.bench.client.counters().unpermitted, 1u);
  indicate(b.bench, b.bind, [](MessageWriter& m) { m.add_icmp(3, 3, 0); });
  indicate(b.bench, b.bind, [](MessageWriter& m) {
    m.add_xor_address(AttributeType::xor_peer_address, bob.endpoint);
  });
  indicate(b.bench, b.bind, [](MessageWriter& m) {
    m.add_xor_address(AttributeType::xor_peer_address, bob.endpoint);
    m.add_u32(AttributeType::icmp, 3);  // cut short
  });
  EXPECT_THAT(b.bench.take_events(), IsEmpty());
  EXPECT_EQ(b.bench.client.counters().unexpected, 3u);
}

// PROTOCOL D8
TEST(TurnClientIcmp, changes_nothing_that_the_client_believes) {
  Bound b;
  indicate(b.bench, b.bind, port_unreachable(bob));
  EXPECT_TRUE(b.bench.client.can_send(bob, b.bench.now));
  EXPECT_TRUE(b.bench.client.allocation());
  EXPECT_TRUE(b.bench.send("still"));
  EXPECT_EQ(b.bench.take().size(), 1u);
}

}  // namespace
}  // namespace tickover::properties
