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

}  // namespace
}  // namespace tickover::properties
