// Channels, permissions and the data that flows under them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/turn_client/bench.h"

namespace tickover::properties {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using turn::CommandError;

std::uint16_t channel_of(const Sent& sent) {
  return *sent.view().channel_number();
}

void indicate(Bench& bench, const Sent& to, const PeerAddress& peer, const char* text) {
  std::array<std::uint8_t, 256> buffer;
  MessageWriter writer(buffer, {Method::data, Class::indication}, {});
  writer.add_xor_address(AttributeType::xor_peer_address, peer.endpoint);
  writer.add(AttributeType::data, as_bytes(text));
  bench.deliver(writer.bytes(), to);
}

// BUG C17(a)
TEST(TurnClient, keeps_a_bind_that_came_too_early) {
  Bench bench;
  EXPECT_TRUE(bench.client.bind_channel(bob, bench.now));
  bench.allocate();
  const Sent bind = bench.take_one();
  EXPECT_TRUE(bind.is(Method::channel_bind));
  EXPECT_EQ(bind.view().xor_address(AttributeType::xor_peer_address), bob.endpoint);
  bench.accept(bind);
  EXPECT_THAT(bench.take_events(), ElementsAre("bound 203.0.113.5:7000"));
}

// BUG C01(a); BUGS P8
TEST(TurnClient, sends_on_a_channel_only_once_it_is_confirmed) {
  Bench bench;
  bench.allocate();
  EXPECT_TRUE(bench.client.bind_channel(bob, bench.now));
  bench.drain();
  const Sent bind = bench.take_one();
  EXPECT_EQ(bench.send("early").error(), CommandError::not_ready);
  EXPECT_THAT(bench.take(), IsEmpty());
  bench.accept(bind);
  EXPECT_TRUE(bench.send("now"));
  const Sent data = bench.take_one();
  const auto decoded = turn::ChannelData::decode(data.bytes);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->number.value(), channel_of(bind));
  EXPECT_EQ(as_text(decoded->payload), "now");
}

// BUGS P8, P13
TEST(TurnClient, believes_in_a_channel_from_the_first_copy_on) {
  Bench bench;
  bench.allocate();
  EXPECT_TRUE(bench.client.bind_channel(bob, bench.now));
  bench.drain();
  const Sent bind = bench.take_one();
  bench.run_for(30s);
  bench.obey();
  bench.accept(bind);
  EXPECT_TRUE(bench.client.release_peer(bob, bench.now));
  bench.run_until(after(600s - Duration::nanoseconds(1)));
  EXPECT_TRUE(bench.client.channel(bob, bench.now));
  bench.run_until(after(600s));
  EXPECT_FALSE(bench.client.channel(bob, bench.now));
  EXPECT_EQ(bench.event_log.back(), std::pair(after(600s), std::string("lost 203.0.113.5:7000")));
}

// PROTOCOL H7; BUGS P7
TEST(TurnClient, renews_a_channel_before_its_permission_ends) {
  Bench bench;
  bench.obey();
  EXPECT_TRUE(bench.client.bind_channel(bob, bench.now));
  bench.run_until(after(601s));
  EXPECT_THAT(
      bench.times(Method::channel_bind),
      ElementsAre(after(0s), after(120s), after(240s), after(360s), after(480s), after(600s)));
  EXPECT_THAT(bench.take_events(), ElementsAre("added 192.0.2.1:50000", "bound 203.0.113.5:7000"));
}

// PROTOCOL H5
TEST(TurnClient, accepts_channel_data_before_the_bind_is_answered) {
  Bench bench;
  bench.allocate();
  EXPECT_TRUE(bench.client.bind_channel(bob, bench.now));
  bench.drain();
  const Sent bind = bench.take_one();
  std::array<std::uint8_t, 64> buffer;
  const auto number = *turn::ChannelNumber::parse(channel_of(bind));
  bench.deliver(turn::write_channel_data(buffer, number, as_bytes("hello")), bind);
  EXPECT_THAT(bench.take_events(), ElementsAre("data 203.0.113.5:7000: hello"));
}

// PROTOCOL W8, H11
TEST(TurnClient, drops_channel_data_once_the_permission_is_gone) {
  Bench bench;
  bench.allocate();
  bench.bind();
  EXPECT_TRUE(bench.client.release_peer(bob, bench.now));
  EXPECT_TRUE(bench.send("x"));
  const Sent sent = bench.take_one();
  bench.obey();
  bench.run_until(after(300s));
  bench.deliver(sent.bytes, sent);  // an echo on the same channel
  EXPECT_THAT(bench.take_events(), IsEmpty());
  EXPECT_EQ(bench.client.counters().unpermitted, 1u);
  EXPECT_TRUE(bench.send("this way it still flows"));
}

// PROTOCOL W9; BUGS P13
TEST(TurnClient, gives_a_number_to_another_peer_only_after_the_cool_down) {
  ClientConfig c = config();
  c.first_channel = c.last_channel = 0x4ABC;
  Bench bench(c);
  bench.obey();
  EXPECT_TRUE(bench.client.bind_channel(bob, bench.now));
  bench.drain();
  EXPECT_TRUE(bench.client.release_peer(bob, bench.now));
  bench.run_until(after(900s - Duration::nanoseconds(1)));
  EXPECT_EQ(bench.client.bind_channel(carol, bench.now).error(), CommandError::no_free_channel);
  bench.run_until(after(900s));
  EXPECT_TRUE(bench.client.bind_channel(carol, bench.now));
  bench.drain();
  EXPECT_EQ(bench.client.channel(carol, bench.now)->value(), 0x4ABC);
}

// The relay may have taken any of the copies, also one whose answer was lost (PROTOCOL H5).
// PROTOCOL H4; BUGS P8, P13
TEST(TurnClient, counts_the_cool_down_from_the_last_copy_of_a_bind) {
  ClientConfig c = config();
  c.first_channel = c.last_channel = 0x4ABC;
  Bench bench(c);
  bench.obey();
  bench.ignore();
  EXPECT_TRUE(bench.client.bind_channel(bob, bench.now));
  bench.run_until(after(4s));
  EXPECT_EQ(bench.times(Method::channel_bind).back(), after(3500ms));
  bench.obey();
  EXPECT_TRUE(bench.client.release_peer(bob, bench.now));
  bench.run_until(after(903'500ms - Duration::nanoseconds(1)));
  EXPECT_EQ(bench.client.bind_channel(carol, bench.now).error(), CommandError::no_free_channel);
  bench.run_until(after(903'500ms));
  EXPECT_TRUE(bench.client.bind_channel(carol, bench.now));
}

// BUGS P13
TEST(TurnClient, may_bind_the_same_pair_again_in_its_cool_down) {
  Bench bench;
  bench.obey();
  EXPECT_TRUE(bench.client.bind_channel(bob, bench.now));
  bench.drain();
  const auto number = bench.client.channel(bob, bench.now);
  EXPECT_TRUE(bench.client.release_peer(bob, bench.now));
  bench.run_until(after(700s));
  EXPECT_FALSE(bench.client.channel(bob, bench.now));
  EXPECT_TRUE(bench.client.bind_channel(bob, bench.now));
  bench.drain();
  EXPECT_EQ(bench.client.channel(bob, bench.now), number);
}

// PROTOCOL H12; BUG C11(a), C11(b); BUGS G16
TEST(TurnClient, walks_the_whole_ring_of_numbers_and_then_has_none) {
  ClientConfig c = config();
  c.first_channel = 0x4000;
  c.last_channel = 0x4003;
  Bench bench(c);
  bench.obey();
  std::set<std::uint16_t> numbers;
  for (std::uint16_t i = 0; i < 4; ++i) {
    const PeerAddress peer{{bob.endpoint.ip, static_cast<std::uint16_t>(7000 + i)}};
    EXPECT_TRUE(bench.client.bind_channel(peer, bench.now));
    bench.drain();
    numbers.insert(bench.client.channel(peer, bench.now)->value());
  }
  EXPECT_THAT(numbers, ElementsAre(0x4000, 0x4001, 0x4002, 0x4003));
  EXPECT_EQ(bench.client.bind_channel(carol, bench.now).error(), CommandError::no_free_channel);
}

// PROTOCOL T3
TEST(TurnClient, keeps_ten_requests_outstanding_and_the_rest_in_order) {
  Bench bench;
  bench.allocate();
  for (std::uint16_t i = 0; i < 13; ++i) {
    EXPECT_TRUE(bench.client.bind_channel({{bob.endpoint.ip, std::uint16_t(1 + i)}}, bench.now));
  }
  bench.drain();
  const auto binds = bench.take();
  ASSERT_EQ(binds.size(), 10u);
  bench.accept(binds[4]);
  const Sent eleventh = bench.take_one();
  EXPECT_EQ(eleventh.view().xor_address(AttributeType::xor_peer_address)->port, 11);
}

// PROTOCOL C6, 1.19/403, 1.19/443; BUG C01(b); BUGS P5
TEST(TurnClient, drops_a_peer_that_the_relay_refuses) {
  for (const int code : {403, 443}) {
    Bench bench;
    bench.allocate();
    EXPECT_TRUE(bench.client.bind_channel(bob, bench.now));
    bench.drain();
    bench.refuse(bench.take_one(), code);
    EXPECT_EQ(bench.take_events().size(), 1u);
    EXPECT_FALSE(bench.client.channel(bob, bench.now));
    EXPECT_EQ(bench.send("refused").error(), CommandError::not_ready);
    bench.obey();
    bench.run_until(after(550s));
    EXPECT_EQ(bench.count(Method::channel_bind), 1u);
    EXPECT_TRUE(bench.client.allocation());
  }
}

// BUG C03
TEST(TurnClient, does_not_ask_for_a_peer_of_the_other_family) {
  const PeerAddress six{at("[2001:db8::5]:7000")};
  for (const bool is_allocated : {false, true}) {
    Bench bench;
    if (is_allocated) bench.allocate();
    EXPECT_EQ(bench.client.bind_channel(six, bench.now).error(), CommandError::wrong_family);
    EXPECT_EQ(bench.client.create_permission(six, bench.now).error(), CommandError::wrong_family);
  }
}

// PROTOCOL H6
TEST(TurnClient, starts_over_when_the_relay_sees_a_channel_conflict) {
  Bench bench;
  bench.allocate();
  EXPECT_TRUE(bench.client.bind_channel(bob, bench.now));
  bench.drain();
  bench.refuse(bench.take_one(), 400);
  EXPECT_THAT(bench.take_events(), ElementsAre("removed 192.0.2.1:50000: channel conflict"));
  EXPECT_EQ(bench.take_one().lifetime(), Duration{});  // deleted at the relay
  bench.obey();
  bench.run_for(1s);
  EXPECT_TRUE(bench.client.channel(bob, bench.now));
}

// PROTOCOL D1, T8
TEST(TurnClient, sends_indications_under_a_permission) {
  Bench bench;
  bench.allocate();
  EXPECT_TRUE(bench.client.create_permission(bob, bench.now));
  bench.drain();
  const Sent request = bench.take_one();
  EXPECT_EQ(bench.send("early").error(), CommandError::not_ready);
  bench.accept(request);
  EXPECT_THAT(bench.take_events(), ElementsAre("permitted 203.0.113.5:7000"));
  EXPECT_TRUE(bench.send("hello"));
  const Sent sent = bench.take_one();
  EXPECT_TRUE(sent.is(Method::send));
  EXPECT_EQ(sent.view().xor_address(AttributeType::xor_peer_address), bob.endpoint);
  EXPECT_EQ(as_text(*sent.view().find(AttributeType::data)), "hello");
}

// PROTOCOL D5
TEST(TurnClient, takes_indications_only_under_a_permission) {
  Bench bench;
  bench.allocate();
  EXPECT_TRUE(bench.client.create_permission(bob, bench.now));
  bench.drain();
  const Sent request = bench.take_one();
  bench.accept(request);
  bench.take_events();
  indicate(bench, request, bob, "from bob");
  indicate(bench, request, {{bob.endpoint.ip, 9}}, "another port");
  indicate(bench, request, carol, "from carol");
  EXPECT_THAT(bench.take_events(),
              ElementsAre("data 203.0.113.5:7000: from bob", "data 203.0.113.5:9: another port"));
}

// PROTOCOL PM5; BUG C25(a)
TEST(TurnClient, renews_a_permission_until_it_is_released) {
  Bench bench;
  bench.obey();
  EXPECT_TRUE(bench.client.create_permission(bob, bench.now));
  bench.run_until(after(401s));
  EXPECT_THAT(bench.times(Method::create_permission),
              ElementsAre(after(0s), after(120s), after(240s), after(360s)));
  EXPECT_TRUE(bench.client.release_peer(bob, bench.now));
  bench.run_until(after(700s));
  EXPECT_EQ(bench.event_log.back(), std::pair(after(660s), std::string("lost 203.0.113.5:7000")));
  EXPECT_EQ(bench.send("late").error(), CommandError::not_ready);
}

// BUGS P24
TEST(TurnClient, loses_one_peer_alone_when_only_its_bind_goes_unanswered) {
  Bench bench;
  bench.allocate();
  EXPECT_TRUE(bench.client.bind_channel(bob, bench.now));
  EXPECT_TRUE(bench.client.bind_channel(carol, bench.now));
  bench.drain();
  while (bench.now < after(100s)) {
    for (const Sent& sent : bench.take()) {
      const auto peer = sent.view().xor_address(AttributeType::xor_peer_address);
      if (peer != bob.endpoint) bench.accept(sent);
    }
    bench.run_for(500ms);
  }
  EXPECT_TRUE(bench.client.channel(carol, bench.now));
  EXPECT_EQ(bench.count(Method::allocate), 2u);
  bench.obey();
  bench.run_for(1min);
  EXPECT_TRUE(bench.client.channel(bob, bench.now));
}

// PROTOCOL W20, AB22
TEST(TurnClient, delivers_empty_and_refuses_oversized_payloads) {
  Bench bench;
  bench.allocate();
  bench.bind();
  EXPECT_TRUE(bench.send(""));
  const Sent empty = bench.take_one();
  EXPECT_EQ(empty.bytes.size(), 4u);
  bench.deliver(empty.bytes, empty);
  EXPECT_THAT(bench.take_events(), ElementsAre("data 203.0.113.5:7000: "));
  // What UDP over IPv4 carries: 65,535 bytes without the two headers.
  const std::string largest(65'535 - 28 - 4, 'x');
  EXPECT_TRUE(bench.send(largest.c_str()));
  EXPECT_EQ(bench.take_one().bytes.size(), 65'507u);
  EXPECT_EQ(bench.send((largest + 'x').c_str()).error(), CommandError::payload_too_long);
}

// PROTOCOL AB22
TEST(TurnClient, sends_payloads_over_ipv6_that_ipv4_does_not_carry) {
  ClientConfig c = config();
  c.server = {relay_v6};
  Bench bench(c);
  bench.allocate();
  bench.bind();
  const std::string largest(max_datagram_size - 4, 'x');
  EXPECT_TRUE(bench.send(largest.c_str()));
  EXPECT_EQ(bench.send((largest + 'x').c_str()).error(), CommandError::payload_too_long);
}

}  // namespace
}  // namespace tickover::properties
