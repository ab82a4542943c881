#include "properties/turn_server/bench.h"

namespace tickover::turn::bench {
namespace {

/// A bench on which alice has an allocation and a permitted peer.
struct Permitted : Bench {
  explicit Permitted(ServerConfig with = config())
      : Bench(std::move(with)), alice(*this, alice_at), relayed(alice.allocate()) {
    EXPECT_EQ(alice.permit(peer), 0);
  }
  Client alice;
  Endpoint relayed;
};

ServerConfig legacy() {
  ServerConfig with = config();
  with.legacy_channel_numbers = true;
  return with;
}

// PROTOCOL M1; BUGS P25
TEST(TurnServerDemultiplexing, sorts_what_comes_from_clients_by_its_first_byte) {
  Permitted bench;
  const ServerCounters& counters = bench.server.counters();
  for (unsigned first = 0; first < 256; ++first) {
    const Buffer junk{static_cast<std::uint8_t>(first), 0, 0, 0};
    const ServerCounters before = counters;
    EXPECT_TRUE(bench.datagram(alice_at, relay_v4, junk).empty()) << first;
    const bool stun = first < 4;
    const bool channel_data = first >= 64 && first < 80;
    EXPECT_EQ(counters.malformed - before.malformed, stun ? 1u : 0u) << first;
    EXPECT_EQ(counters.without_channel - before.without_channel, channel_data ? 1u : 0u) << first;
    EXPECT_EQ(counters.not_turn - before.not_turn, stun || channel_data ? 0u : 1u) << first;
  }
}

// PROTOCOL M1; BUGS P25
TEST(TurnServerDemultiplexing, takes_whatever_comes_from_a_peer_as_data) {
  Permitted bench;
  for (unsigned first = 0; first < 256; ++first) {
    const Buffer any{static_cast<std::uint8_t>(first), 0, 0, 0};
    const auto sent = bench.datagram(peer, bench.relayed, any);
    ASSERT_EQ(sent.size(), 1u) << first;
    EXPECT_EQ(copy(sent[0].view().find(AttributeType::data).value()), any);
  }
}

// PROTOCOL V2, T9
TEST(TurnServerDemultiplexing, is_silent_to_methods_that_it_does_not_have) {
  Permitted bench;
  for (unsigned raw = 0; raw < 0x1000; ++raw) {
    const Method method{static_cast<std::uint16_t>(raw)};
    const bool known = method == Method::binding || method == Method::allocate ||
                       method == Method::refresh || method == Method::create_permission ||
                       method == Method::channel_bind;
    if (known) continue;
    EXPECT_TRUE(bench.alice.bare(method).silent()) << raw;
  }
  EXPECT_TRUE(bench.alice.ask(Method{0x00a}, to_peers({peer})).silent());  // Connect
  EXPECT_TRUE(bench.alice.ask(Method{0x00b}).silent());                    // ConnectionBind
  EXPECT_EQ(bench.server.allocations().size(), 1u);
}

// PROTOCOL T9
TEST(TurnServerDemultiplexing, is_silent_to_answers_and_to_requests_in_the_wrong_class) {
  Permitted bench;
  const auto before = bench.server.allocations();
  for (const Method method : {Method::binding, Method::allocate, Method::refresh, Method::data,
                              Method::create_permission, Method::channel_bind}) {
    for (const Class kind : {Class::indication, Class::success, Class::error}) {
      Buffer buffer(100);
      MessageWriter writer(buffer, {method, kind}, id_of(1, 1));
      writer.add_lifetime(0s);
      EXPECT_TRUE(bench.alice.answer_to(writer.bytes()).silent());
    }
  }
  EXPECT_EQ(bench.server.allocations(), before);
}

// PROTOCOL AB3, T20
TEST(TurnServerDemultiplexing, is_silent_to_clients_of_rfc_3489) {
  Bench bench;
  Buffer classic = {0x00, 0x01, 0x00, 0x08};
  for (std::uint8_t i = 0; i < 16; ++i) classic.push_back(i);  // 128 bits of id, no cookie
  const Buffer change_request{0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x00, 0x06};
  classic.insert(classic.end(), change_request.begin(), change_request.end());
  EXPECT_TRUE(bench.datagram(alice_at, relay_v4, classic).empty());
  classic.resize(20);
  classic[3] = 0;
  EXPECT_TRUE(bench.datagram(alice_at, relay_v4, classic).empty());
  EXPECT_EQ(bench.server.counters().malformed, 2u);
}

// PROTOCOL N2, N3, AB2
TEST(TurnServerDemultiplexing, refuses_to_be_a_reflector_of_rfc_5780) {
  Bench bench;
  const Client alice(bench, alice_at);
  for (const AttributeType type :
       {AttributeType::change_request, AttributeType::response_port, AttributeType::padding}) {
    const Answer answer = alice.bare(Method::binding, [&](MessageWriter& m) {
      if (type == AttributeType::padding) m.add_text(type, std::string(400, 'x'));
      if (type != AttributeType::padding) m.add_u32(type, 6);
    });
    EXPECT_EQ(answer.code(), 420);
    EXPECT_EQ(copy(answer.view().find(AttributeType::unknown_attributes).value()),
              (Buffer{0, static_cast<std::uint8_t>(type)}));
    EXPECT_LE(answer.sent->bytes.size(), 40u);
  }
  const Answer plain = alice.bare(Method::binding);
  EXPECT_FALSE(plain.view().has(AttributeType::response_origin));
  EXPECT_FALSE(plain.view().has(AttributeType::other_address));
}

// PROTOCOL O1, 1.19/405
TEST(TurnServerDemultiplexing, refuses_mobility_with_405_and_a_ticket_from_elsewhere_with_400) {
  Bench bench;
  const Client alice(bench, alice_at);
  const auto with_ticket = [](std::string_view text) {
    return both(over_udp, [=](MessageWriter& m) { m.add_text(AttributeType{0x8030}, text); });
  };
  EXPECT_EQ(alice.bare(Method::allocate, with_ticket("")).code(), 401);
  const Answer refused = alice.ask(Method::allocate, with_ticket(""));
  EXPECT_EQ(refused.code(), 405);
  EXPECT_TRUE(refused.is_signed_by(alice.credentials.key()));
  EXPECT_EQ(alice.ask(Method::allocate, with_ticket("ticket")).code(), 400);
  alice.allocate();
  EXPECT_EQ(alice.ask(Method::allocate, with_ticket("")).code(), 437);
}

// PROTOCOL Q3, T11, W17, 1.19/420
TEST(TurnServerDemultiplexing, refuses_tokens_of_third_parties_with_420_after_authentication) {
  Bench bench;
  const Client alice(bench, alice_at);
  const Fill token = both(
      over_udp, [](MessageWriter& m) { m.add_text(AttributeType::access_token, "let me in"); });
  EXPECT_EQ(alice.bare(Method::allocate, token).code(), 401);
  const Answer refused = alice.ask(Method::allocate, token);
  EXPECT_EQ(refused.code(), 420);
  EXPECT_EQ(copy(refused.view().find(AttributeType::unknown_attributes).value()),
            (Buffer{0x00, 0x1b}));
}

// PROTOCOL W10, H1, H8
TEST(TurnServerChannelNumbers, end_at_4fff_unless_asked_otherwise) {
  Permitted strict;
  for (const unsigned raw : {0x5000u, 0x7fffu, 0x8000u, 0xffffu}) {
    const auto number = static_cast<std::uint16_t>(raw);
    EXPECT_EQ(strict.alice.bind(number, peer), 400) << raw;
    const Buffer data{static_cast<std::uint8_t>(raw >> 8), static_cast<std::uint8_t>(raw), 0, 0};
    EXPECT_TRUE(strict.datagram(alice_at, relay_v4, data).empty());
  }
  EXPECT_EQ(strict.alice.bind(0x4fff, peer), 0);
}

// PROTOCOL W10
TEST(TurnServerChannelNumbers, go_to_7fff_for_clients_of_rfc_5766_where_that_is_asked_for) {
  Permitted bench(legacy());
  EXPECT_EQ(bench.alice.bind(0x3fff, peer), 400);
  EXPECT_EQ(bench.alice.bind(0x8000, peer), 400);
  EXPECT_EQ(bench.alice.bind(0x7fff, peer), 0);
  const auto to_peer = bench.datagram(alice_at, relay_v4, Buffer{0x7f, 0xff, 0x00, 0x01, 'x'});
  ASSERT_EQ(to_peer.size(), 1u);
  EXPECT_EQ(to_peer[0].send.remote, peer);
  EXPECT_EQ(text_of(to_peer[0]), "x");
  const auto to_client = bench.datagram(peer, bench.relayed, as_bytes("y"));
  ASSERT_EQ(to_client.size(), 1u);
  EXPECT_EQ(to_client[0].bytes, (Buffer{0x7f, 0xff, 0x00, 0x01, 'y'}));
  EXPECT_EQ(bench.alice.bind(0x5000, stranger), 0);
  EXPECT_EQ(bench.alice.bind(0x4000, other_port), 0);
}

}  // namespace
}  // namespace tickover::turn::bench
