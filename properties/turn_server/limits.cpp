#include "properties/turn_server/bench.h"

namespace tickover::turn::bench {
namespace {

Endpoint client_at(int network, int host, int port = 4000) {
  return {
      IpAddress::v4({198, 51, static_cast<std::uint8_t>(network), static_cast<std::uint8_t>(host)}),
      static_cast<std::uint16_t>(port)};
}
Buffer bare(Method method, std::uint64_t count = 0) {
  Buffer buffer(500);
  MessageWriter writer(buffer, {method, Class::request}, id_of(1, count));
  return copy(writer.bytes());
}

/// A user of 100,000 bytes a second with a channel; 28 bytes of each datagram are headers.
struct Metered : Bench {
  static ServerConfig metered() {
    ServerConfig with = config();
    with.max_bytes_per_second_per_user = 100'000;
    return with;
  }
  Metered() : Bench(metered()), alice(*this, alice_at), relayed(alice.allocate()) {
    EXPECT_EQ(alice.bind(0x4000, peer), 0);
  }
  Client alice;
  Endpoint relayed;
  std::string block = std::string(972, 'x');  // 1000 with its headers
};

// PROTOCOL R17
TEST(TurnServerBandwidth, drops_a_users_data_beyond_their_rate_and_counts_it) {
  Metered bench;
  std::size_t relayed = 0;
  for (int i = 0; i < 150; ++i) relayed += bench.alice.send(0x4000, bench.block).size();
  EXPECT_EQ(relayed, 100u);  // a second's worth at once
  EXPECT_EQ(bench.server.counters().over_bandwidth, 50u);
  bench.advance(10ms);
  EXPECT_EQ(bench.alice.send(0x4000, bench.block).size(), 1u);
  EXPECT_TRUE(bench.alice.send(0x4000, bench.block).empty());
  bench.advance(Duration(10ms) - Duration::nanoseconds(1));
  EXPECT_TRUE(bench.alice.send(0x4000, bench.block).empty());
  bench.advance(Duration::nanoseconds(1));
  EXPECT_EQ(bench.alice.send(0x4000, bench.block).size(), 1u);
}

// PROTOCOL R17, AB8
TEST(TurnServerBandwidth, counts_both_directions_and_all_allocations_of_a_user_together) {
  Metered bench;
  const Client second(bench, client_at(100, 9));
  const Endpoint other = second.allocate();
  EXPECT_EQ(second.permit(peer), 0);
  const Client bob(bench, bob_at, bobs);
  const Endpoint bobs_relay = bob.allocate();
  EXPECT_EQ(bob.permit(peer), 0);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(bench.alice.send(0x4000, bench.block).size(), 1u);
    EXPECT_EQ(bench.datagram(peer, other, as_bytes(bench.block)).size(), 1u);
  }
  EXPECT_TRUE(bench.alice.send(0x4000, bench.block).empty());
  EXPECT_TRUE(bench.datagram(peer, bench.relayed, as_bytes("")).empty());
  EXPECT_TRUE(second.send(peer, "").empty());
  EXPECT_EQ(bob.send(peer, bench.block).size(), 1u);
  EXPECT_EQ(bench.datagram(peer, bobs_relay, as_bytes(bench.block)).size(), 1u);
}

// PROTOCOL R17
TEST(TurnServerBandwidth, is_not_spent_by_requests_nor_denied_to_them) {
  Metered bench;
  for (int i = 0; i < 2000; ++i) EXPECT_EQ(bench.alice.permit(peer), 0);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(bench.alice.send(0x4000, bench.block).size(), 1u);
  EXPECT_TRUE(bench.alice.send(0x4000, bench.block).empty());
  EXPECT_EQ(bench.alice.ask(Method::refresh).code(), 0);
  EXPECT_EQ(bench.alice.bare(Method::binding).code(), 0);
}

// PROTOCOL R17
TEST(TurnServerBandwidth, is_not_renewed_by_allocating_anew) {
  Metered bench;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(bench.alice.send(0x4000, bench.block).size(), 1u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(bench.alice.remove(), 0);
    bench.alice.allocate();
    EXPECT_EQ(bench.alice.bind(0x4000, peer), 0);
    EXPECT_TRUE(bench.alice.send(0x4000, bench.block).empty());
  }
  bench.advance(10ms);
  EXPECT_EQ(bench.alice.send(0x4000, bench.block).size(), 1u);
}

// The bench asks after each change whether those who hold nothing are few.
// PROTOCOL AB9; BUG D19(c)
TEST(TurnServerBandwidth, is_not_remembered_of_users_without_end) {
  ServerConfig crowded = config();
  for (int i = 0; i < 300; ++i) crowded.users.push_back({"user" + std::to_string(i), "secret"});
  Bench bench(crowded);
  for (int i = 0; i < 300; ++i) {
    const Client user(bench, client_at(100 + i / 200, 1 + i % 200),
                      {.username = "user" + std::to_string(i), .password = "secret"});
    user.allocate();
    EXPECT_EQ(user.remove(), 0);
  }
  EXPECT_EQ(bench.server.allocation_count(), 0u);
}

// PROTOCOL R17
TEST(TurnServerBandwidth, is_not_spent_by_what_is_not_relayed) {
  Metered bench;
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(bench.alice.send(stranger, bench.block).empty());
  for (int i = 0; i < 200; ++i) bench.datagram(stranger, bench.relayed, as_bytes(bench.block));
  EXPECT_EQ(bench.alice.send(0x4000, bench.block).size(), 1u);
}

// PROTOCOL AB22
TEST(TurnServerBandwidth, bounds_floods_of_empty_datagrams_too) {
  Metered bench;
  std::size_t relayed = 0;
  for (int i = 0; i < 5000; ++i) relayed += bench.alice.send(0x4000, "").size();
  EXPECT_EQ(relayed, 100'000u / 28);
}

// PROTOCOL AB22, R17
TEST(TurnServerBandwidth, lets_the_largest_datagram_through_at_any_rate_and_cuts_none) {
  ServerConfig slow = config();
  slow.max_bytes_per_second_per_user = 1;
  Bench bench(slow);
  const Client alice(bench, alice_at);
  const Endpoint relayed = alice.allocate();
  EXPECT_EQ(alice.permit(peer), 0);
  const std::string largest(65'468, 'x');  // 36 bytes more are all that UDP carries, in fours
  const auto sent = bench.datagram(peer, relayed, as_bytes(largest));
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(as_text(sent[0].view().find(AttributeType::data).value()), largest);
}

// PROTOCOL R17
TEST(TurnServerBandwidth, has_no_end_where_the_limit_is_zero) {
  ServerConfig free = config();
  free.max_bytes_per_second_per_user = 0;
  Bench bench(free);
  const Client alice(bench, alice_at);
  alice.allocate();
  EXPECT_EQ(alice.bind(0x4000, peer), 0);
  const std::string block(60'000, 'x');
  for (int i = 0; i < 3000; ++i) EXPECT_EQ(alice.send(0x4000, block).size(), 1u);
}

// PROTOCOL AB1
TEST(TurnServerAnswers, are_not_much_longer_than_what_they_answer) {
  ServerConfig usual = config();
  usual.realm = ServerConfig().realm;
  Bench bench(usual);
  const auto ratio_is_at_most = [&](std::size_t limit, const Endpoint& to, Method method) {
    const Buffer request = bare(method);
    const auto answers = bench.datagram(client_at(1, 1), to, request);
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(request.size(), 20u);
    EXPECT_LE(answers[0].bytes.size(), limit * request.size()) << static_cast<int>(method);
    EXPECT_FALSE(answers[0].view().has(AttributeType::software));
    if (method == Method::binding) return;
    EXPECT_TRUE(answers[0].view().error().value().reason.empty());
  };
  ratio_is_at_most(2, relay_v4, Method::binding);
  for (const Method method :
       {Method::allocate, Method::refresh, Method::create_permission, Method::channel_bind}) {
    ratio_is_at_most(5, relay_v4, method);
  }
}

// PROTOCOL AB1
TEST(TurnServerAnswers, to_one_network_end_with_its_budget_and_come_again) {
  ServerConfig tight = config();
  tight.max_unsigned_answers_per_second = 10;
  Bench bench(tight);
  const auto answers = [&](int network, int count) {
    std::size_t answered = 0;
    for (int i = 0; i < count; ++i) {
      const Method method = i % 2 == 0 ? Method::binding : Method::allocate;
      answered += bench.datagram(client_at(network, i % 250), relay_v4, bare(method)).size();
    }
    return answered;
  };
  EXPECT_EQ(answers(1, 100), 40u);  // four seconds' worth
  EXPECT_EQ(bench.server.counters().over_answer_budget, 60u);
  EXPECT_EQ(answers(2, 30), 30u);
  bench.advance(100ms);
  EXPECT_EQ(answers(1, 5), 1u);
  bench.advance(1h);
  EXPECT_EQ(answers(1, 100), 40u);
}

// PROTOCOL AB1
TEST(TurnServerAnswers, have_one_budget_for_a_56_of_ipv6_and_others_beside_it) {
  ServerConfig tight = config();
  tight.max_unsigned_answers_per_second = 1;
  Bench bench(tight);
  const auto asked_from = [&](const char* text) {
    return bench.datagram(at(text), relay_v6, bare(Method::binding)).size();
  };
  for (int i = 0; i < 4; ++i) EXPECT_EQ(asked_from("[2001:db8:0:100::1]:1"), 1u);
  EXPECT_EQ(asked_from("[2001:db8:0:1ff:ffff::1]:2"), 0u);
  EXPECT_EQ(asked_from("[2001:db8:0:200::1]:1"), 1u);
}

// PROTOCOL AB1
TEST(TurnServerAnswers, that_are_signed_have_no_budget) {
  ServerConfig tight = config();
  tight.max_unsigned_answers_per_second = 10;
  Bench bench(tight);
  const Client alice(bench, alice_at);
  const Client guesser(bench, client_at(100, 200), {.password = "guess"});  // the same network
  alice.allocate();
  for (int i = 0; i < 100; ++i) alice.bare(Method::allocate);
  EXPECT_TRUE(alice.bare(Method::binding).silent());
  EXPECT_EQ(alice.ask(Method::refresh).code(), 0);
  EXPECT_EQ(alice.ask(Method::allocate).code(), 437);
  EXPECT_TRUE(guesser.ask(Method::refresh).silent());
}

// PROTOCOL AB4, T13; BUGS P16
TEST(TurnServerAnswers, leave_nothing_behind_however_many_strangers_ask) {
  Bench bench;
  const auto allocations = bench.server.allocation_count();
  for (int network = 0; network < 100; ++network) {
    for (const Method method : {Method::binding, Method::allocate, Method::channel_bind}) {
      EXPECT_EQ(bench.datagram(client_at(network, 7), relay_v4, bare(method)).size(), 1u);
    }
  }
  EXPECT_EQ(bench.server.allocation_count(), allocations);
  EXPECT_EQ(bench.server.ports_in_use(), 0u);
  EXPECT_FALSE(bench.server.poll_timeout());
}

// PROTOCOL AB9; BUGS P16
TEST(TurnServerLimits, hold_one_user_to_finite_tables) {
  ServerConfig small = config();
  small.max_allocations_per_user = 2;
  small.max_permissions = 4;
  small.max_channels = 2;
  Bench bench(small);
  const Client alice(bench, alice_at);
  const Client again(bench, client_at(100, 9));
  alice.allocate();
  again.allocate();
  EXPECT_EQ(Client(bench, client_at(100, 10)).ask(Method::allocate, over_udp).code(), 486);
  const auto one = [](int host) {
    return Endpoint{IpAddress::v4({203, 0, 113, static_cast<std::uint8_t>(host)}), 9};
  };
  EXPECT_EQ(alice.bind(0x4000, one(1)), 0);
  EXPECT_EQ(alice.bind(0x4001, one(2)), 0);
  EXPECT_EQ(alice.bind(0x4002, one(3)), 508);
  EXPECT_EQ(alice.permit(one(3)), 0);
  EXPECT_EQ(alice.permit(one(4)), 0);
  EXPECT_EQ(alice.permit(one(5)), 508);
  EXPECT_EQ(again.permit(one(5)), 0);        // per allocation
  EXPECT_EQ(alice.bind(0x4001, one(2)), 0);  // a refresh needs no room
}

// PROTOCOL AB9
TEST(TurnServerLimits, are_finite_where_nobody_sets_them) {
  const ServerConfig usual;
  EXPECT_GT(usual.max_bytes_per_second_per_user, 0u);
  EXPECT_LT(usual.max_allocations, 100'000u);
  EXPECT_LT(usual.max_allocations_per_user, usual.max_allocations);
  EXPECT_LE(usual.max_permissions, 4'096u);
  EXPECT_LE(usual.max_channels, 4'096u);
  EXPECT_LE(usual.max_unsigned_answers_per_second, 10'000u);
  EXPECT_LE(usual.answer_budgets, 100'000u);
  EXPECT_LE(usual.max_remembered_requests, 100'000u);
  EXPECT_LE(usual.max_icmp_per_second, 1'000u);
}

// PROTOCOL AB10, R10; BUG D19
TEST(TurnServerLimits, charge_the_quota_while_a_port_is_only_opening) {
  ServerConfig one = config();
  one.max_allocations_per_user = 1;
  Bench bench(one);
  const Client alice(bench, alice_at);
  const Client again(bench, client_at(100, 9));
  bench.silent_owner = true;
  EXPECT_TRUE(alice.ask(Method::allocate, over_udp).silent());
  EXPECT_EQ(again.ask(Method::allocate, over_udp).code(), 486);
  bench.advance(40s);  // nobody ever opened it
  bench.silent_owner = false;
  EXPECT_EQ(again.ask(Method::allocate, over_udp).code(), 0);
}

// PROTOCOL AB19, D8
TEST(TurnServerLimits, bind_whoever_spoofs_a_clients_address_to_its_permissions) {
  Bench bench;
  const Client alice(bench, alice_at);
  alice.allocate();
  EXPECT_EQ(alice.bind(0x4000, peer), 0);
  const auto before = bench.server.allocations();
  EXPECT_EQ(alice.send(peer, "forged").size(), 1u);  // inherent: indications are not signed
  EXPECT_EQ(alice.send(0x4000, "forged").size(), 1u);
  EXPECT_TRUE(alice.send(stranger, "forged").empty());
  EXPECT_TRUE(alice.send(0x4001, "forged").empty());
  EXPECT_EQ(bench.server.allocations(), before);
}

// PROTOCOL AB23
TEST(TurnServerLimits, clamp_lifetimes_that_would_overflow_a_timer) {
  Bench bench;
  const Client alice(bench, alice_at);
  EXPECT_EQ(alice.ask(Method::allocate, both(over_udp, lasting(0xffffffff))).lifetime(), 3600);
  EXPECT_EQ(alice.ask(Method::refresh, lasting(0xffffffff)).lifetime(), 3600);
  EXPECT_EQ(bench.server.allocations().at(0).expiry, bench.now + 3600s);
  EXPECT_EQ(bench.server.poll_timeout()->at, bench.now + 3600s);
}

// PROTOCOL AB23
TEST(TurnServerLimits, let_everything_expire_at_one_instant) {
  ServerConfig wide = config();
  wide.max_permissions = 1'000;
  Bench bench(wide);
  const Client alice(bench, alice_at);
  alice.allocate();
  for (int i = 0; i < 1'000; i += 50) {
    std::vector<Endpoint> peers;
    for (int j = i; j < i + 50; ++j) {
      peers.push_back({IpAddress::v4({203, 0, static_cast<std::uint8_t>(j / 250),
                                      static_cast<std::uint8_t>(1 + j % 250)}),
                       9});
    }
    EXPECT_EQ(alice.ask(Method::create_permission, to_peers(peers)).code(), 0);
  }
  EXPECT_EQ(bench.server.poll_timeout(), (Timeout{bench.now + 300s, "permission expiry"}));
  bench.now += 300s;
  bench.server.handle_timeout(bench.now);  // one wake-up does it all
  EXPECT_TRUE(bench.server.allocations().at(0).permissions.empty());
  EXPECT_EQ(bench.server.poll_timeout()->reason, "allocation expiry");
}

// PROTOCOL AB27, PM4
TEST(TurnServerLimits, tell_a_peer_nothing_about_who_is_permitted) {
  Bench bench;
  const Client alice(bench, alice_at);
  const Endpoint relayed = alice.allocate();
  EXPECT_EQ(alice.permit(peer), 0);
  for (const Endpoint& from : {peer, stranger}) {
    for (const Sent& sent : bench.datagram(from, relayed, as_bytes("anybody there?"))) {
      EXPECT_NE(sent.send.remote.ip, from.ip);
    }
    for (const Sent& sent : bench.datagram(from, relayed, bare(Method::binding))) {
      EXPECT_NE(sent.send.remote.ip, from.ip);  // STUN on a relayed address is data
    }
  }
}

}  // namespace
}  // namespace tickover::turn::bench
