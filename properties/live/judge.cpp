#include "sim/live/judge.h"

#include "properties/live/turn_bench.h"

namespace tickover::sim::live {
namespace {

const RoleRegistry& roles() {
  static const RoleRegistry registry = RoleRegistry::built_in();
  return registry;
}

class LiveJudge : public testing::Test {
 protected:
  Loop loop;
  bool until(const std::function<bool()>& done) { return loop.run_until(done, patience); }
};

// BUGS P1, P14, P18
TEST_F(LiveJudge, finds_nothing_in_what_our_client_and_relay_say) {
  Relay relay(loop, any_v4);
  Judge over_relay("turn-server", {relay.address}, roles());
  relay.driver.observe(over_relay);
  Judge over_client("turn-client", {}, roles());
  {
    Client alice(loop, relay.address, {"alice", "s3cret"});
    alice.driver.observe(over_client);
    Client bob(loop, relay.address, {"bob", "hunter2"});
    ASSERT_TRUE(until([&] { return alice.notices.relayed && bob.notices.relayed; }));
    alice.driver.command(ReachCommand{*bob.notices.relayed});
    bob.driver.command(ReachCommand{*alice.notices.relayed});
    ASSERT_TRUE(until([&] { return alice.notices.is_ready && bob.notices.is_ready; }));
    EXPECT_TRUE(alice.send(*bob.notices.relayed, "hello"));
    ASSERT_TRUE(until([&] { return !bob.notices.heard.empty(); }));
    alice.driver.command(CloseCommand{});
    bob.driver.command(CloseCommand{});
    EXPECT_TRUE(until([&] { return relay.server().allocation_count() == 0; }));
  }
  EXPECT_EQ(over_relay.complaint(), "");
  EXPECT_EQ(over_client.complaint(), "");
  for (const Judge* judge : {&over_relay, &over_client}) {
    EXPECT_NE(judge->text().substr(0, 2), "0 ") << judge->text();
    EXPECT_TRUE(judge->text().ends_with(" judgements by 3 oracles")) << judge->text();
  }
}

// BUGS P18
TEST_F(LiveJudge, sees_a_datagram_that_no_sender_should_send) {
  Judge judge("turn-client", {}, roles());
  Station liar(loop, {.name = "liar", .observers = {&judge}});
  const Endpoint here = liar.open(any_v4);
  EXPECT_EQ(judge.complaint(), "");
  liar.send({.local = here, .remote = here}, "this is neither");
  EXPECT_EQ(judge.complaint().substr(0, 12), "BROKEN wire:") << judge.complaint();
}

// BUGS P14
TEST_F(LiveJudge, sees_an_answer_that_nobody_asked_for) {
  Station liar(loop, {.name = "liar"});
  const Endpoint here = liar.open(any_v4);
  Judge judge("turn-server", {here}, roles());
  liar.driver.observe(judge);
  std::string answer("\x01\x08\x00\x00\x21\x12\xa4\x42", 8);  // CreatePermission
  answer += "twelve bytes";
  const Endpoint other = liar.open(any_v4);
  liar.send({.local = other, .remote = other}, answer);  // what peers hear is not the server's
  EXPECT_EQ(judge.complaint(), "");
  liar.send({.local = here, .remote = other}, answer);
  EXPECT_EQ(judge.complaint().substr(0, 11), "BROKEN P14:") << judge.complaint();
}

// BUGS P1
TEST_F(LiveJudge, sees_a_deadline_that_has_passed) {
  Judge judge("turn-client", {}, roles());
  Station liar(loop, {.name = "liar", .observers = {&judge}});
  liar.change([&](Recorder& r) { r.wake_at = Instant(); });
  EXPECT_EQ(judge.complaint().substr(0, 10), "BROKEN P1:") << judge.complaint();
}

}  // namespace
}  // namespace tickover::sim::live
