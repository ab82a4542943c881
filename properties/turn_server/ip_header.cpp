#include "properties/turn_server/bench.h"

namespace tickover::turn::bench {
namespace {

const Endpoint v6_peer = at("[2001:db8::5]:9");
const Buffer channel_data{0x40, 0x00, 0x00, 0x01, 'x'};

/// A bench on which alice, whose address is IPv4, has bound a peer of one family.
struct Bound : Bench {
  explicit Bound(const Endpoint& to) : to_peer(to), alice(*this, alice_at) {
    const auto family = static_cast<std::uint8_t>(to.family());
    relayed = alice
                  .ask(Method::allocate,
                       both(over_udp,
                            [&](MessageWriter& m) {
                              m.add_leading_byte(AttributeType::requested_address_family, family);
                            }))
                  .relayed();
    EXPECT_EQ(alice.bind(0x4000, to), 0);
  }
  Endpoint to_peer;
  Client alice;
  Endpoint relayed;

  Send pass(Datagram datagram) {
    sent.clear();
    input(datagram);
    EXPECT_EQ(sent.size(), 1u);
    return sent.at(0).send;
  }
  Send out(Ecn ecn, bool dont_fragment, std::uint8_t hop_limit) {
    return pass({relay_v4, alice_at, channel_data, ecn, dont_fragment, hop_limit});
  }
  Send in(Ecn ecn, bool dont_fragment, std::uint8_t hop_limit) {
    return pass({relayed, to_peer, channel_data, ecn, dont_fragment, hop_limit});
  }
  Send indicated(bool dont_fragment_attribute) {
    const Buffer message = alice.indication(Method::send, [&](MessageWriter& m) {
      m.add_xor_address(AttributeType::xor_peer_address, to_peer);
      if (dont_fragment_attribute) m.add(AttributeType::dont_fragment, {});
      m.add_text(AttributeType::data, "x");
    });
    return pass({.local = relay_v4, .remote = alice_at, .payload = message});
  }
};

// PROTOCOL I1
TEST(TurnServerIpHeader, keeps_the_ecn_bits_both_ways_and_across_families) {
  for (const Endpoint& to : {peer, v6_peer}) {
    Bound bench(to);
    for (const Ecn ecn : {Ecn::not_ect, Ecn::ect0, Ecn::ect1, Ecn::ce}) {
      EXPECT_EQ(bench.out(ecn, false, 64).ecn, ecn);
      EXPECT_EQ(bench.in(ecn, false, 64).ecn, ecn);
    }
  }
}

// PROTOCOL I2
TEST(TurnServerIpHeader, keeps_the_df_bit_within_a_family) {
  Bound bench(peer);
  for (const bool dont_fragment : {false, true}) {
    EXPECT_EQ(bench.out(Ecn::not_ect, dont_fragment, 64).dont_fragment, dont_fragment);
    EXPECT_EQ(bench.in(Ecn::not_ect, dont_fragment, 64).dont_fragment, dont_fragment);
    EXPECT_EQ(bench.indicated(dont_fragment).dont_fragment, dont_fragment);
  }
}

// PROTOCOL I2
TEST(TurnServerIpHeader, ignores_dont_fragment_between_families) {
  Bound bench(v6_peer);
  EXPECT_FALSE(bench.out(Ecn::not_ect, true, 64).dont_fragment);
  EXPECT_FALSE(bench.in(Ecn::not_ect, true, 64).dont_fragment);
  EXPECT_FALSE(bench.indicated(true).dont_fragment);
}

// PROTOCOL I3, AB8
TEST(TurnServerIpHeader, decrements_the_hop_limit_and_ends_at_one) {
  for (const Endpoint& to : {peer, v6_peer}) {
    Bound bench(to);
    for (const std::uint8_t hops : Buffer{2, 64, 255}) {
      EXPECT_EQ(bench.out(Ecn::not_ect, false, hops).hop_limit, hops - 1);
      EXPECT_EQ(bench.in(Ecn::not_ect, false, hops).hop_limit, hops - 1);
    }
    bench.sent.clear();
    bench.input(Datagram{relay_v4, alice_at, channel_data, Ecn::not_ect, false, 1});
    bench.input(Datagram{bench.relayed, to, channel_data, Ecn::not_ect, false, 0});
    EXPECT_TRUE(bench.sent.empty());
    EXPECT_EQ(bench.server.counters().hop_limit_reached, 2u);
  }
}

// PROTOCOL I1, I2, I3
TEST(TurnServerIpHeader, is_the_hosts_own_on_answers) {
  Bound bench(peer);
  const Buffer request = bench.alice.request(Method::refresh, nothing);
  const Send answer = bench.pass({relay_v4, alice_at, request, Ecn::ce, true, 2});
  EXPECT_EQ(answer.ecn, Ecn::not_ect);
  EXPECT_FALSE(answer.dont_fragment);
  EXPECT_EQ(answer.hop_limit, 64);
}

}  // namespace
}  // namespace tickover::turn::bench
