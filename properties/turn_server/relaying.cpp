#include "properties/turn_server/bench.h"

namespace tickover::turn::bench {
namespace {

struct Bound : Bench {
  Bound() : alice(*this, alice_at), relayed(alice.allocate()) {
    EXPECT_EQ(alice.permit(stranger), 0);
    EXPECT_EQ(alice.bind(0x4000, peer), 0);
  }
  Client alice;
  Endpoint relayed;
};

const std::string all_bytes = [] {
  std::string text;
  for (int i = 0; i < 1400; ++i) text.push_back(static_cast<char>(i));
  return text;
}();

// PROTOCOL W20, D3, H9; BUGS P11
TEST(TurnServerRelaying, carries_every_payload_byte_for_byte_to_the_peer) {
  Bound bench;
  for (const std::size_t size : {0u, 1u, 2u, 3u, 4u, 1399u, 1400u}) {
    const std::string text = all_bytes.substr(0, size);
    for (const auto& sent : {bench.alice.send(stranger, text), bench.alice.send(0x4000, text)}) {
      ASSERT_EQ(sent.size(), 1u);
      EXPECT_EQ(sent[0].send.local, bench.relayed);
      EXPECT_EQ(text_of(sent[0]), text);
    }
  }
}

// PROTOCOL W20, D4, K25, AB27; BUGS P11
TEST(TurnServerRelaying, carries_every_payload_byte_for_byte_to_the_client) {
  Bound bench;
  for (const std::size_t size : {0u, 1u, 2u, 3u, 4u, 1399u, 1400u}) {
    const std::string text = all_bytes.substr(0, size);
    const auto channel_data = bench.datagram(peer, bench.relayed, as_bytes(text));
    ASSERT_EQ(channel_data.size(), 1u);
    EXPECT_EQ(channel_data[0].send.remote, alice_at);
    EXPECT_EQ(channel_data[0].send.local, relay_v4);
    const auto decoded = ChannelData::decode(channel_data[0].bytes);
    EXPECT_EQ(decoded->number.value(), 0x4000);
    EXPECT_EQ(as_text(decoded->payload), text);
    EXPECT_EQ(channel_data[0].bytes.size(), size + 4);

    const auto indication = bench.datagram(stranger, bench.relayed, as_bytes(text));
    ASSERT_EQ(indication.size(), 1u);
    const MessageView view = indication[0].view();
    EXPECT_EQ(view.message_class(), Class::indication);
    EXPECT_EQ(view.xor_address(AttributeType::xor_peer_address).value(), stranger);
    EXPECT_EQ(as_text(view.find(AttributeType::data).value()), text);
  }
}

// PROTOCOL K3
TEST(TurnServerRelaying, draws_a_new_transaction_id_for_each_indication) {
  Bound bench;
  const auto first = bench.datagram(stranger, bench.relayed, as_bytes("x"));
  const auto second = bench.datagram(stranger, bench.relayed, as_bytes("x"));
  EXPECT_NE(first[0].view().id(), second[0].view().id());
}

// PROTOCOL W20, H8; BUG B09(b), B09(c)
TEST(TurnServerRelaying, ignores_the_padding_behind_channel_data) {
  Bound bench;
  const Buffer padded{0x40, 0x00, 0x00, 0x01, 'x', 0, 0, 0};
  const auto sent = bench.datagram(alice_at, relay_v4, padded);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(text_of(sent[0]), "x");
}

// PROTOCOL R16, H8; BUGS P11
TEST(TurnServerRelaying, drops_data_that_lies_or_comes_from_strangers) {
  Bound bench;
  const Buffer too_long{0x40, 0x00, 0x00, 0x02, 'x'};
  const Buffer unbound{0x40, 0x01, 0x00, 0x01, 'x'};
  const Buffer reserved{0x4f, 0xff};
  EXPECT_TRUE(bench.datagram(alice_at, relay_v4, too_long).empty());
  EXPECT_TRUE(bench.datagram(alice_at, relay_v4, unbound).empty());
  EXPECT_TRUE(bench.datagram(alice_at, relay_v4, reserved).empty());
  EXPECT_TRUE(bench.datagram(bob_at, relay_v4, Buffer{0x40, 0x00, 0x00, 0x01, 'x'}).empty());
  EXPECT_TRUE(bench.datagram(alice_at, relay_v6, Buffer{0x40, 0x00, 0x00, 0x00}).empty());
  EXPECT_EQ(bench.server.counters().malformed, 2u);
  EXPECT_EQ(bench.server.counters().without_channel, 1u);
  EXPECT_EQ(bench.server.counters().without_allocation, 2u);
}

// PROTOCOL D2, T15
TEST(TurnServerRelaying, drops_send_indications_that_lack_something) {
  Bound bench;
  const Fill data = [](MessageWriter& m) { m.add_text(AttributeType::data, "x"); };
  const Fill strange = [](MessageWriter& m) { m.add_u32(AttributeType{0x7001}, 0); };
  const Fill whole = both(to_peers({stranger}), data);
  const auto send = [&](const Fill& fill) {
    return bench.datagram(alice_at, relay_v4, bench.alice.indication(Method::send, fill)).size();
  };
  EXPECT_EQ(send(data), 0u);
  EXPECT_EQ(send(to_peers({stranger})), 0u);
  EXPECT_EQ(send(both(whole, strange)), 0u);
  EXPECT_EQ(send(both(to_peers({at("[2001:db8::5]:1")}), data)), 0u);
  EXPECT_EQ(bench.server.counters().unusable_indication, 4u);
  EXPECT_EQ(send(both(to_peers({at("203.0.113.6:0")}), data)), 0u);
  EXPECT_EQ(send(whole), 1u);
}

// PROTOCOL I1, I2, I3
TEST(TurnServerRelaying, keeps_what_the_ip_header_said) {
  Bound bench;
  bench.sent.clear();
  const Buffer data{0x40, 0x00, 0x00, 0x01, 'x'};
  const Datagram in{.local = relay_v4,
                    .remote = alice_at,
                    .payload = data,
                    .ecn = Ecn::ce,
                    .dont_fragment = true,
                    .hop_limit = 9};
  bench.input(in);
  ASSERT_EQ(bench.sent.size(), 1u);
  EXPECT_EQ(bench.sent[0].send.ecn, Ecn::ce);
  EXPECT_TRUE(bench.sent[0].send.dont_fragment);
  EXPECT_EQ(bench.sent[0].send.hop_limit, 8);
  Datagram last = in;
  last.hop_limit = 1;
  bench.input(last);
  EXPECT_EQ(bench.sent.size(), 1u);
  EXPECT_EQ(bench.server.counters().hop_limit_reached, 1u);
}

// PROTOCOL I2
TEST(TurnServerRelaying, sets_dont_fragment_when_the_indication_says_so) {
  Bound bench;
  const Fill marked = both(to_peers({stranger}), [](MessageWriter& m) {
    m.add(AttributeType::dont_fragment, {});
    m.add_text(AttributeType::data, "x");
  });
  const auto sent =
      bench.datagram(alice_at, relay_v4, bench.alice.indication(Method::send, marked));
  EXPECT_TRUE(sent.at(0).send.dont_fragment);
  EXPECT_FALSE(bench.alice.send(stranger, "x").at(0).send.dont_fragment);
}

// PROTOCOL AB22
TEST(TurnServerRelaying, drops_what_no_longer_fits_with_its_header) {
  Bound bench;
  const std::string largest(65'507, 'x');
  EXPECT_TRUE(bench.datagram(peer, bench.relayed, as_bytes(largest)).empty());
  EXPECT_TRUE(bench.datagram(stranger, bench.relayed, as_bytes(largest)).empty());
  EXPECT_EQ(bench.server.counters().oversized, 2u);
  const auto fits = bench.datagram(peer, bench.relayed, as_bytes(largest).first(65'503));
  EXPECT_EQ(fits.at(0).bytes.size(), 65'507u);
}

TEST(TurnServerRelaying, takes_a_binding_indication_as_a_keep_alive) {
  Bound bench;
  const Buffer ping = bench.alice.indication(Method::binding, nothing);
  EXPECT_TRUE(bench.datagram(alice_at, relay_v4, ping).empty());
  EXPECT_EQ(bench.server.counters().keepalives, 1u);
}

// PROTOCOL R7, PM3, 1.19/443; BUGS G20
TEST(TurnServerRelaying, reaches_ipv6_peers_from_an_ipv6_relay) {
  Bench bench;
  const Client alice(bench, alice_at);
  const Endpoint v6_peer = at("[2001:db8::5]:9");
  const Answer answer = alice.ask(Method::allocate, both(over_udp, [](MessageWriter& m) {
                                    m.add_leading_byte(AttributeType::requested_address_family, 2);
                                  }));
  EXPECT_EQ(alice.permit(peer), 443);
  EXPECT_EQ(alice.permit(v6_peer), 0);
  EXPECT_EQ(alice.send(v6_peer, "x").at(0).send.local, answer.relayed());
  const auto back = bench.datagram(v6_peer, answer.relayed(), as_bytes("y"));
  EXPECT_EQ(back.at(0).view().xor_address(AttributeType::xor_peer_address).value(), v6_peer);
}

}  // namespace
}  // namespace tickover::turn::bench
