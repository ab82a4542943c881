#include <bit>

#include "properties/turn_server/allocating.h"

namespace tickover::turn::bench {
namespace {

const Duration tick = Duration::nanoseconds(1);

stun::ReservationToken token_of(const Answer& answer) {
  return answer.view().reservation_token().value();
}
Endpoint next(Endpoint endpoint) {
  ++endpoint.port;
  return endpoint;
}

/// Alice holds an even port, and the token of the next one.
struct Reserved : Bench {
  explicit Reserved(ServerConfig with = config())
      : Bench(std::move(with)), alice(*this, alice_at), elsewhere(*this, at("198.51.100.9:9")) {
    request = alice.request(Method::allocate, even_port(true));
    success = alice.answer_to(request);
    EXPECT_EQ(success.code(), 0);
    token = token_of(success);
  }
  Client alice;
  Client elsewhere;  // the same user from another 5-tuple
  Buffer request;
  Answer success;
  stun::ReservationToken token{};
};

// PROTOCOL R11, R13
TEST(Reservation, follows_an_even_port_and_leads_to_the_odd_one_beside_it) {
  Reserved bench;
  const Endpoint even = bench.success.relayed();
  EXPECT_EQ(even.port % 2, 0);
  EXPECT_EQ(bench.server.ports_in_use(), 2u);
  EXPECT_FALSE(bench.open.contains(next(even)));  // its socket opens when the token is used
  const Answer claimed = bench.elsewhere.ask(Method::allocate, holding(bench.token));
  ASSERT_EQ(claimed.code(), 0);
  EXPECT_EQ(claimed.relayed(), next(even));
  EXPECT_TRUE(bench.open.contains(next(even)));
  EXPECT_FALSE(claimed.view().has(AttributeType::reservation_token));
  EXPECT_EQ(bench.server.reservation_count(), 0u);
}

// PROTOCOL R11
TEST(Reservation, is_made_only_when_asked_for) {
  for (int i = 0; i < 20; ++i) {
    Bench bench(ports(static_cast<std::uint16_t>(50000 + i), 50030));
    const Answer answer = Client(bench, alice_at).ask(Method::allocate, even_port(false));
    EXPECT_EQ(answer.relayed().port % 2, 0);
    EXPECT_FALSE(answer.view().has(AttributeType::reservation_token));
    EXPECT_EQ(bench.server.ports_in_use(), 1u);
  }
}

// PROTOCOL R11, R5, AB10, 1.19/508
TEST(Reservation, is_spent_by_its_first_use) {
  Reserved bench;
  EXPECT_EQ(bench.elsewhere.ask(Method::allocate, holding(bench.token)).code(), 0);
  const Client third(bench, at("198.51.100.10:10"));
  EXPECT_EQ(third.ask(Method::allocate, holding(bench.token)).code(), 508);
}

// PROTOCOL R11, R5, AB10, 1.19/508; BUGS P1, P13
TEST(Reservation, ends_after_thirty_seconds_to_the_nanosecond) {
  Reserved early;
  EXPECT_EQ(early.server.poll_timeout(), (Timeout{early.now + 30s, "reservation expiry"}));
  early.advance(Duration(30s) - tick);
  EXPECT_EQ(early.elsewhere.ask(Method::allocate, holding(early.token)).code(), 0);

  Reserved late;
  late.advance(30s);
  EXPECT_EQ(late.server.reservation_count(), 0u);
  EXPECT_EQ(late.server.ports_in_use(), 1u);
  EXPECT_EQ(late.count(Kind::port_reserved), 1u);
  EXPECT_EQ(late.count(Kind::reservation_expired), 1u);
  EXPECT_EQ(late.elsewhere.ask(Method::allocate, holding(late.token)).code(), 508);
}

// PROTOCOL R11
TEST(Reservation, outlives_the_allocation_that_it_came_with) {
  Reserved bench;
  EXPECT_EQ(bench.alice.remove(), 0);
  const Answer claimed = bench.alice.ask(Method::allocate, holding(bench.token));
  EXPECT_EQ(claimed.relayed(), next(bench.success.relayed()));
}

// PROTOCOL AB10, R5
TEST(Reservation, means_nothing_to_another_user) {
  Reserved bench;
  const Client bob(bench, bob_at, bobs);
  EXPECT_EQ(bob.ask(Method::allocate, holding(bench.token)).code(), 508);
  EXPECT_EQ(bench.elsewhere.ask(Method::allocate, holding(bench.token)).code(), 0);
}

// PROTOCOL R5, R8, C1, 1.19/400
TEST(Reservation, goes_with_nothing_else) {
  Reserved bench;
  const Fill held = holding(bench.token);
  const auto code = [&](const Fill& also) {
    return bench.elsewhere.ask(Method::allocate, both(held, also)).code();
  };
  for (const bool reserve_next : {false, true}) {
    EXPECT_EQ(code([=](MessageWriter& m) { m.add_even_port(reserve_next); }), 400);
  }
  EXPECT_EQ(code(naming(AttributeType::requested_address_family, v4)), 400);
  EXPECT_EQ(code(naming(AttributeType::additional_address_family, v6)), 400);
  const Fill additional = naming(AttributeType::additional_address_family, v6);
  EXPECT_EQ(bench.elsewhere.ask(Method::allocate, both(even_port(true), additional)).code(), 400);
  EXPECT_EQ(code(nothing), 0);  // and none of that has spent the token
}

// PROTOCOL R5, R8, 1.19/400
TEST(Reservation, is_not_made_of_malformed_attributes) {
  Bench bench;
  const Client alice(bench, alice_at);
  const auto code = [&](AttributeType type, std::string_view value) {
    return alice
        .ask(Method::allocate, both(over_udp, [=](MessageWriter& m) { m.add_text(type, value); }))
        .code();
  };
  EXPECT_EQ(code(AttributeType::reservation_token, "seven!!"), 400);
  EXPECT_EQ(code(AttributeType::even_port, ""), 400);
  EXPECT_EQ(code(AttributeType::reservation_token, "eight!!!"), 508);
}

// PROTOCOL R8, R11; BUGS G16
TEST(Reservation, wants_a_pair_and_an_even_port_that_are_free) {
  Bench odd_only(ports(50001, 50001));
  const Client alice(odd_only, alice_at);
  EXPECT_EQ(alice.ask(Method::allocate, even_port(false)).code(), 508);
  EXPECT_EQ(alice.ask(Method::allocate, over_udp).code(), 0);

  Bench no_pair(ports(50001, 50002));  // 50002 is even, 50003 is not ours
  const Client bob(no_pair, bob_at, bobs);
  EXPECT_EQ(bob.ask(Method::allocate, even_port(true)).code(), 508);
  EXPECT_EQ(bob.ask(Method::allocate, even_port(false)).relayed().port, 50002);
  EXPECT_EQ(no_pair.server.ports_in_use(), 1u);
}

// PROTOCOL R10, AB10, AB9, 1.19/486; BUG D19(a); BUGS P16
TEST(Reservation, counts_as_an_allocation_of_its_owner) {
  ServerConfig with = config();
  with.max_allocations_per_user = 2;
  Reserved bench(with);
  EXPECT_EQ(bench.elsewhere.ask(Method::allocate, over_udp).code(), 486);
  EXPECT_EQ(bench.elsewhere.ask(Method::allocate, holding(bench.token)).code(), 0);
  const Client third(bench, at("198.51.100.10:10"));
  EXPECT_EQ(third.ask(Method::allocate, over_udp).code(), 486);
  EXPECT_EQ(bench.alice.remove(), 0);
  EXPECT_EQ(third.ask(Method::allocate, even_port(true)).code(), 486);  // that would be three
  EXPECT_EQ(third.ask(Method::allocate, even_port(false)).code(), 0);

  Reserved idle(with);
  idle.advance(30s);
  EXPECT_EQ(idle.elsewhere.ask(Method::allocate, over_udp).code(), 0);
}

// PROTOCOL AB10, 1.19/508
TEST(Reservation, has_its_limits) {
  ServerConfig with = config();
  with.max_reservations = 1;
  Reserved bench(with);
  EXPECT_EQ(bench.elsewhere.ask(Method::allocate, even_port(true)).code(), 508);
  EXPECT_EQ(bench.elsewhere.ask(Method::allocate, even_port(false)).code(), 0);
}

// PROTOCOL R15, W12, T12; BUGS P14
TEST(Reservation, is_told_again_to_a_retransmission_and_not_made_again) {
  Reserved bench;
  const Buffer first = bench.success.sent->bytes;
  EXPECT_EQ(bench.alice.answer_to(bench.request).sent->bytes, first);
  EXPECT_EQ(bench.alice.ask(Method::refresh, lasting(900)).code(), 0);
  EXPECT_EQ(bench.alice.answer_to(bench.request).sent->bytes, first);
  EXPECT_EQ(bench.server.reservation_count(), 1u);

  const Buffer claim = bench.elsewhere.request(Method::allocate, holding(bench.token));
  const Answer claimed = bench.elsewhere.answer_to(claim);
  EXPECT_EQ(bench.elsewhere.answer_to(claim).sent->bytes, claimed.sent->bytes);
}

// PROTOCOL R11, 1.19/508; BUG D03, D19(d); BUGS P12
TEST(Reservation, moves_on_with_its_pair_when_a_port_is_refused) {
  Bench bench;
  const Client alice(bench, alice_at);
  bench.refusals = 3;
  const Answer answer = alice.ask(Method::allocate, even_port(true));
  ASSERT_EQ(answer.code(), 0);
  EXPECT_EQ(answer.relayed().port % 2, 0);
  EXPECT_EQ(bench.server.ports_in_use(), 2u);
  const Client elsewhere(bench, at("198.51.100.9:9"));
  const Answer claimed = elsewhere.ask(Method::allocate, holding(token_of(answer)));
  EXPECT_EQ(claimed.relayed(), next(answer.relayed()));

  bench.refusals = 1000;
  const Client third(bench, at("198.51.100.10:10"));
  EXPECT_EQ(third.ask(Method::allocate, even_port(true)).code(), 508);
  EXPECT_EQ(bench.server.ports_in_use(), 2u);
  EXPECT_EQ(bench.server.reservation_count(), 0u);
}

// PROTOCOL R5, R11, 1.19/508; BUGS P12
TEST(Reservation, is_spent_when_its_port_does_not_open) {
  Reserved bench;
  bench.refusals = 1;
  EXPECT_EQ(bench.elsewhere.ask(Method::allocate, holding(bench.token)).code(), 508);
  EXPECT_EQ(bench.server.ports_in_use(), 1u);
  EXPECT_EQ(bench.server.allocation_count(), 1u);
}

// BUG D03; BUGS P12
TEST(Reservation, goes_with_an_opening_that_nobody_answers) {
  Bench bench;
  const Client alice(bench, alice_at);
  bench.silent_owner = true;
  alice.ask(Method::allocate, even_port(true));
  EXPECT_EQ(bench.server.reservation_count(), 1u);
  bench.advance(40s);
  EXPECT_EQ(bench.server.reservation_count(), 0u);
  EXPECT_EQ(bench.server.ports_in_use(), 1u);  // of which its owner may still speak
}

// PROTOCOL AB26
TEST(Reservation, has_a_token_that_differs_from_every_other_in_about_half_of_its_bits) {
  Bench bench;
  std::vector<stun::ReservationToken> tokens;
  for (std::uint16_t port = 1; port <= 32; ++port) {
    const Client client(bench, {alice_at.ip, port});
    tokens.push_back(token_of(client.ask(Method::allocate, even_port(true))));
  }
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      int differing = 0;
      for (std::size_t k = 0; k < 8; ++k)
        differing += std::popcount(unsigned{tokens[i][k]} ^ tokens[j][k]);
      EXPECT_GT(differing, 10);  // of 64; one in 10^8 pairs has fewer by chance
      EXPECT_LT(differing, 54);
    }
  }
}

// PROTOCOL R8, R10, 1.19/508, 1.19/486
TEST(Allocate, looks_at_pairs_and_families_before_the_quota) {
  ServerConfig with = ports(50000, 50000);
  with.max_allocations_per_user = 0;
  Bench bench(with);
  const Client alice(bench, alice_at);
  EXPECT_EQ(alice.ask(Method::allocate, even_port(true)).code(), 508);
  EXPECT_EQ(alice.ask(Method::allocate, even_port(false)).code(), 486);
  EXPECT_EQ(alice.ask(Method::allocate, adding(v6)).code(), 486);
  EXPECT_EQ(alice.ask(Method::allocate, requesting(3)).code(), 440);
}

// PROTOCOL R2, R3, R4, R5, R6, R7, R8, R9, R10, V1
TEST(Allocate, makes_its_checks_in_the_order_of_the_specification) {
  // Each step repairs the first of the faults that are left.
  ServerConfig with = config();
  with.max_allocations_per_user = 0;
  with.relay_addresses = {relay_v4.ip};
  Bench bench(with);
  const Client alice(bench, alice_at);
  const auto code = [&](const Fill& fill) { return alice.ask(Method::allocate, fill).code(); };
  const Fill tcp = naming(AttributeType::requested_transport, 6);
  const Fill requested = naming(AttributeType::requested_address_family, v6);
  const Fill token = [](MessageWriter& m) {
    m.add_text(AttributeType::reservation_token, "unknown!");
  };
  const Fill whole_df = [](MessageWriter& m) { m.add(AttributeType::dont_fragment, {}); };
  EXPECT_EQ(code(both(requested, token)), 400);             // no transport
  EXPECT_EQ(code(both(tcp, both(requested, token))), 442);  // before the combination
  EXPECT_EQ(code(both(over_udp, both(requested, token))), 400);
  EXPECT_EQ(code(both(over_udp, token)), 508);      // before the quota
  EXPECT_EQ(code(both(over_udp, requested)), 440);  // before the quota
  EXPECT_EQ(code(both(over_udp, whole_df)), 486);   // DONT-FRAGMENT is no fault
}

}  // namespace
}  // namespace tickover::turn::bench
