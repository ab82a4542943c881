#include "properties/turn_server/bench.h"

namespace tickover::turn::bench {
namespace {

/// A bench on which alice has an allocation, and somebody who records and repeats what she says.
struct Recorded : Bench {
  explicit Recorded(ServerConfig with = config())
      : Bench(std::move(with)), alice(*this, alice_at), allocate(sign(Method::allocate, over_udp)) {
    EXPECT_EQ(alice.answer_to(allocate).code(), 0);
  }
  Client alice;
  Buffer allocate;

  Buffer sign(Method method, const Fill& fill) const { return alice.request(method, fill); }
  Buffer refreshing(std::int64_t count) const { return sign(Method::refresh, lasting(count)); }
  Instant expiry() const { return server.allocations().at(0).expiry; }
};

// PROTOCOL F6, T12; BUGS P14
TEST(TurnServerMemory, repeats_the_answer_to_the_refresh_that_deleted) {
  Recorded bench;
  const Buffer last = bench.refreshing(0);
  const Answer first = bench.alice.answer_to(last);
  EXPECT_EQ(first.code(), 0);
  bench.advance(236s);
  EXPECT_EQ(bench.alice.answer_to(last).sent->bytes, first.sent->bytes);
  EXPECT_EQ(bench.count(Kind::allocation_deleted), 1u);
  EXPECT_EQ(bench.alice.remove(), 437);  // a new request finds nothing
  bench.advance(1s);
  EXPECT_EQ(bench.alice.answer_to(last).code(), 437);
}

// PROTOCOL T12; BUGS P14
TEST(TurnServerMemory, repeats_the_answer_to_a_refresh_without_refreshing_again) {
  Recorded bench;
  const Buffer refresh = bench.refreshing(900);
  const Answer first = bench.alice.answer_to(refresh);
  const Instant until = bench.expiry();
  bench.advance(10s);
  EXPECT_EQ(bench.alice.answer_to(refresh).sent->bytes, first.sent->bytes);
  EXPECT_EQ(bench.expiry(), until);
  EXPECT_EQ(bench.count(Kind::allocation_refreshed), 1u);
  EXPECT_EQ(bench.server.counters().repeated, 1u);
}

// PROTOCOL T12, T4; BUGS P7
TEST(TurnServerMemory, answers_the_last_copy_of_a_client_on_a_slow_path) {
  Recorded bench;
  const Buffer refresh = bench.refreshing(900);
  const Answer first = bench.alice.answer_to(refresh);
  bench.advance(63s);  // the seventh copy at an RTO of a second
  const Answer last = bench.alice.answer_to(refresh);
  ASSERT_FALSE(last.silent());
  EXPECT_EQ(last.sent->bytes, first.sent->bytes);
}

// PROTOCOL AB12
TEST(TurnServerMemory, does_not_let_an_old_deletion_end_a_later_allocation) {
  Recorded bench;
  const Buffer old = bench.refreshing(0);
  EXPECT_EQ(bench.alice.answer_to(old).code(), 0);
  bench.alice.allocate();
  for (const Duration pause : {Duration(1s), Duration(60s), Duration(500s)}) {
    bench.advance(pause);
    EXPECT_TRUE(bench.alice.answer_to(old).silent());
    EXPECT_EQ(bench.server.allocation_count(), 1u);
  }
  EXPECT_EQ(bench.alice.remove(), 0);  // hers does
}

// PROTOCOL AB12
TEST(TurnServerMemory, does_not_let_a_deletion_that_found_nothing_end_a_later_allocation) {
  Bench bench;
  const Client alice(bench, alice_at);
  const Buffer early = alice.request(Method::refresh, lasting(0));
  EXPECT_EQ(alice.answer_to(early).code(), 437);
  EXPECT_EQ(alice.answer_to(early).code(), 437);
  alice.allocate();
  EXPECT_TRUE(alice.answer_to(early).silent());
  EXPECT_EQ(bench.server.allocation_count(), 1u);
}

// PROTOCOL AB12, AB24
TEST(TurnServerMemory, keeps_one_outcome_of_an_id_that_an_allocate_and_a_deletion_share) {
  for (const bool opens : {true, false}) {
    Bench bench;
    const Client alice(bench, alice_at);
    const auto id = alice.fresh_id();
    bench.silent_owner = true;
    EXPECT_TRUE(alice.answer_to(alice.request(Method::allocate, over_udp, false, id)).silent());
    const Buffer deletion = alice.request(Method::refresh, lasting(0), false, id);
    EXPECT_EQ(alice.answer_to(deletion).code(), 437);  // her port is not open yet
    const OpenSocket port = bench.asked.back();
    if (opens) {
      bench.open.insert(port.local);
      bench.input(SocketOpened{port.request, port.local});
      EXPECT_EQ(alice.answer_to(deletion).lifetime(), 600);  // the outcome of that id
    } else {
      while (bench.server.allocation_count() > 0) {
        bench.input(SocketRefused{bench.asked.back().request});
      }
      EXPECT_EQ(alice.answer_to(deletion).code(), 437);
    }
    EXPECT_EQ(bench.server.allocation_count(), opens ? 1u : 0u);
  }
}

// PROTOCOL AB12
TEST(TurnServerMemory, does_not_let_an_old_refresh_shorten_an_allocation) {
  Recorded bench;
  const Buffer brief = bench.refreshing(600);
  EXPECT_EQ(bench.alice.answer_to(brief).code(), 0);
  EXPECT_EQ(bench.alice.ask(Method::refresh, lasting(3600)).code(), 0);
  const Instant until = bench.expiry();
  bench.advance(300s);
  EXPECT_TRUE(bench.alice.answer_to(brief).silent());
  EXPECT_EQ(bench.expiry(), until);
}

// PROTOCOL AB12; BUGS P14
TEST(TurnServerMemory, does_not_let_an_old_allocate_make_another_allocation) {
  Recorded bench;
  EXPECT_EQ(bench.alice.remove(), 0);
  EXPECT_EQ(bench.alice.answer_to(bench.allocate).code(), 437);
  bench.advance(1000s);
  EXPECT_EQ(bench.alice.answer_to(bench.allocate).code(), 437);
  EXPECT_EQ(bench.server.ports_in_use(), 0u);
}

// PROTOCOL AB12
TEST(TurnServerMemory, lasts_until_the_nonce_does_not) {
  ServerConfig with = config();
  with.nonce_lifetime = 1000s;
  Bench bench(with);
  const Client alice(bench, alice_at);
  alice.allocate();
  const Buffer old = alice.request(Method::refresh, lasting(0));
  EXPECT_EQ(alice.answer_to(old).code(), 0);
  alice.allocate();
  EXPECT_EQ(alice.ask(Method::refresh, lasting(3600)).code(), 0);
  bench.advance(Duration(1000s) - Duration::nanoseconds(1));
  EXPECT_TRUE(alice.answer_to(old).silent());
  bench.advance(1s);
  EXPECT_EQ(alice.answer_to(old).code(), 438);
  EXPECT_EQ(bench.server.allocation_count(), 1u);
}

// PROTOCOL AB12
TEST(TurnServerMemory, tells_users_and_five_tuples_apart) {
  Recorded bench;
  const Client bob(bench, bob_at, bobs);
  bob.allocate();
  const auto same = bench.alice.fresh_id();
  EXPECT_EQ(
      bench.alice.answer_to(bench.alice.request(Method::refresh, lasting(0), false, same)).code(),
      0);
  EXPECT_EQ(bob.answer_to(bob.request(Method::refresh, lasting(0), false, same)).lifetime(), 0);
  EXPECT_EQ(bench.count(Kind::allocation_deleted), 2u);
}

// PROTOCOL AB12, AB4; BUGS P16
TEST(TurnServerMemory, is_bounded_and_forgets_the_oldest_first) {
  ServerConfig with = config();
  with.max_remembered_requests = 40;
  Recorded bench(with);
  const Buffer first = bench.refreshing(600);
  EXPECT_EQ(bench.alice.answer_to(first).code(), 0);
  Buffer latest;
  for (int i = 0; i < 100; ++i) {
    latest = bench.refreshing(1000 + i);
    EXPECT_EQ(bench.alice.answer_to(latest).lifetime(), 1000 + i);
  }
  EXPECT_EQ(bench.alice.answer_to(latest).lifetime(), 1099);
  EXPECT_EQ(bench.server.counters().repeated, 1u);
  EXPECT_EQ(bench.alice.answer_to(first).lifetime(), 600);  // forgotten: it counts again
  EXPECT_EQ(bench.server.counters().repeated, 1u);
}

// PROTOCOL AB12
TEST(TurnServerMemory, leaves_copies_of_permissions_and_channels_to_do_what_they_did) {
  Recorded bench;
  const Buffer permit = bench.sign(Method::create_permission, to_peers({peer}));
  const Buffer bind = bench.sign(Method::channel_bind, channel(0x4000, stranger));
  for (const Buffer& request : {permit, bind}) {
    EXPECT_EQ(bench.alice.answer_to(request).code(), 0);
    EXPECT_EQ(bench.alice.answer_to(request).code(), 0);
  }
  EXPECT_EQ(bench.server.allocations().at(0).permissions.size(), 2u);
  EXPECT_EQ(bench.server.allocations().at(0).channels.size(), 1u);
}

}  // namespace
}  // namespace tickover::turn::bench
