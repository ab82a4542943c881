#include "properties/turn_server/bench.h"

namespace tickover::turn::bench {
namespace {

// PROTOCOL A1, A9, R1, 1.19/401; BUGS P14
TEST(TurnServerAuthentication, challenges_a_bare_request_with_realm_and_nonce_unsigned) {
  Bench bench;
  const Client alice(bench, alice_at);
  for (const Method method :
       {Method::allocate, Method::refresh, Method::create_permission, Method::channel_bind}) {
    const Answer answer = alice.bare(method);
    EXPECT_EQ(answer.code(), 401);
    EXPECT_EQ(answer.view().text(AttributeType::realm).value(), "example.org");
    EXPECT_TRUE(answer.view().text(AttributeType::nonce).value().starts_with("obMatJos2gAAA"));
    EXPECT_FALSE(answer.view().has_integrity());
  }
  EXPECT_EQ(bench.server.allocation_count(), 0u);
}

// PROTOCOL W3, A8, 1.19/400, 1.19/437
TEST(TurnServerAuthentication, signs_whatever_it_answers_to_a_signed_request) {
  Bench bench;
  const Client alice(bench, alice_at);
  EXPECT_TRUE(alice.ask(Method::refresh).is_signed_by(alice.credentials.key()));   // 437
  EXPECT_TRUE(alice.ask(Method::allocate).is_signed_by(alice.credentials.key()));  // 400
  EXPECT_TRUE(alice.ask(Method::allocate, over_udp).is_signed_by(alice.credentials.key()));
}

// PROTOCOL A3, 1.19/400
TEST(TurnServerAuthentication, refuses_a_mac_without_username_realm_or_nonce_with_a_bare_400) {
  Bench bench;
  const Client alice(bench, alice_at);
  for (const AttributeType missing :
       {AttributeType::username, AttributeType::realm, AttributeType::nonce}) {
    Buffer buffer(500);
    MessageWriter writer(buffer, {Method::allocate, Class::request}, alice.fresh_id());
    const auto add = [&](AttributeType type, std::string_view text) {
      if (type != missing) writer.add_text(type, text);
    };
    add(AttributeType::username, alice.credentials.username);
    add(AttributeType::realm, alice.credentials.realm);
    add(AttributeType::nonce, alice.credentials.nonce);
    writer.add_integrity(alice.credentials.key());
    const Answer answer = alice.answer_to(writer.bytes());
    EXPECT_EQ(answer.code(), 400);
    EXPECT_FALSE(answer.view().has_integrity());
    EXPECT_FALSE(answer.view().has(AttributeType::nonce));
  }
}

// PROTOCOL A5, A6, AB14, 1.19/401
TEST(TurnServerAuthentication, answers_an_unknown_user_exactly_as_a_wrong_password) {
  Bench bench;
  Client mallory(bench, alice_at, {.username = "mallory"});
  mallory.credentials.username = "mallo";  // as long as alice
  Client guesser(bench, alice_at, {.password = "guess"});
  const auto id = mallory.fresh_id();
  const Answer unknown = mallory.answer_to(mallory.request(Method::allocate, over_udp, false, id));
  const Answer wrong = guesser.answer_to(guesser.request(Method::allocate, over_udp, false, id));
  EXPECT_EQ(unknown.code(), 401);
  EXPECT_EQ(unknown.sent->bytes, wrong.sent->bytes);
}

// PROTOCOL A5, A6; BUGS P15
TEST(TurnServerAuthentication, refuses_the_empty_key_and_another_realm) {
  Bench bench;
  Client alice(bench, alice_at);
  alice.credentials.realm = "example.com";
  EXPECT_EQ(alice.ask(Method::allocate, over_udp).code(), 401);

  Buffer buffer(500);
  MessageWriter writer(buffer, {Method::allocate, Class::request}, alice.fresh_id());
  writer.add_text(AttributeType::username, "nobody");
  writer.add_text(AttributeType::realm, "example.org");
  writer.add_text(AttributeType::nonce, alice.credentials.nonce);
  writer.add_integrity(stun::IntegrityKey());
  EXPECT_EQ(alice.answer_to(writer.bytes()).code(), 401);
}

// BUGS P15
TEST(TurnServerAuthentication, refuses_the_name_of_another_realm_under_the_right_key) {
  Bench bench;
  const Client alice(bench, alice_at);
  Buffer buffer(500);
  MessageWriter writer(buffer, {Method::allocate, Class::request}, alice.fresh_id());
  over_udp(writer);
  writer.add_text(AttributeType::username, "alice");
  writer.add_text(AttributeType::realm, "example.com");
  writer.add_text(AttributeType::nonce, alice.credentials.nonce);
  writer.add_integrity(alice.credentials.key());
  EXPECT_EQ(alice.answer_to(writer.bytes()).code(), 401);
}

// PROTOCOL W2, A7, 1.19/438, 1.20/3
TEST(TurnServerAuthentication, looks_at_the_nonce_last) {
  Bench bench;
  Client alice(bench, alice_at);
  alice.credentials.nonce = "stale";
  const Answer stale = alice.ask(Method::allocate, over_udp);
  EXPECT_EQ(stale.code(), 438);
  EXPECT_FALSE(stale.view().has_integrity());
  EXPECT_EQ(stale.view().text(AttributeType::realm).value(), "example.org");
  alice.credentials.password = "guess";
  EXPECT_EQ(alice.ask(Method::allocate, over_udp).code(), 401);
  alice.credentials.password = "s3cret";
  alice.credentials.nonce = stale.view().text(AttributeType::nonce).value();
  EXPECT_EQ(alice.ask(Method::allocate, over_udp).code(), 0);
}

// PROTOCOL A2, AB11; BUG D07(c)
TEST(TurnServerAuthentication, binds_a_nonce_to_the_address_and_port_it_went_to) {
  Bench bench;
  const Client alice(bench, alice_at);
  Client thief(bench, bob_at);
  Client other(bench, at("198.51.100.7:40001"));
  EXPECT_NE(thief.credentials.nonce, alice.credentials.nonce);
  thief.credentials.nonce = other.credentials.nonce = alice.credentials.nonce;
  EXPECT_EQ(thief.ask(Method::allocate, over_udp).code(), 438);
  EXPECT_EQ(other.ask(Method::allocate, over_udp).code(), 438);
  EXPECT_EQ(alice.ask(Method::allocate, over_udp).code(), 0);
}

// PROTOCOL A25, AB11; BUGS P13
TEST(TurnServerAuthentication, lets_a_nonce_live_for_its_lifetime_and_no_longer) {
  Bench bench;
  const Client alice(bench, alice_at);
  bench.advance(Duration(1h) - Duration::nanoseconds(1));
  EXPECT_EQ(alice.ask(Method::refresh).code(), 437);
  bench.advance(Duration::nanoseconds(1));
  EXPECT_EQ(alice.ask(Method::refresh).code(), 438);
}

// PROTOCOL AB11; BUGS P15
TEST(TurnServerAuthentication, refuses_every_nonce_that_differs_in_one_character) {
  Bench bench;
  Client alice(bench, alice_at);
  const std::string good = alice.credentials.nonce;
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char c : {'A', 'z', '-', '\0'}) {
      if (good[i] == c) continue;
      alice.credentials.nonce = good;
      alice.credentials.nonce[i] = c;
      EXPECT_EQ(alice.ask(Method::refresh).code(), 438) << i;
    }
  }
  alice.credentials.nonce = good + "A";
  EXPECT_EQ(alice.ask(Method::refresh).code(), 438);
}

// BUGS P20
TEST(TurnServerAuthentication, shows_nothing_of_the_absolute_time_in_a_nonce) {
  Bench early(config(), seconds(-5));
  Bench late(config(), seconds(1'000'000));
  EXPECT_EQ(Client(early, alice_at).credentials.nonce, Client(late, alice_at).credentials.nonce);
}

// PROTOCOL W15, A24, AB18, 1.19/441, 1.20/6; BUG D13
TEST(TurnServerAuthentication, keeps_users_apart) {
  Bench bench;
  const Client alice(bench, alice_at);
  alice.allocate();
  const Client bob(bench, alice_at, bobs);  // behind the same NAT mapping
  for (const Fill& fill : {nothing, lasting(0)}) {
    const Answer answer = bob.ask(Method::refresh, fill);
    EXPECT_EQ(answer.code(), 441);
    EXPECT_TRUE(answer.is_signed_by(bob.credentials.key()));
  }
  EXPECT_EQ(bob.permit(peer), 441);
  EXPECT_EQ(bob.bind(0x4000, peer), 441);
  EXPECT_EQ(bob.ask(Method::allocate, over_udp).code(), 437);
  EXPECT_EQ(bench.server.allocations().at(0).permissions.size(), 0u);
}

// Id and 5-tuple of the first user's Allocate do not make it a retransmission (PROTOCOL W12).
// PROTOCOL R2, AB18; BUGS P15
TEST(TurnServerAuthentication, repeats_no_success_to_another_user) {
  Bench bench;
  const Client alice(bench, alice_at);
  const auto id = id_of(1, 1);
  const Answer first = alice.answer_to(alice.request(Method::allocate, over_udp, false, id));
  EXPECT_TRUE(first.succeeded());
  const Client bob(bench, alice_at, bobs);
  const Answer second = bob.answer_to(bob.request(Method::allocate, over_udp, false, id));
  EXPECT_EQ(second.code(), 437);
  EXPECT_TRUE(second.is_signed_by(bob.credentials.key()));
}

// PROTOCOL W17, T11, K6, K17, 1.19/420
TEST(TurnServerAuthentication, lists_unknown_attributes_only_to_whom_it_knows) {
  Bench bench;
  const Client alice(bench, alice_at);
  const Fill strange = [](MessageWriter& m) {
    m.add_u32(AttributeType{0x7001}, 0);
    m.add_u32(AttributeType::response_port, 0);
    m.add_u32(AttributeType{0x7001}, 0);
    m.add_u32(AttributeType{0xc001}, 0);  // comprehension-optional
  };
  EXPECT_EQ(alice.bare(Method::allocate, strange).code(), 401);
  const Answer answer = alice.ask(Method::allocate, both(over_udp, strange));
  EXPECT_EQ(answer.code(), 420);
  EXPECT_TRUE(answer.is_signed_by(alice.credentials.key()));
  EXPECT_EQ(copy(answer.view().find(AttributeType::unknown_attributes).value()),
            (Buffer{0x70, 0x01, 0x00, 0x27}));
}

// PROTOCOL W1, AB13; BUG D11(b); BUGS P15
TEST(TurnServerAuthentication, sees_nothing_that_was_appended_behind_the_mac) {
  Bench bench;
  const Client alice(bench, alice_at);
  alice.allocate();
  Buffer request = alice.request(Method::refresh, nothing);
  const auto append = [&](std::initializer_list<std::uint8_t> attribute) {
    request.insert(request.end(), attribute);
    request[3] = static_cast<std::uint8_t>(request[3] + attribute.size());
  };
  append({0x00, 0x0d, 0x00, 0x04, 0, 0, 0, 0});  // LIFETIME 0
  append({0x70, 0x01, 0x00, 0x04, 0, 0, 0, 0});  // unknown, comprehension-required
  const Answer answer = alice.answer_to(request);
  EXPECT_EQ(answer.code(), 0);
  EXPECT_EQ(answer.lifetime(), 600);
  EXPECT_EQ(bench.server.allocations().size(), 1u);
}

// PROTOCOL T19
TEST(TurnServerAuthentication, echoes_a_fingerprint_and_sends_none_unasked) {
  Bench bench;
  const Client alice(bench, alice_at);
  EXPECT_TRUE(alice.bare(Method::allocate, nothing, true).view().has_fingerprint());
  EXPECT_FALSE(alice.bare(Method::allocate).view().has_fingerprint());
  EXPECT_TRUE(
      alice.answer_to(alice.request(Method::allocate, over_udp, true)).view().has_fingerprint());
}

// PROTOCOL T18, 1.19/420
TEST(TurnServerAuthentication, answers_binding_to_everyone) {
  Bench bench;
  const Client alice(bench, alice_at);
  const Answer answer = alice.bare(Method::binding);
  EXPECT_EQ(answer.code(), 0);
  EXPECT_EQ(answer.view().xor_address(AttributeType::xor_mapped_address).value(), alice_at);
  const Fill change = [](MessageWriter& m) { m.add_u32(AttributeType::change_request, 6); };
  EXPECT_EQ(alice.bare(Method::binding, change).code(), 420);
}

// PROTOCOL T9, V2, 1.20/9; BUGS P25
TEST(TurnServerAuthentication, is_silent_to_what_it_does_not_know_and_counts_it) {
  Bench bench;
  const Client alice(bench, alice_at);
  EXPECT_TRUE(alice.bare(Method{0x00a}).silent());
  EXPECT_TRUE(alice.bare(Method::send).silent());
  EXPECT_TRUE(alice.answer_to(Buffer{0x80, 0x60, 0, 1}).silent());
  EXPECT_TRUE(alice.answer_to({}).silent());
  EXPECT_TRUE(alice.answer_to(Buffer{0x00, 0x01, 0x00, 0x00}).silent());
  EXPECT_EQ(bench.server.counters().unexpected, 2u);
  EXPECT_EQ(bench.server.counters().not_turn, 2u);
  EXPECT_EQ(bench.server.counters().malformed, 1u);
}

}  // namespace
}  // namespace tickover::turn::bench
