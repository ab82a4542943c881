// What the client makes of password algorithms, user hashes and answers that nobody signed
// (RFC 8489, section 9.2.5).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/turn_client/signing.h"

namespace tickover::properties {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Octets = std::vector<std::uint8_t>;

// PROTOCOL A17, A11, 1.19/401
TEST(TurnClientAlgorithms, are_echoed_and_the_first_known_is_chosen) {
  Bench bench;
  const Sent first = bench.take_one();
  challenge_by(bench, first, {.list = {PasswordAlgorithm{9}, sha256, md5}});
  const Sent second = bench.take_one();
  EXPECT_NE(second.view().id(), first.view().id());
  EXPECT_EQ(value_of(second, AttributeType::password_algorithms),
            (Octets{0, 9, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0}));
  EXPECT_EQ(value_of(second, AttributeType::password_algorithm), (Octets{0, 2, 0, 0}));
  EXPECT_EQ(second.view().text(AttributeType::nonce), "obMatJos2gAAAn1");
  EXPECT_EQ(second.view().text(AttributeType::username), "alice");
  EXPECT_TRUE(second.view().verifies_sha256(key_of(sha256)));
  EXPECT_FALSE(second.view().has_integrity());
}

// PROTOCOL A17
TEST(TurnClientAlgorithms, follow_the_order_of_the_relay) {
  Bench bench;
  challenge_by(bench, bench.take_one(), {.list = {md5, sha256}});
  const Sent second = bench.take_one();
  EXPECT_EQ(value_of(second, AttributeType::password_algorithm), (Octets{0, 1, 0, 0}));
  EXPECT_TRUE(second.view().verifies_sha256(key_of(md5)));
  accept_by(bench, second, {.sha256 = key_of(md5)});
  EXPECT_TRUE(bench.client.allocation());
}

// PROTOCOL A17; BUGS P5
TEST(TurnClientAlgorithms, end_the_attempt_if_none_is_known) {
  Bench bench;
  challenge_by(bench, bench.take_one(), {.list = {PasswordAlgorithm{9}}});
  EXPECT_THAT(bench.take(), IsEmpty());
  EXPECT_THAT(bench.take_events(), ElementsAre("failed no common password algorithm 0"));
}

// PROTOCOL A15, AB16; BUGS P5
TEST(TurnClientAlgorithms, that_were_taken_out_of_a_challenge_end_the_attempt) {
  Bench bench;
  challenge_by(bench, bench.take_one(), {.list = {}});
  EXPECT_THAT(bench.take(), IsEmpty());
  EXPECT_THAT(bench.take_events(), ElementsAre("failed algorithms taken out of the challenge 0"));
  bench.run_until(after(5min));
  EXPECT_EQ(bench.count(Method::allocate), 1u);
}

// PROTOCOL A15, AB16
TEST(TurnClientAlgorithms, that_were_taken_out_of_a_438_end_the_allocation) {
  Bench bench;
  allocate_by(bench);
  bench.run_until(after(25s));
  challenge_by(bench, bench.take_one(), {.code = 438, .nonce = "obMatJos2gAAAn2", .list = {}});
  EXPECT_THAT(bench.take_events(),
              ElementsAre("removed 192.0.2.1:50000: algorithms taken out of the challenge"));
}

// PROTOCOL A16
TEST(TurnClientAlgorithms, must_stand_beside_a_nonce_that_promises_them_in_any_answer) {
  Bench bench;
  challenge_by(bench, bench.take_one());
  const Sent request = bench.take_one();
  const auto odd = [](MessageWriter& writer) {
    writer.add_error(stun::ErrorCode::insufficient_capacity, "");
    writer.add_text(AttributeType::nonce, "obMatJos2gAAAn2");
  };
  bench.answer(request, Class::error, signed_by({}, odd), std::nullopt);
  EXPECT_THAT(bench.take_events(), IsEmpty());
  EXPECT_EQ(bench.client.counters().unauthenticated, 1u);
  refuse_by(bench, request, 508);
  EXPECT_THAT(bench.take_events(), ElementsAre("failed no capacity 508"));
}

// PROTOCOL A22, AB16; BUGS P15
TEST(TurnClientAlgorithms, leave_no_way_back_to_sha1) {
  Bench bench;
  challenge_by(bench, bench.take_one());
  const Sent request = bench.take_one();
  for (const auto by : {sha256, md5}) accept_by(bench, request, {.sha1 = key_of(by), .sha256 = {}});
  accept_by(bench, request, {.sha256 = key_of(md5)});
  accept_by(bench, request, {.sha1 = key_of(sha256), .sha256 = key_of(md5)});
  EXPECT_FALSE(bench.client.allocation());
  accept_by(bench, request);
  EXPECT_TRUE(bench.client.allocation());

  // Nor does a challenge that has forgotten them lead there.
  bench.run_until(after(25s));
  bench.challenge(bench.take_one(), 438, "n2");
  const Sent again = bench.take_one();
  EXPECT_EQ(again.view().text(AttributeType::nonce), "n2");
  EXPECT_FALSE(again.view().has_integrity());
  EXPECT_TRUE(again.view().verifies_sha256(key_of(sha256)));
  bench.challenge(again, 401, "n3", "other.example");
  const Sent elsewhere = bench.take_one();
  EXPECT_FALSE(elsewhere.view().has_integrity());
  EXPECT_TRUE(elsewhere.view().verifies_sha256(key_of(sha256, "secret", "other.example")));
}

// PROTOCOL A14, A25
TEST(TurnClientAlgorithms, and_the_nonce_are_used_at_once_for_what_comes_later) {
  Bench bench;
  allocate_by(bench);
  EXPECT_TRUE(bench.client.bind_channel(bob, bench.now));
  bench.drain();
  const Sent bind = bench.take_one();
  EXPECT_TRUE(bind.view().verifies_sha256(key_of(sha256)));
  EXPECT_EQ(bind.view().text(AttributeType::nonce), "obMatJos2gAAAn1");
  accept_by(bench, bind);
  EXPECT_THAT(bench.take_events(), ElementsAre("bound " + bob.endpoint.text()));
}

// PROTOCOL A17, A23, K9
TEST(TurnClientNames, are_hidden_wherever_the_relay_can_read_a_hash) {
  Bench bench;
  challenge_by(bench, bench.take_one(), {.nonce = "obMatJos2wAAAn1"});
  const Sent request = bench.take_one();
  EXPECT_FALSE(request.view().has(AttributeType::username));
  const auto hash = stun::user_hash("alice", "example.org");
  EXPECT_EQ(value_of(request, AttributeType::userhash), Octets(hash.begin(), hash.end()));
  accept_by(bench, request);
  // Nobody on the path gets it back out by another nonce.
  bench.run_until(after(25s));
  challenge_by(bench, bench.take_one(), {.code = 438, .nonce = "obMatJos2gAAAn2"});
  EXPECT_FALSE(bench.take_one().view().has(AttributeType::username));
}

// PROTOCOL A23
TEST(TurnClientNames, that_must_not_be_shown_are_not_shown) {
  ClientConfig c = config();
  c.hide_username = true;
  for (const char* nonce : {"obMatJos2gAAAn1", "n1"}) {
    Bench bench(c);
    bench.challenge(bench.take_one(), 401, nonce);
    if (nonce[0] == 'n') {
      EXPECT_THAT(bench.take_events(), ElementsAre("failed name cannot be hidden 0"));
    }
    EXPECT_THAT(bench.take(), IsEmpty());
  }
  Bench hidden(c);
  challenge_by(hidden, hidden.take_one(), {.nonce = "obMatJos2QAAAn1", .list = {}});
  const Sent request = hidden.take_one();
  EXPECT_TRUE(request.view().has(AttributeType::userhash));
  EXPECT_TRUE(request.view().verifies(key_of(md5)));
}

// PROTOCOL A20, A21, W4; BUGS G14, P4
TEST(TurnClientIntegrity, is_named_as_the_reason_if_only_forged_answers_came) {
  for (const bool forged : {false, true}) {
    Bench bench;
    challenge_by(bench, bench.take_one());
    const Sent request = bench.take_one();
    if (forged) {
      refuse_by(bench, request, 400, {.sha256 = {}});
      accept_by(bench, request, {.sha256 = key_of(sha256, "guess")});
    }
    bench.run_until(after(39'500ms));
    EXPECT_EQ(bench.count(Method::allocate), 1u + 7u);  // the schedule goes on
    EXPECT_THAT(bench.take_events(),
                ElementsAre(forged ? "failed integrity violated 0" : "failed unanswered 0"));
  }
}

// PROTOCOL A21, AB17; BUGS G14
TEST(TurnClientIntegrity, is_no_matter_once_the_relay_itself_has_answered) {
  Bench bench;
  challenge_by(bench, bench.take_one());
  const Sent request = bench.take_one();
  accept_by(bench, request, {.sha256 = key_of(sha256, "guess")});
  bench.run_until(after(3s));
  accept_by(bench, request);
  EXPECT_TRUE(bench.client.allocation());
}

// PROTOCOL A21; BUGS P9
TEST(TurnClientIntegrity, is_named_when_a_refresh_or_a_probe_met_nothing_else) {
  Bench bench;
  allocate_by(bench);
  bench.run_until(after(25s));
  refuse_by(bench, bench.take_one(), 400, {.sha256 = {}});
  bench.run_until(after(10min));
  EXPECT_EQ(bench.event_log[1].second, "removed 192.0.2.1:50000: integrity violated");

  Bench open;
  open.accept(open.take_one());  // a relay without credentials
  open.run_until(after(39'500ms));
  EXPECT_THAT(open.take_events(), ElementsAre("failed integrity violated 0"));
}

// PROTOCOL W3; BUG C19(c)
TEST(TurnClientIntegrity, may_be_missing_in_437_and_441_by_a_switch_alone) {
  for (const int code : {437, 441}) {
    for (const bool lenient : {false, true}) {
      ClientConfig c = config();
      c.accept_unsigned_errors = lenient;
      Bench bench(c);
      allocate_by(bench);
      bench.run_until(after(25s));
      const Sent refresh = bench.take_one();
      for (const int other : {300, 400, 403, 486, 508}) {
        refuse_by(bench, refresh, other, {.sha256 = {}});
      }
      refuse_by(bench, refresh, code, {.sha256 = key_of(sha256, "guess")});
      EXPECT_THAT(bench.take_events(), IsEmpty());
      refuse_by(bench, refresh, code, {.sha256 = {}});
      EXPECT_EQ(bench.take_events().size(), lenient ? 1u : 0u);
    }
  }
}

// PROTOCOL AB17, AB24, A17
TEST(TurnClientChallenge, with_more_algorithms_than_a_request_can_echo_is_none) {
  ClientConfig c = config();
  c.username = std::string(508, 'u');
  c.software = std::string(509, 's');
  c.additional_ipv6 = c.fingerprint = true;
  c.requested_lifetime = 600s;
  for (const std::size_t count : {1u, 128u, 129u, 3000u, 15'000u}) {
    Bench bench(c);
    const Sent probe = bench.take_one();
    std::vector<std::uint8_t> buffer(max_datagram_size);
    MessageWriter writer(buffer, {Method::allocate, Class::error}, probe.view().id());
    writer.add_error(stun::ErrorCode::unauthenticated, "");
    writer.add_text(AttributeType::realm, std::string(763, 'r'));
    writer.add_text(AttributeType::nonce, "obMatJos2gAAA" + std::string(750, 'n'));
    writer.add_password_algorithms(AttributeType::password_algorithms,
                                   std::vector<PasswordAlgorithm>(count, sha256));
    ASSERT_TRUE(writer.ok());
    bench.deliver(writer.bytes(), probe);
    EXPECT_EQ(bench.take().size(), count <= 128 ? 1u : 0u) << count;
    EXPECT_THAT(bench.take_events(), IsEmpty());
  }
}

// PROTOCOL A18; BUGS G11
TEST(TurnClientPasswords, that_change_are_tried_once_the_old_one_is_refused) {
  Bench bench;
  allocate_by(bench);
  bench.client.set_credentials("alice", "changed", bench.now);
  bench.run_until(after(25s));
  const Sent old = bench.take_one();
  EXPECT_TRUE(old.view().verifies_sha256(key_of(sha256)));
  challenge_by(bench, old, {.nonce = "obMatJos2gAAAn2"});
  const Sent renewed = bench.take_one();
  EXPECT_TRUE(renewed.view().verifies_sha256(key_of(sha256, "changed")));
  accept_by(bench, renewed, {.sha256 = key_of(sha256, "changed")});
  EXPECT_THAT(bench.take_events(), IsEmpty());
  bench.run_until(after(50s));
  challenge_by(bench, bench.take_one(), {.nonce = "obMatJos2gAAAn3"});  // and no third time
  EXPECT_THAT(bench.take_events(), ElementsAre("removed 192.0.2.1:50000: credentials refused"));
}

// PROTOCOL A19, A18; BUGS G10, G11
TEST(TurnClientPasswords, that_change_are_not_tried_because_a_nonce_is_stale) {
  Bench bench;
  allocate_by(bench);
  bench.client.set_credentials("alice", "changed", bench.now);  // before the relay hears of it
  bench.run_until(after(25s));
  challenge_by(bench, bench.take_one(), {.code = 438, .nonce = "obMatJos2gAAAn2"});
  const Sent again = bench.take_one();
  EXPECT_EQ(again.view().text(AttributeType::nonce), "obMatJos2gAAAn2");
  EXPECT_TRUE(again.view().verifies_sha256(key_of(sha256)));
  challenge_by(bench, again, {.nonce = "obMatJos2gAAAn3"});  // and now it has
  EXPECT_TRUE(bench.take_one().view().verifies_sha256(key_of(sha256, "changed")));
  EXPECT_THAT(bench.take_events(), IsEmpty());
}

// PROTOCOL A18, C6
TEST(TurnClientPasswords, that_change_end_the_pause_after_a_refusal) {
  Bench bench;
  bench.challenge(bench.take_one());
  bench.challenge(bench.take_one(), 401, "n2");
  bench.run_until(after(10s));
  bench.take_events();
  bench.client.set_credentials("alice", "secret", bench.now);  // the same
  bench.drain();
  EXPECT_THAT(bench.take(), IsEmpty());
  bench.client.set_credentials("alice", "changed", bench.now);
  bench.drain();
  EXPECT_FALSE(bench.take_one().view().has_integrity());
}

// PROTOCOL A24; BUGS G11
TEST(TurnClientPasswords, of_another_user_mean_another_allocation) {
  Bench bench;
  allocate_by(bench);
  bench.client.set_credentials("carol", "other", bench.now);
  bench.drain();
  bench.run_for(20ms);
  const auto sent = bench.take();
  ASSERT_EQ(sent.size(), 2u);
  const Sent& release = sent[0].is(Method::refresh) ? sent[0] : sent[1];
  const Sent& probe = sent[0].is(Method::refresh) ? sent[1] : sent[0];
  EXPECT_EQ(release.lifetime(), Duration{});
  EXPECT_EQ(release.view().text(AttributeType::username), "alice");
  EXPECT_TRUE(release.view().verifies_sha256(key_of(sha256)));
  EXPECT_THAT(bench.take_events(), ElementsAre("removed 192.0.2.1:50000: restarted"));
  // A stale nonce does not lend the old allocation the new name.
  challenge_by(bench, release, {.code = 438, .nonce = "obMatJos2gAAAn2"});
  bench.run_for(20ms);
  const Sent again = bench.take_one();
  EXPECT_EQ(again.view().text(AttributeType::username), "alice");
  EXPECT_EQ(again.view().text(AttributeType::nonce), "obMatJos2gAAAn2");
  challenge_by(bench, again);  // and refused is refused
  bench.run_for(20ms);
  EXPECT_THAT(bench.take(), IsEmpty());

  challenge_by(bench, probe);
  bench.run_for(20ms);
  const Sent request = bench.take_one();
  EXPECT_EQ(request.view().text(AttributeType::username), "carol");
  EXPECT_TRUE(request.view().verifies_sha256(
      stun::IntegrityKey::long_term("carol", "example.org", "other", sha256)));
}

}  // namespace
}  // namespace tickover::properties
