#include "properties/turn_server/allocating.h"

namespace tickover::turn::bench {
namespace {

enum class Signature { present, absent };

/// One kind of answer (PROTOCOL 1.19): how it is had, and what it consists of.
struct Case {
  int code;
  Signature signature;
  std::vector<AttributeType> also;  // beside ERROR-CODE, in this order
  std::function<Answer(Bench&, Client&)> ask;
};

std::vector<AttributeType> types_of(const Answer& answer) {
  std::vector<AttributeType> types;
  answer.view().for_each([&](const stun::Attribute& a) { types.push_back(a.type); });
  return types;
}
Answer allocating(Bench&, Client& alice, const Fill& fill) {
  return alice.ask(Method::allocate, fill);
}
Answer after_allocating(Client& alice, Method method, const Fill& fill) {
  alice.allocate();
  return alice.ask(method, fill);
}

std::vector<Case> cases() {
  using enum Signature;
  using enum AttributeType;
  const std::vector<AttributeType> challenge{realm, nonce, password_algorithms};
  return {
      {400, present, {}, [](Bench& b, Client& a) { return allocating(b, a, nothing); }},
      {400,
       absent,
       {},
       [](Bench&, Client& a) {
         Buffer buffer(200);
         MessageWriter writer(buffer, {Method::allocate, Class::request}, a.fresh_id());
         writer.add_text(username, "alice");
         writer.add_integrity(a.credentials.key());
         return a.answer_to(writer.bytes());
       }},
      {401, absent, challenge, [](Bench&, Client& a) { return a.bare(Method::allocate); }},
      {401, absent, challenge,
       [](Bench& b, Client& a) {
         a.credentials.password = "wrong";
         return allocating(b, a, over_udp);
       }},
      {403,
       present,
       {},
       [](Bench&, Client& a) {
         return after_allocating(a, Method::create_permission, to_peers({at("127.0.0.1:1")}));
       }},
      {405,
       present,
       {},
       [](Bench& b, Client& a) {
         return allocating(b, a,
                           both(over_udp, [](MessageWriter& m) { m.add(mobility_ticket, {}); }));
       }},
      {420,
       present,
       {unknown_attributes},
       [](Bench& b, Client& a) {
         return allocating(b, a, [](MessageWriter& m) { m.add_u32(change_request, 2); });
       }},
      {420,
       absent,
       {unknown_attributes},
       [](Bench&, Client& a) {
         return a.bare(Method::binding, [](MessageWriter& m) { m.add_u32(change_request, 2); });
       }},
      {437,
       present,
       {},
       [](Bench&, Client& a) { return after_allocating(a, Method::allocate, over_udp); }},
      {437, present, {}, [](Bench&, Client& a) { return a.ask(Method::channel_bind); }},
      {438, absent, challenge,
       [](Bench& b, Client& a) {
         b.advance(1h);
         return allocating(b, a, over_udp);
       }},
      {440, present, {}, [](Bench& b, Client& a) { return allocating(b, a, requesting(9)); }},
      {441,
       present,
       {},
       [](Bench& b, Client& a) {
         Client(b, alice_at, bobs).allocate();
         return a.ask(Method::refresh);
       }},
      {442,
       present,
       {},
       [](Bench& b, Client& a) { return allocating(b, a, naming(requested_transport, 6)); }},
      {443,
       present,
       {},
       [](Bench&, Client& a) {
         return after_allocating(a, Method::create_permission, to_peers({at("[2001:db8:5::5]:1")}));
       }},
      {486,
       present,
       {},
       [](Bench& b, Client& a) {
         for (std::uint16_t port = 1; port <= 2; ++port) Client(b, {bob_at.ip, port}).allocate();
         return allocating(b, a, over_udp);
       }},
      {508,
       present,
       {},
       [](Bench& b, Client& a) {
         b.refusals = 100;
         return allocating(b, a, over_udp);
       }},
  };
}

void expect_errors(int from, int to) {
  int judged = 0;
  for (const Case& one : cases()) {
    if (one.code < from || one.code > to) continue;
    ++judged;
    ServerConfig with = config();
    with.max_allocations_per_user = 2;
    Bench bench(with);
    Client alice(bench, alice_at);
    const Answer answer = one.ask(bench, alice);
    ASSERT_EQ(answer.code(), one.code);
    std::vector<AttributeType> expected{AttributeType::error_code};
    expected.insert(expected.end(), one.also.begin(), one.also.end());
    const bool is_signed = one.signature == Signature::present;
    if (is_signed) expected.push_back(AttributeType::message_integrity);
    EXPECT_EQ(types_of(answer), expected) << one.code;
    EXPECT_EQ(answer.is_signed_by(alice.credentials.key()), is_signed) << one.code;
    EXPECT_TRUE(answer.view().error()->reason.empty()) << one.code;
  }
  EXPECT_GT(judged, 5);
}

// PROTOCOL A8, W3, 1.19/400, 1.19/401, 1.19/403, 1.19/405, 1.19/420, 1.19/437, 1.19/438, 1.20/3
TEST(ErrorResponse, has_its_code_its_signature_and_nothing_else) {
  expect_errors(300, 439);
}

// PROTOCOL A8, W3, 1.19/440, 1.19/441, 1.19/442, 1.19/443, 1.19/486, 1.19/508, 1.20/6; BUGS P14
TEST(ErrorResponse, is_signed_by_whoever_asked_for_what_cannot_be_had) {
  expect_errors(440, 699);
}

// PROTOCOL A8, R13, F3; BUGS P14
TEST(SuccessResponse, has_what_its_request_asked_for_and_its_signature) {
  using enum AttributeType;
  ServerConfig with = relaying_from({relay_v4.ip});
  Bench bench(with);
  const Client alice(bench, alice_at);
  const Client other(bench, at("198.51.100.9:9"));
  const auto expect = [](const Answer& answer, std::vector<AttributeType> types) {
    types.push_back(message_integrity);
    EXPECT_EQ(types_of(answer), types);
  };
  expect(alice.ask(Method::allocate, bench::even_port(true)),
         {xor_relayed_address, lifetime, reservation_token, xor_mapped_address});
  expect(other.ask(Method::allocate, adding(v6)),
         {xor_relayed_address, lifetime, address_error_code, xor_mapped_address});
  expect(alice.ask(Method::refresh), {lifetime});
  expect(alice.ask(Method::create_permission, to_peers({peer})), {});
  expect(alice.ask(Method::channel_bind, channel(0x4000, peer)), {});
  EXPECT_EQ(types_of(alice.bare(Method::binding)), (std::vector{xor_mapped_address}));
}

}  // namespace
}  // namespace tickover::turn::bench
