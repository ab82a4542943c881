#include "core/turn/rest_credentials.h"
#include "properties/turn_server/signing.h"

// Users who come, go and expire, and clients that belong on another server.
namespace tickover::turn::bench {
namespace {

constexpr std::int64_t today = 1'900'000'000;  // in 2030
const std::string secret = "sekrit";

ServerConfig rest_config() {
  ServerConfig c = config();
  c.rest_secret = secret;
  c.max_allocations_per_user = 2;
  return c;
}

Credentials temporary(const std::string& name) {
  const auto password = rest_password(stun::IntegrityKey::raw(as_bytes(secret)), name);
  return {.username = name, .password = {password.begin(), password.end()}};
}
Credentials until(std::int64_t end, const std::string& account = "carol") {
  return temporary(std::to_string(end) + ":" + account);
}

struct Rest : Bench {
  Rest() : Bench(rest_config()) { set_wall(today); }
  void set_wall(std::int64_t reads) { input(WallClock{WallTime::at(std::chrono::seconds(reads))}); }
  int refresh(const Credentials& who) {
    return ask(Client(*this, alice_at, who), Method::refresh).code();
  }
};

// PROTOCOL A11
TEST(TurnServerRest, makes_passwords_that_everybody_else_makes) {
  const auto key = stun::IntegrityKey::raw(as_bytes("key"));
  const auto password = rest_password(key, "The quick brown fox jumps over the lazy dog");
  EXPECT_EQ(std::string(password.begin(), password.end()), "3nybhbi3iqa8ino29wqQcBydtNk=");
}

// BUG D17(a), D17(b); BUGS G11
TEST(TurnServerRest, lets_users_in_until_their_last_nanosecond) {
  Rest bench;
  EXPECT_EQ(bench.refresh(until(today + 1)), 437);
  EXPECT_EQ(bench.refresh(until(today)), 401);
  EXPECT_EQ(bench.refresh(until(today - 1)), 401);
  bench.advance(Duration(1s) - Duration::nanoseconds(1));
  EXPECT_EQ(bench.refresh(until(today + 1)), 437);
  bench.advance(Duration::nanoseconds(1));
  EXPECT_EQ(bench.refresh(until(today + 1)), 401);
}

// BUG D17(c); BUGS G17
TEST(TurnServerRest, counts_seconds_of_the_wall_clock_as_it_jumps) {
  Rest bench;
  const Credentials carol = until(today + 3600);
  EXPECT_EQ(bench.refresh(carol), 437);
  bench.set_wall(today + 3600);
  EXPECT_EQ(bench.refresh(carol), 401);
  bench.set_wall(today - 100'000);
  EXPECT_EQ(bench.refresh(carol), 437);
  bench.advance(100'000s + 3600s);
  EXPECT_EQ(bench.refresh(carol), 401);
}

// BUG D17(a)
TEST(TurnServerRest, lets_nobody_in_before_it_knows_the_date) {
  Bench bench(rest_config());
  EXPECT_EQ(ask(Client(bench, alice_at, until(today)), Method::refresh).code(), 401);
  EXPECT_EQ(ask(Client(bench, alice_at), Method::refresh).code(), 437);  // a listed user
}

// PROTOCOL A6
TEST(TurnServerRest, wants_a_date_and_the_secret) {
  Rest bench;
  EXPECT_EQ(bench.refresh(temporary(std::to_string(today + 1))), 437);  // the account may be empty
  for (const char* name : {"carol", "", ":carol", "x2000000000:carol", "2000000000x:carol",
                           "-2000000000:carol", "9999999999999999999:carol"}) {
    EXPECT_EQ(bench.refresh(temporary(name)), 401) << name;
  }
  EXPECT_EQ(bench.refresh(temporary("999999999999999999:carol")), 437);
  Credentials guessed = until(today + 1);
  guessed.password[3] ^= 1;
  EXPECT_EQ(bench.refresh(guessed), 401);
  Credentials prolonged = until(today + 1);
  prolonged.username = until(today + 2).username;
  EXPECT_EQ(bench.refresh(prolonged), 401);
}

// PROTOCOL AB20, R18; BUGS G11
TEST(TurnServerRest, keeps_what_an_expired_user_has_until_its_lifetime_ends) {
  Rest bench;
  const Client carol(bench, alice_at, until(today + 60));
  const Endpoint relayed = ask(carol, Method::allocate, over_udp).relayed();
  EXPECT_EQ(ask(carol, Method::channel_bind, channel(0x4000, peer)).code(), 0);
  bench.advance(61s);
  EXPECT_EQ(ask(carol, Method::refresh).code(), 401);
  EXPECT_EQ(bench.datagram(peer, relayed, as_bytes("hello")).size(), 1u);
  EXPECT_EQ(carol.send(0x4000, "hello").size(), 1u);
  bench.advance(600s);
  EXPECT_EQ(bench.server.allocation_count(), 0u);
}

// PROTOCOL R10, AB9; BUG D19(c); BUGS P16
TEST(TurnServerRest, counts_an_accounts_allocations_under_all_its_names) {
  Rest bench;
  std::vector<Client> carols;
  for (std::uint16_t i = 0; i < 3; ++i) {
    const Endpoint from{alice_at.ip, static_cast<std::uint16_t>(41'000 + i)};
    carols.emplace_back(bench, from, until(today + 100 + i));
  }
  EXPECT_EQ(ask(carols[0], Method::allocate, over_udp).code(), 0);
  EXPECT_EQ(ask(carols[1], Method::allocate, over_udp).code(), 0);
  EXPECT_EQ(ask(carols[2], Method::allocate, over_udp).code(), 486);
  EXPECT_EQ(
      ask(Client(bench, bob_at, until(today + 100, "dave")), Method::allocate, over_udp).code(), 0);
  EXPECT_EQ(ask(carols[0], Method::refresh, lasting(0)).code(), 0);
  EXPECT_EQ(ask(carols[2], Method::allocate, over_udp).code(), 0);
}

// PROTOCOL A24, W15, 1.19/441
TEST(TurnServerRest, gives_an_allocation_to_one_name_only) {
  Rest bench;
  Client carol(bench, alice_at, until(today + 100));
  ask(carol, Method::allocate, over_udp);
  const std::string nonce = carol.credentials.nonce;
  carol.credentials = until(today + 200);
  carol.credentials.nonce = nonce;
  const Answer answer = ask(carol, Method::refresh);
  EXPECT_EQ(answer.code(), 441);
  EXPECT_TRUE(answer.view().verifies_sha256(key_of(carol.credentials, sha256)));
}

// PROTOCOL AB20; BUGS G11
TEST(TurnServerUsers, who_are_removed_or_renamed_cannot_refresh) {
  Bench bench;
  const Client alice(bench, alice_at);
  const Endpoint relayed = ask(alice, Method::allocate, over_udp).relayed();
  EXPECT_EQ(ask(alice, Method::create_permission, to_peers({peer})).code(), 0);
  EXPECT_TRUE(bench.server.set_users(std::vector<User>{{"bob", "hunter2"}}, bench.now));
  EXPECT_EQ(ask(alice, Method::refresh).code(), 401);
  EXPECT_EQ(ask(alice, Method::create_permission, to_peers({stranger})).code(), 401);
  EXPECT_EQ(bench.datagram(peer, relayed, as_bytes("hello")).size(), 1u);
  EXPECT_EQ(ask(Client(bench, bob_at, bobs), Method::refresh).code(), 437);
  EXPECT_TRUE(bench.server.set_users(std::vector<User>{{"alice", "changed"}}, bench.now));
  EXPECT_EQ(ask(alice, Method::refresh).code(), 401);
  EXPECT_TRUE(bench.server.set_users(config().users, bench.now));
  EXPECT_EQ(ask(alice, Method::refresh).code(), 0);  // it is still hers
}

TEST(TurnServerUsers, stay_as_they_are_if_the_new_ones_cannot_be) {
  Bench bench;
  const Server before = bench.server;
  const std::vector<User> twice = {{"carol", "1"}, {"carol", "2"}};
  const auto set = bench.server.set_users(twice, bench.now);
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error(), "there are two users carol");
  EXPECT_EQ(bench.server, before);
}

const Endpoint other_v4 = at("192.0.2.50:3479");
const Endpoint other_v6 = at("[2001:db8::50]:3479");

ServerConfig redirecting(std::vector<Endpoint> to) {
  ServerConfig c = config();
  c.alternate_server = std::move(to);
  return c;
}
std::vector<Endpoint> alternates(const Answer& answer) {
  std::vector<Endpoint> found;
  answer.view().for_each([&](const stun::Attribute& attribute) {
    if (attribute.type != AttributeType::alternate_server) return;
    const bool is_v4 = attribute.value[1] == 1;
    Endpoint endpoint;
    endpoint.port = static_cast<std::uint16_t>(attribute.value[2] << 8 | attribute.value[3]);
    if (is_v4) {
      std::array<std::uint8_t, 4> ip{};
      std::ranges::copy(attribute.value.subspan(4), ip.begin());
      endpoint.ip = IpAddress::v4(ip);
    } else {
      std::array<std::uint8_t, 16> ip{};
      std::ranges::copy(attribute.value.subspan(4), ip.begin());
      endpoint.ip = IpAddress::v6(ip);
    }
    found.push_back(endpoint);
  });
  return found;
}

// PROTOCOL W21, X1, X2, 1.19/300, 1.20/1
TEST(TurnServerRedirect, tells_whom_it_knows_and_signs_it) {
  Bench bench(redirecting({other_v4, other_v6}));
  Client alice(bench, alice_at);
  EXPECT_EQ(alice.bare(Method::allocate, over_udp).code(), 401);
  const Answer answer = ask(alice, Method::allocate, over_udp);
  EXPECT_EQ(answer.code(), 300);
  EXPECT_TRUE(answer.view().verifies_sha256(key_of(alice.credentials, sha256)));
  EXPECT_EQ(alternates(answer), (std::vector{other_v4, other_v6}));
  EXPECT_EQ(ask(alice, Method::refresh).code(), 437);  // only Allocate
  EXPECT_EQ(bench.server.allocation_count(), 0u);
}

// PROTOCOL X1
TEST(TurnServerRedirect, names_the_family_of_the_request_first_or_lets_it_stay) {
  Bench bench(redirecting({other_v4, other_v6}));
  Client alice(bench, at("[2001:db8::7]:40000"));
  alice.server = relay_v6;
  EXPECT_EQ(alternates(ask(alice, Method::allocate, over_udp)), (std::vector{other_v6, other_v4}));
  Bench half(redirecting({other_v6}));
  EXPECT_EQ(ask(Client(half, alice_at), Method::allocate, over_udp).code(), 0);
}

// PROTOCOL X2, 1.20/1
TEST(TurnServerRedirect, is_unsigned_only_by_the_switch_for_old_clients) {
  ServerConfig c = redirecting({other_v4});
  c.redirect_unauthenticated = true;
  Bench bench(c);
  const Client alice(bench, alice_at);
  const Answer answer = alice.bare(Method::allocate, over_udp);
  EXPECT_EQ(answer.code(), 300);
  EXPECT_FALSE(answer.view().has_integrity());
  EXPECT_EQ(alternates(answer), std::vector{other_v4});
  EXPECT_EQ(alice.bare(Method::refresh).code(), 401);
}

}  // namespace
}  // namespace tickover::turn::bench
