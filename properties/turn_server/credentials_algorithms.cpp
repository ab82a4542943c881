#include <chrono>

#include "core/turn/rest_credentials.h"
#include "properties/turn_server/signing.h"

// What the server makes of SHA-256, password algorithms and user hashes (RFC 8489, section 9.2.4).
namespace tickover::turn::bench {
namespace {

const Buffer both_algorithms = {0, 2, 0, 0, 0, 1, 0, 0};

// PROTOCOL W6, A1, A9, A10, 1.20/2, 1.19/401
TEST(TurnServerAlgorithms, are_offered_in_challenges_whose_nonce_says_so) {
  for (const bool offers : {false, true}) {
    for (const bool hides : {false, true}) {
      ServerConfig c = config();
      if (!offers) c.password_algorithms.clear();
      c.username_anonymity = hides;
      Bench bench(c);
      const Client alice(bench, alice_at);
      const Answer answer = alice.bare(Method::allocate);
      const char* cookie = offers  ? hides ? "obMatJos2wAAA" : "obMatJos2gAAA"
                           : hides ? "obMatJos2QAAA"
                                   : "obMatJos2AAAA";
      EXPECT_TRUE(answer.view().text(AttributeType::nonce)->starts_with(cookie));
      EXPECT_EQ(offer_of(answer), offers ? std::optional(both_algorithms) : std::nullopt);
    }
  }
}

// PROTOCOL AB1
TEST(TurnServerAlgorithms, leave_a_challenge_at_five_times_the_shortest_request) {
  Bench bench;
  const Client alice(bench, alice_at);
  EXPECT_LE(alice.bare(Method::refresh).sent->bytes.size(), 5u * 20);
}

// PROTOCOL W3, A8, A11
TEST(TurnServerAlgorithms, decide_how_the_answers_are_signed) {
  Bench bench;
  const Client alice(bench, alice_at);
  for (const PasswordAlgorithm by : {sha256, md5}) {
    const Answer answer = ask(alice, Method::refresh, modern(alice.credentials, by));
    EXPECT_EQ(answer.code(), 437);
    EXPECT_TRUE(answer.view().verifies_sha256(key_of(alice.credentials, by)));
    EXPECT_FALSE(answer.view().has_integrity());
    EXPECT_FALSE(answer.view().has(AttributeType::nonce));
    EXPECT_FALSE(answer.view().has(AttributeType::realm));
  }
  const Answer created = ask(alice, Method::allocate, over_udp);
  EXPECT_EQ(created.code(), 0);  // signed by the key that asked, although the port opened later
  EXPECT_TRUE(created.view().verifies_sha256(key_of(alice.credentials, sha256)));
}

// PROTOCOL A4, A8
TEST(TurnServerAlgorithms, are_md5_and_sha1_for_clients_that_mention_none) {
  Bench bench;
  const Client alice(bench, alice_at);
  const Answer answer = ask(alice, Method::refresh, legacy(alice.credentials));
  EXPECT_EQ(answer.code(), 437);
  EXPECT_TRUE(answer.view().verifies(key_of(alice.credentials, md5)));
  EXPECT_FALSE(answer.view().has_integrity_sha256());
  // A key made by SHA-256 has to be announced.
  Signing silent = legacy(alice.credentials);
  silent.sha1_mac = key_of(alice.credentials, sha256);
  EXPECT_EQ(ask(alice, Method::refresh, silent).code(), 401);
}

// PROTOCOL A4, AB16, 1.19/400
TEST(TurnServerAlgorithms, must_come_back_as_they_were_offered) {
  Bench bench;
  const Client alice(bench, alice_at);
  const auto code = [&](std::vector<PasswordAlgorithm> list,
                        std::vector<PasswordAlgorithm> choice) {
    Signing how = modern(alice.credentials);
    how.list = std::move(list);
    how.choice = std::move(choice);
    const Answer answer = ask(alice, Method::refresh, how);
    if (answer.code() == 400) {
      EXPECT_FALSE(answer.view().has_integrity_sha256());
      EXPECT_FALSE(answer.view().has(AttributeType::nonce));
    }
    return answer.code();
  };
  EXPECT_EQ(code({sha256, md5}, {sha256}), 437);
  EXPECT_EQ(code({md5, sha256}, {sha256}), 400);  // in another order
  EXPECT_EQ(code({sha256}, {sha256}), 400);       // one was taken out
  EXPECT_EQ(code({sha256, md5, sha256}, {sha256}), 400);
  EXPECT_EQ(code({sha256, md5}, {}), 400);
  EXPECT_EQ(code({}, {sha256}), 400);
  EXPECT_EQ(code({sha256, md5}, {PasswordAlgorithm{3}}), 400);
  EXPECT_EQ(code({sha256, md5}, {sha256, md5}), 400);
}

// PROTOCOL A4
TEST(TurnServerAlgorithms, that_were_not_offered_cannot_be_chosen) {
  ServerConfig c = config();
  c.password_algorithms = {sha256};
  Bench bench(c);
  const Client alice(bench, alice_at);
  Signing how = modern(alice.credentials, md5);
  how.list = {sha256};
  EXPECT_EQ(ask(alice, Method::refresh, how).code(), 400);
  how = modern(alice.credentials);
  how.list = {sha256};
  EXPECT_EQ(ask(alice, Method::refresh, how).code(), 437);
}

// PROTOCOL A6
TEST(TurnServerAlgorithms, let_sha256_decide_where_both_macs_are) {
  Bench bench;
  const Client alice(bench, alice_at);
  const auto good = key_of(alice.credentials, sha256);
  const stun::IntegrityKey bad;
  Signing how = modern(alice.credentials);
  how.sha1_mac = good;
  how.sha256_mac = bad;
  EXPECT_EQ(ask(alice, Method::refresh, how).code(), 401);
  how.sha1_mac = bad;
  how.sha256_mac = good;
  EXPECT_EQ(ask(alice, Method::refresh, how).code(), 437);
}

// PROTOCOL K9, A10, A24
TEST(TurnServerAlgorithms, name_the_user_by_a_hash_where_that_was_offered) {
  ServerConfig c = config();
  c.username_anonymity = true;
  Bench bench(c);
  const Client alice(bench, alice_at);
  Signing hidden = modern(alice.credentials);
  hidden.by_hash = true;
  EXPECT_EQ(ask(alice, Method::allocate, hidden, over_udp).code(), 0);
  EXPECT_EQ(bench.events.back().user, "alice");
  EXPECT_EQ(ask(alice, Method::refresh).code(), 0);  // by name, it is the same user
  Client stranger(bench, bob_at, {.username = "nobody"});
  EXPECT_EQ(ask(stranger, Method::refresh, hidden).code(), 401);

  Bench open;
  const Client other(open, alice_at);
  EXPECT_EQ(ask(other, Method::refresh, hidden).code(), 400);  // a name is missing
}

// PROTOCOL K8
TEST(TurnServerAlgorithms, do_not_help_a_name_that_is_too_long_or_no_text) {
  Bench bench([] {
    ServerConfig c = config();
    c.users.push_back({std::string(508, 'x'), "s3cret"});
    return c;
  }());
  Client user(bench, alice_at);
  const auto code = [&](std::string name) {
    user.credentials.username = std::move(name);
    return ask(user, Method::refresh).code();
  };
  EXPECT_EQ(code(std::string(508, 'x')), 437);
  EXPECT_EQ(code(std::string(509, 'x')), 401);
  EXPECT_EQ(code(std::string(763, 'x')), 401);
  EXPECT_EQ(code(std::string(764, 'x')), 400);
  EXPECT_EQ(code("alice\xff"), 401);
  ServerConfig bad = config();
  bad.users.push_back({"\xc3\x28", "s3cret"});
  EXPECT_EQ(bad.problem(), "a user name is no UTF-8");
}

// PROTOCOL K8
TEST(TurnServerAlgorithms, do_not_help_a_temporary_name_that_is_no_text) {
  ServerConfig c = config();
  c.rest_secret = "sekrit";
  Bench bench(c);
  bench.input(WallClock{WallTime::at(1000s)});
  Client user(bench, alice_at);
  const auto key = stun::IntegrityKey::raw(as_bytes("sekrit"));
  const auto code = [&](const std::string& name) {
    const RestPassword password = rest_password(key, name);
    user.credentials.username = name;
    user.credentials.password = {password.begin(), password.end()};
    return ask(user, Method::refresh).code();
  };
  EXPECT_EQ(code("2000:zo\xc3\xab"), 437);
  for (const char* name : {"2000:\xff", "2000:\xed\xa0\x80", "2000:\xc0\xaf", "2000:\xc3"}) {
    EXPECT_EQ(code(name), 401);
  }
}

// PROTOCOL A12
TEST(TurnServerAlgorithms, need_no_password_to_be_kept) {
  Bench bench;
  EXPECT_TRUE(bench.server.config().users.empty());
  EXPECT_TRUE(bench.server.config().rest_secret.empty());
  EXPECT_TRUE(bench.server.set_users(config().users, bench.now));
  EXPECT_TRUE(bench.server.config().users.empty());
}

/// The shortest time that a server took for one of these requests, each judged many times. What
/// disturbs a machine only adds.
std::vector<std::chrono::nanoseconds> cost_of(const std::vector<Buffer>& requests, Bench& bench) {
  using Clock = std::chrono::steady_clock;
  std::vector<std::chrono::nanoseconds> least(requests.size(), std::chrono::nanoseconds::max());
  for (int round = 0; round < 30; ++round) {
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const auto start = Clock::now();
      EXPECT_FALSE(bench.datagram(alice_at, relay_v4, requests[i]).empty());
      least[i] = std::min<std::chrono::nanoseconds>(least[i], Clock::now() - start);
    }
  }
  return least;
}

// The digest over a long request takes a thousand times as long as all the rest.
// PROTOCOL AB14, AB15
TEST(TurnServerAlgorithms, take_the_same_time_whether_or_not_there_is_such_a_user) {
  ServerConfig c = config();
  c.username_anonymity = true;
  Bench bench(c);
  Client alice(bench, alice_at, {.password = "guess"});
  const Fill bulky = [](MessageWriter& m) { m.add(AttributeType::data, Buffer(60'000)); };
  const auto of = [&](std::string name, bool by_hash) {
    alice.credentials.username = std::move(name);
    Signing how = modern(alice.credentials);
    how.by_hash = by_hash;
    Buffer buffer(64'000);
    MessageWriter writer(buffer, {Method::refresh, Class::request}, alice.fresh_id());
    bulky(writer);
    const Buffer tail = signed_request(alice, Method::refresh, nothing, how);
    for (const auto type : {AttributeType::username, AttributeType::userhash, AttributeType::realm,
                            AttributeType::nonce, AttributeType::password_algorithms,
                            AttributeType::password_algorithm}) {
      const auto value = MessageView::decode(tail)->find(type);
      if (value) writer.add(type, *value);
    }
    writer.add_integrity_sha256(*how.sha256_mac);
    return copy(writer.bytes());
  };
  const auto cost = cost_of(
      {of("alice", false), of("mallo", false), of("alice", true), of("mallo", true)}, bench);
  for (const auto one : cost) {
    for (const auto other : cost) EXPECT_LT(one.count(), 3 * other.count());
  }
}

}  // namespace
}  // namespace tickover::turn::bench
