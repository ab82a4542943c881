// What a client makes of each error that its relay may answer, and how long it then keeps quiet.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/turn_client/bench.h"

namespace tickover::properties {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

/// A client whose Allocate was answered with this error at time 0.
Bench refused_with(int code) {
  Bench bench;
  bench.challenge(bench.take_one());
  bench.refuse(bench.take_one(), code);
  return bench;
}

// PROTOCOL C6, C9, 1.19/420, 1.19/440, 1.19/441, 1.19/442
TEST(TurnClientRefusals, that_time_does_not_cure_are_not_asked_for_again_for_long) {
  for (const int code : {300, 400, 403, 405, 420, 440, 441, 442, 443, 499}) {
    Bench bench = refused_with(code);
    bench.run_until(after(5min));
    EXPECT_EQ(bench.count(Method::allocate), 2u) << code;
    EXPECT_THAT(bench.take_events(), SizeIs(1)) << code;
  }
}

// PROTOCOL C8, 1.19/486, 1.19/508
TEST(TurnClientRefusals, for_lack_of_room_are_followed_by_a_minute_without_a_packet) {
  for (const int code : {486, 508}) {
    Bench bench = refused_with(code);
    bench.run_until(after(60s - Duration::nanoseconds(1)));
    EXPECT_THAT(bench.log, SizeIs(2)) << code;
    bench.run_until(after(76s));
    EXPECT_THAT(bench.log, SizeIs(testing::Gt(2u))) << code;
  }
}

// PROTOCOL T17, 1.19/500
TEST(TurnClientRefusals, of_a_server_error_let_an_allocate_be_made_four_times_more) {
  Bench bench = refused_with(500);
  for (int i = 1; i <= 4; ++i) {
    EXPECT_THAT(bench.take(), IsEmpty());
    bench.run_until(after(Duration(5s) * i));
    const Sent again = bench.take_one();
    EXPECT_TRUE(again.is(Method::allocate) && again.view().has_integrity());
    EXPECT_EQ(again.local.port, 40000);
    bench.refuse(again, 500);
  }
  EXPECT_THAT(bench.take_events(), ElementsAre("failed server error 500"));
  bench.run_until(after(80s));
  EXPECT_THAT(bench.take(), IsEmpty());
}

// PROTOCOL T17
TEST(TurnClientRefusals, of_a_server_error_may_end_well) {
  Bench bench = refused_with(500);
  bench.run_until(after(5s));
  bench.accept(bench.take_one());
  EXPECT_THAT(bench.take_events(), ElementsAre("added 192.0.2.1:50000"));
}

/// How often a request for a peer is made against a relay that always answers it with this error.
std::size_t attempts_for_a_peer(Method method, int code, Duration pause) {
  Bench bench;
  bench.allocate();
  if (method == Method::channel_bind) {
    EXPECT_TRUE(bench.client.bind_channel(bob, bench.now));
  } else {
    EXPECT_TRUE(bench.client.create_permission(bob, bench.now));
  }
  bench.drain();
  while (bench.now < after(20min)) {
    for (const Sent& sent : bench.take()) {
      if (sent.is(method)) {
        bench.refuse(sent, code);
      } else {
        bench.accept(sent);
      }
    }
    bench.run_for(500ms);
  }
  const auto times = bench.times(method);
  for (std::size_t i = 1; i < times.size(); ++i) EXPECT_GE(times[i] - times[i - 1], pause);
  EXPECT_THAT(bench.take_events(),
              ElementsAre("refused 203.0.113.5:7000: " + std::to_string(code)));
  return times.size();
}

// PROTOCOL T17, 1.19/500; BUGS P5
TEST(TurnClientRefusals, of_a_server_error_let_a_peer_be_asked_for_four_times_more) {
  EXPECT_EQ(attempts_for_a_peer(Method::channel_bind, 500, 5s), 5u);
  EXPECT_EQ(attempts_for_a_peer(Method::create_permission, 500, 5s), 5u);
}

// PROTOCOL T17, C8, 1.19/508
TEST(TurnClientRefusals, for_lack_of_room_let_a_peer_wait_a_minute_each_time) {
  EXPECT_EQ(attempts_for_a_peer(Method::channel_bind, 508, 60s), 5u);
  EXPECT_EQ(attempts_for_a_peer(Method::create_permission, 508, 60s), 5u);
}

// PROTOCOL T17
TEST(TurnClientRefusals, without_a_code_are_final) {
  EXPECT_EQ(attempts_for_a_peer(Method::channel_bind, 0, 0s), 1u);
  EXPECT_EQ(attempts_for_a_peer(Method::create_permission, 0, 0s), 1u);
}

// PROTOCOL T17, 1.19/500
TEST(TurnClientRefusals, of_a_server_error_let_a_refresh_be_made_four_times_more) {
  Bench bench;
  bench.allocate();
  bench.run_until(after(25s));
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(bench.client.allocation()) << i;
    bench.refuse(bench.take_one(), 500);
    bench.run_for(i < 4 ? 5s : 0s);
  }
  EXPECT_THAT(bench.take_events(), ElementsAre("removed 192.0.2.1:50000: refresh refused"));
}

// PROTOCOL F2, F6
TEST(TurnClientRefusals, of_a_deletion_count_as_done) {
  Bench bench;
  bench.allocate();
  bench.client.close(bench.now);
  bench.drain();
  const Sent release = bench.take_one();
  bench.refuse(release, 437);
  EXPECT_THAT(bench.closed_sockets, ElementsAre(CloseSocket{release.local}));
  EXPECT_FALSE(bench.client.poll_timeout());
}

// PROTOCOL H6; BUGS P5, P6
TEST(TurnClientRefusals, of_one_channel_on_each_allocation_cost_its_peer_and_nobody_else) {
  Bench bench;
  bench.allocate();
  bench.bind(carol);
  EXPECT_TRUE(bench.client.bind_channel(bob, bench.now));
  bench.drain();
  while (bench.now < after(20min)) {
    for (const Sent& sent : bench.take()) {
      const bool is_probe = sent.is(Method::allocate) && !sent.view().has_integrity();
      if (sent.is(Method::channel_bind) &&
          sent.view().xor_address(AttributeType::xor_peer_address) == bob.endpoint) {
        bench.refuse(sent, 400);
      } else if (is_probe) {
        bench.challenge(sent);
      } else {
        bench.accept(sent);
      }
    }
    bench.run_for(500ms);
  }
  EXPECT_THAT(bench.take_events(),
              ElementsAre("removed 192.0.2.1:50000: channel conflict", "added 192.0.2.1:50000",
                          "refused 203.0.113.5:7000: 400", "bound 203.0.113.6:7000"));
  EXPECT_TRUE(bench.client.channel(carol, bench.now));
}

// PROTOCOL F1, AB23; BUG A05(b)
TEST(TurnClientLifetimes, of_any_length_are_renewed_at_half_of_what_is_trusted) {
  ClientConfig c = config();
  c.keep_alive = 24h;
  for (const std::uint32_t seconds : {1u, 2u, 119u, 120u, 600u, 3600u, 0xFFFFFFFFu}) {
    Bench bench(c);
    const Duration lifetime = std::chrono::seconds(seconds);
    const Duration half = std::min(lifetime, Duration(1h)) / 2;
    bench.allocate(lifetime);
    EXPECT_EQ(bench.client.allocation()->expires_at, after(lifetime));
    bench.run_until(after(half - Duration::nanoseconds(1)));
    EXPECT_THAT(bench.take(), IsEmpty()) << seconds;
    bench.run_until(after(half));
    bench.accept(bench.take_one(), lifetime);
    EXPECT_EQ(bench.client.allocation()->expires_at, after(half + lifetime)) << seconds;
  }
}

// PROTOCOL F1; BUGS P7, P8
TEST(TurnClientLifetimes, of_which_a_late_answer_took_most_are_renewed_within_the_rest) {
  Bench bench;
  bench.challenge(bench.take_one());
  bench.run_until(after(6s));
  bench.accept(bench.take().front(), 8s);
  EXPECT_EQ(bench.client.allocation()->expires_at, after(8s));
  bench.run_until(after(7s));
  bench.accept(bench.take_one(), 8s);
  EXPECT_EQ(bench.client.allocation()->expires_at, after(15s));
}

}  // namespace
}  // namespace tickover::properties
