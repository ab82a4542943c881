// One allocation with a relayed address of each family.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/turn_client/bench.h"

namespace tickover::properties {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using turn::CommandError;

const Endpoint relayed_v6 = at("[2001:db8::1]:50001");
const PeerAddress dora{at("[2001:db8:2::5]:7000")};

ClientConfig dual() {
  ClientConfig c = config();
  c.additional_ipv6 = true;
  return c;
}

/// A bench whose signed Allocate is answered by what `fill` says beside address and lifetime.
struct Allocated {
  Bench bench{dual()};
  Sent request;
  explicit Allocated(const Bench::Write& fill) {
    bench.challenge(bench.take_one());
    request = bench.take_one();
    bench.answer(request, Class::success, [&](MessageWriter& w) {
      fill(w);
      w.add_xor_address(AttributeType::xor_mapped_address, mapped);
      w.add_lifetime(600s);
    });
  }
};

void give(MessageWriter& w, std::initializer_list<Endpoint> addresses) {
  for (const Endpoint& address : addresses) {
    w.add_xor_address(AttributeType::xor_relayed_address, address);
  }
}

// PROTOCOL C1
TEST(TurnClientDual, asks_by_one_attribute_only) {
  Bench bench(dual());
  const Sent probe = bench.take_one();
  bench.challenge(probe);
  for (const Sent& request : {probe, bench.take_one()}) {
    EXPECT_EQ(request.view().leading_byte(AttributeType::requested_transport), 17);
    EXPECT_EQ(request.view().leading_byte(AttributeType::additional_address_family), 2);
    EXPECT_FALSE(request.view().has(AttributeType::requested_address_family));
    EXPECT_FALSE(request.view().has(AttributeType::even_port));
    EXPECT_FALSE(request.view().has(AttributeType::reservation_token));
  }
}

// PROTOCOL U3; BUGS P10
TEST(TurnClientDual, announces_and_withdraws_both_addresses) {
  Allocated a([](MessageWriter& w) { give(w, {relayed, relayed_v6}); });
  EXPECT_THAT(a.bench.take_events(),
              ElementsAre("added 192.0.2.1:50000", "added [2001:db8::1]:50001"));
  EXPECT_EQ(a.bench.client.allocation()->relayed.endpoint, relayed);
  EXPECT_EQ(a.bench.client.allocation()->additional->endpoint, relayed_v6);
  a.bench.client.close(a.bench.now);
  a.bench.drain();
  EXPECT_THAT(a.bench.take_events(), ElementsAre("removed 192.0.2.1:50000: closed",
                                                 "removed [2001:db8::1]:50001: closed"));
}

// PROTOCOL U3
TEST(TurnClientDual, has_peers_of_both_families) {
  Allocated a([](MessageWriter& w) { give(w, {relayed_v6, relayed}); });
  a.bench.take_events();
  a.bench.bind(bob);
  a.bench.bind(dora);
  a.bench.take_events();
  EXPECT_TRUE(a.bench.send("four", bob));
  EXPECT_TRUE(a.bench.send("six", dora));
}

// PROTOCOL C5, U4
TEST(TurnClientDual, keeps_the_half_that_it_is_given) {
  Allocated a([](MessageWriter& w) {
    give(w, {relayed});
    w.add_address_error(AddressFamily::ipv6, stun::ErrorCode::address_family_not_supported);
  });
  EXPECT_THAT(a.bench.take_events(), ElementsAre("added 192.0.2.1:50000"));
  EXPECT_FALSE(a.bench.client.allocation()->additional);
  EXPECT_EQ(a.bench.client.bind_channel(dora, a.bench.now).error(), CommandError::wrong_family);

  Allocated b([](MessageWriter& w) {
    w.add_address_error(AddressFamily::ipv4, stun::ErrorCode::insufficient_capacity);
    give(w, {relayed_v6});
  });
  EXPECT_THAT(b.bench.take_events(), ElementsAre("added [2001:db8::1]:50001"));
  EXPECT_EQ(b.bench.client.bind_channel(bob, b.bench.now).error(), CommandError::wrong_family);
  EXPECT_TRUE(b.bench.client.bind_channel(dora, b.bench.now));
}

// PROTOCOL U3, U4, C5
TEST(TurnClientDual, takes_one_usable_address_of_each_family_at_most) {
  Allocated a([](MessageWriter& w) {
    give(w, {relayed, at("192.0.2.1:50009"), at("[::]:50003"), at("[2001:db8::1]:0"),
             at("0.0.0.0:0")});
  });
  EXPECT_THAT(a.bench.take_events(), ElementsAre("added 192.0.2.1:50000"));
}

// PROTOCOL U3
TEST(TurnClientDual, gives_up_peers_that_a_relay_of_one_family_refuses) {
  Bench bench(dual());
  EXPECT_TRUE(bench.client.bind_channel(dora, bench.now));
  bench.challenge(bench.take_one());
  bench.accept(bench.take_one());  // IPv4 only
  bench.take_events();
  bench.refuse(bench.take_one(), 443);
  EXPECT_THAT(bench.take_events(), ElementsAre("refused [2001:db8:2::5]:7000: 443"));
  EXPECT_TRUE(bench.client.allocation());
}

// PROTOCOL U3
TEST(TurnClientDual, is_one_that_has_to_be_asked_for) {
  Bench bench;
  bench.challenge(bench.take_one());
  const Sent request = bench.take_one();
  EXPECT_FALSE(request.view().has(AttributeType::additional_address_family));
  bench.answer(request, Class::success, [](MessageWriter& w) {
    give(w, {relayed_v6, relayed});
    w.add_xor_address(AttributeType::xor_mapped_address, mapped);
    w.add_lifetime(600s);
  });
  EXPECT_THAT(bench.take_events(), ElementsAre("added 192.0.2.1:50000"));
  EXPECT_EQ(bench.client.bind_channel(dora, bench.now).error(), CommandError::wrong_family);
}

}  // namespace
}  // namespace tickover::properties
