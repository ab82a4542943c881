#include "properties/turn_server/allocating.h"

namespace tickover::turn::bench {
namespace {

TEST(TurnServerDraining, refuses_who_is_new_and_keeps_whom_it_has) {
  Bench bench;
  const Client alice(bench, alice_at);
  const Client bob(bench, bob_at, bobs);
  alice.allocate();
  bench.server.stop_allocating();

  EXPECT_EQ(bob.ask(Method::allocate, over_udp).code(), 508);
  EXPECT_EQ(alice.ask(Method::refresh, lasting(900)).lifetime(), 900);
  EXPECT_EQ(alice.permit(peer), 0);
  EXPECT_EQ(alice.send(peer, "hello").size(), 1u);
}

TEST(TurnServerDraining, takes_no_reserved_port_either) {
  Bench bench;
  const Client alice(bench, alice_at);
  const Answer even = alice.ask(Method::allocate, even_port(true));
  const auto token = even.view().reservation_token();
  ASSERT_TRUE(token);
  bench.server.stop_allocating();

  Client again(bench, bob_at);
  EXPECT_EQ(again.ask(Method::allocate, holding(*token)).code(), 508);
}

TEST(TurnServerDraining, answers_a_copy_of_an_allocate_as_before) {
  Bench bench;
  const Client alice(bench, alice_at);
  const Buffer request = alice.request(Method::allocate, over_udp);
  const Answer first = alice.answer_to(request);
  bench.server.stop_allocating();

  EXPECT_EQ(alice.answer_to(request).sent, first.sent);
}

}  // namespace
}  // namespace tickover::turn::bench
