// What is left of an allocation that is gone: nothing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/turn_client/bench.h"

namespace tickover::properties {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// BUG C25(b); BUGS P10
TEST(TurnClient, stops_asking_on_behalf_of_an_allocation_that_is_gone) {
  Bench bench;
  bench.allocate(40s);
  EXPECT_TRUE(bench.client.bind_channel(bob, bench.now));
  EXPECT_TRUE(bench.client.create_permission(carol, bench.now));
  bench.run_until(after(20s));
  std::vector<Sent> open;
  for (const Sent& sent : bench.take()) {
    if (sent.is(Method::refresh)) bench.refuse(sent, 437);
    open.push_back(sent);
  }
  EXPECT_THAT(bench.take_events(),
              testing::Contains("removed 192.0.2.1:50000: forgotten by the relay"));
  bench.take();
  bench.opens_sockets = false;
  bench.run_for(2min);
  for (const Sent& sent : bench.take()) {
    ADD_FAILURE() << "sent from the old socket at " << (sent.at - Instant()).count();
  }
  // Late answers find nobody.
  for (const Sent& sent : open) bench.accept(sent);
  EXPECT_THAT(bench.take_events(), testing::Each(testing::StartsWith("failed")));
}

/// A client whose signed Allocate is out, or even answered by 437 and evicting.
Bench with_an_allocate_out(bool evicts) {
  Bench bench;
  bench.challenge(bench.take_one());
  if (!evicts) return bench;
  bench.challenge(bench.take_one(), 438, "n2");
  bench.refuse(bench.take_one(), 437);
  return bench;
}

// PROTOCOL F2; BUGS P10
TEST(TurnClient, gives_back_what_an_allocate_without_an_answer_may_have_made) {
  for (const bool evicts : {false, true}) {
    for (const bool restarts : {false, true}) {
      Bench bench = with_an_allocate_out(evicts);
      const Sent out = bench.take_one();
      if (restarts) {
        bench.client.restart(bench.now);
      } else {
        bench.client.close(bench.now);
      }
      bench.drain();
      const auto sent = bench.take();
      ASSERT_EQ(sent.size(), restarts ? 2u : 1u);
      EXPECT_EQ(sent[0].local, out.local);
      EXPECT_TRUE(sent[0].is(Method::refresh));
      EXPECT_EQ(sent[0].lifetime(), Duration{});
      bench.accept(out);  // which is nobody's any more
      EXPECT_FALSE(bench.client.allocation());
      EXPECT_THAT(bench.closed_sockets, IsEmpty());
      bench.accept(sent[0]);
      EXPECT_THAT(bench.closed_sockets, ElementsAre(CloseSocket{out.local}));
    }
  }
}

// PROTOCOL C2, F2, A19; BUGS P6
TEST(TurnClient, allocates_from_another_socket_if_an_earlier_copy_may_have_made_something) {
  Bench bench;
  bench.challenge(bench.take_one());
  const Sent first = bench.take_one();
  bench.run_until(after(500ms));
  bench.challenge(bench.take_one(), 438, "n2");  // the copy came from another address
  const auto sent = bench.take();
  ASSERT_THAT(sent, testing::SizeIs(2));
  EXPECT_EQ(sent[0].local, first.local);
  EXPECT_EQ(sent[0].lifetime(), Duration{});
  EXPECT_EQ(sent[0].view().text(AttributeType::nonce), "n2");
  EXPECT_NE(sent[1].local, first.local);
  EXPECT_FALSE(sent[1].view().has_integrity());
  bench.challenge(sent[1]);
  bench.accept(bench.take_one());
  EXPECT_THAT(bench.take_events(), ElementsAre("added 192.0.2.1:50000"));
}

// PROTOCOL A19, AB17; BUGS P5
TEST(TurnClient, goes_through_three_sockets_if_each_second_copy_meets_a_stale_nonce) {
  Bench bench;
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(bench.take_events(), IsEmpty());
    const auto probes = bench.take();
    ASSERT_FALSE(probes.empty());
    bench.challenge(probes.back());
    bench.take();
    bench.run_for(500ms);
    for (const Sent& sent : bench.take()) {
      if (sent.is(Method::allocate)) bench.challenge(sent, 438, "n2");
    }
  }
  EXPECT_THAT(bench.take_events(), ElementsAre("failed every nonce is stale 438"));
}

// PROTOCOL F2
TEST(TurnClient, has_nothing_to_give_back_before_it_signed_an_allocate) {
  Bench bench;
  const Sent probe = bench.take_one();
  bench.client.close(bench.now);
  bench.drain();
  EXPECT_THAT(bench.take(), IsEmpty());
  EXPECT_THAT(bench.closed_sockets, ElementsAre(CloseSocket{probe.local}));
}

}  // namespace
}  // namespace tickover::properties
