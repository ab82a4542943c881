#include "properties/turn_server/signing.h"
// gtest comes first.
#include <rapidcheck/gtest.h>

// The order of the checks, and what strangers leave behind, over random requests.
namespace tickover::turn::bench {
namespace {

/// One thing after the other that can be wrong with a request, in the order of RFC 8489, section
/// 9.2.4, with the code it is refused by.
enum class Flaw { no_mac, no_realm, no_choice, wrong_list, unknown_user, bad_mac, stale_nonce };

int code_of(Flaw flaw) {
  switch (flaw) {
    case Flaw::no_realm:
    case Flaw::no_choice:
    case Flaw::wrong_list:
      return 400;
    case Flaw::stale_nonce:
      return 438;
    default:
      return 401;
  }
}

rc::Gen<std::set<Flaw>> flaws() {
  return rc::gen::container<std::set<Flaw>>(rc::gen::cast<Flaw>(rc::gen::inRange(0, 7)));
}

/// A nonce that this client cannot have now, made in one of several ways of one that it has.
std::string spoilt(Bench& bench, std::string nonce) {
  switch (*rc::gen::inRange(0, 5)) {
    case 0:
      return Client(bench, bob_at).credentials.nonce;
    case 1:
      return Client(bench, at("198.51.100.7:40001")).credentials.nonce;
    case 2:  // another feature set (PROTOCOL AB16)
      nonce.replace(9, 4, *rc::gen::element<std::string>("wAAA", "QAAA", "gAAB"));
      return nonce;
    case 3: {
      char& c = nonce[*rc::gen::inRange<std::size_t>(13, nonce.size())];
      c = c == 'A' ? 'B' : 'A';
      return nonce;
    }
    default:
      bench.advance(Duration(1h));
      return nonce;
  }
}

Buffer flawed_request(const Client& client, const std::set<Flaw>& flaws) {
  Credentials who = client.credentials;
  const bool modern_one = flaws.contains(Flaw::no_choice) || flaws.contains(Flaw::wrong_list) ||
                          *rc::gen::arbitrary<bool>();
  if (flaws.contains(Flaw::bad_mac)) who.password = "guess";
  Signing how = modern_one ? modern(who) : legacy(who);
  if (flaws.contains(Flaw::no_choice)) how.choice.clear();
  if (flaws.contains(Flaw::wrong_list)) how.list = {md5, sha256};
  if (flaws.contains(Flaw::no_mac)) how.sha1_mac = how.sha256_mac = std::nullopt;
  Client asking = client;
  if (flaws.contains(Flaw::unknown_user)) asking.credentials.username = "mallo";
  if (!flaws.contains(Flaw::no_realm)) {
    return signed_request(asking, Method::refresh, nothing, how);
  }
  Buffer buffer(1000);
  MessageWriter writer(buffer, {Method::refresh, Class::request}, client.fresh_id());
  writer.add_text(AttributeType::username, asking.credentials.username);
  writer.add_text(AttributeType::nonce, asking.credentials.nonce);
  if (how.sha1_mac) writer.add_integrity(*how.sha1_mac);
  if (how.sha256_mac) writer.add_integrity_sha256(*how.sha256_mac);
  return copy(writer.bytes());
}

// PROTOCOL W2, A1, A3, A4, A5, A6, A7, AB11; BUGS P15
RC_GTEST_PROP(TurnServerChecks, answer_the_first_thing_that_is_wrong, ()) {
  Bench bench;
  Client alice(bench, alice_at);
  const auto wrong = *flaws();
  if (wrong.contains(Flaw::stale_nonce)) {
    alice.credentials.nonce = spoilt(bench, alice.credentials.nonce);
  }
  // A nonce that promises no algorithms would excuse their absence, but this server offers them.
  const Answer answer = alice.answer_to(flawed_request(alice, wrong));
  RC_ASSERT(answer.code() == (wrong.empty() ? 437 : code_of(*wrong.begin())));
  const bool is_signed = answer.view().has_integrity() || answer.view().has_integrity_sha256();
  RC_ASSERT(is_signed == wrong.empty());
  RC_ASSERT(answer.view().has(AttributeType::nonce) ==
            (answer.code() == 401 || answer.code() == 438));
}

// PROTOCOL A5, A6, AB14
RC_GTEST_PROP(TurnServerChecks, show_nobody_who_is_a_user, ()) {
  ServerConfig c = config();
  c.username_anonymity = true;
  Bench bench(c);
  Client alice(bench, alice_at, {.password = "guess"});
  Client nobody = alice;
  nobody.credentials.username = *rc::gen::container<std::string>(5, rc::gen::inRange('a', 'z'));
  RC_PRE(nobody.credentials.username != "alice");
  if (*rc::gen::arbitrary<bool>()) {
    alice.credentials.nonce = nobody.credentials.nonce = spoilt(bench, alice.credentials.nonce);
  }
  Signing how = *rc::gen::arbitrary<bool>() ? modern(alice.credentials) : legacy(alice.credentials);
  how.by_hash = *rc::gen::arbitrary<bool>();
  const auto id = alice.fresh_id();
  const auto ask_as = [&](const Client& who) {
    return who.answer_to(signed_request(who, Method::allocate, over_udp, how, id));
  };
  const Answer wrong_password = ask_as(alice);
  const Answer unknown_user = ask_as(nobody);
  RC_ASSERT(wrong_password.code() == 401);
  RC_ASSERT(wrong_password.sent->bytes == unknown_user.sent->bytes);
}

// PROTOCOL T13, A25, AB4; BUG D07(b); BUGS P16, G16
RC_GTEST_PROP(TurnServerChecks, leave_nothing_behind_wherever_strangers_come_from, ()) {
  // Budgets for unsigned answers are per network and of a fixed number; here they are out of play.
  ServerConfig c = config();
  c.max_unsigned_answers_per_second = 1'000'000'000;
  c.answer_budgets = 1;
  Bench one(c);
  Bench many(c);
  const auto count = *rc::gen::inRange<std::uint16_t>(1, 50);
  for (std::uint16_t i = 0; i < count; ++i) {
    const Endpoint elsewhere{alice_at.ip.plus(i), static_cast<std::uint16_t>(1024 + i)};
    for (auto& [bench, from] : {std::pair<Bench&, Endpoint>{one, alice_at}, {many, elsewhere}}) {
      Client stranger(bench, from, {.username = "nobody" + std::to_string(i)});
      EXPECT_EQ(ask(stranger, Method::allocate, over_udp).code(), 401);
    }
  }
  RC_ASSERT(one.server == many.server);
}

// PROTOCOL A25; BUG D07(a), D07(d); BUGS G10
RC_GTEST_PROP(TurnServerChecks, let_a_nonce_be_used_as_often_as_its_client_likes, ()) {
  Bench bench;
  Client alice(bench, alice_at);
  EXPECT_EQ(ask(alice, Method::allocate, over_udp).code(), 0);
  const auto binds = *rc::gen::inRange<std::uint16_t>(1, 200);
  const auto copies = *rc::gen::inRange(1, 4);
  for (std::uint16_t i = 0; i < binds; ++i) {
    const Endpoint to{peer.ip, static_cast<std::uint16_t>(7000 + i)};
    const auto bytes = signed_request(alice, Method::channel_bind,
                                      channel(static_cast<std::uint16_t>(0x4000 + i), to),
                                      modern(alice.credentials));
    for (int k = 0; k < copies; ++k) RC_ASSERT(alice.answer_to(bytes).code() == 0);
  }
}

// Who knows all nonces of one key knows none of another, so a restart makes them all stale.
// PROTOCOL AB11, AB26; BUGS G6
RC_GTEST_PROP(TurnServerChecks, make_nonces_that_hang_on_a_secret,
              (std::uint64_t a, std::uint64_t b)) {
  RC_PRE(a != b);
  const stun::SecurityFeatures features{.password_algorithms = true};
  const NonceMint one(Random(a), 1h, features, seconds(0));
  const NonceMint other(Random(b), 1h, features, seconds(0));
  const std::string nonce(one.issue(alice_at, seconds(5)).text());
  const std::string foreign(other.issue(alice_at, seconds(5)).text());
  RC_ASSERT(one.is_fresh(nonce, alice_at, seconds(6)));
  RC_ASSERT(!other.is_fresh(nonce, alice_at, seconds(6)));
  // Beyond cookie and time, 16 characters of which one in 64 is the same by chance.
  std::size_t alike = 0;
  for (std::size_t i = 21; i < nonce.size(); ++i) alike += nonce[i] == foreign[i];
  RC_ASSERT(alike < 8u);
}

// What an attacker on the path can do to the challenge: take algorithms out of the list, drop it,
// clear the bit of the nonce. The client signs as that challenge allows; it is never let in.
// PROTOCOL A4, AB16; BUGS P15
RC_GTEST_PROP(TurnServerChecks, let_nobody_in_who_was_talked_into_less, ()) {
  Bench bench;
  Client alice(bench, alice_at);
  const bool clears_the_bit = *rc::gen::arbitrary<bool>();
  const int list = *rc::gen::inRange(0, 3);  // as offered, MD5 alone, none
  if (clears_the_bit) alice.credentials.nonce.replace(9, 4, "AAAA");
  Signing how = modern(alice.credentials, list == 0 ? sha256 : md5);
  if (list == 1) how.list = {md5};
  if (list == 2) how = legacy(alice.credentials);
  const Answer answer = ask(alice, Method::allocate, how, over_udp);
  const bool untouched = !clears_the_bit && list == 0;
  // A client that was shown the bit without the list does not go on (PROTOCOL A15).
  if (!clears_the_bit && list == 2) return;
  RC_ASSERT((answer.code() == 0) == untouched);
  RC_ASSERT((bench.server.allocation_count() == 1) == untouched);
}

}  // namespace
}  // namespace tickover::turn::bench
