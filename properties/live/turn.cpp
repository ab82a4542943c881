#include <cstdio>

#include "properties/live/turn_bench.h"
#include "sim/live/log.h"

namespace tickover::sim::live {
namespace {

class LiveTurn : public testing::TestWithParam<int> {
 protected:
  Endpoint any() const { return GetParam() == 4 ? any_v4 : any_v6; }

  Loop loop;
  bool until(const std::function<bool()>& done) { return loop.run_until(done, patience); }
};
INSTANTIATE_TEST_SUITE_P(OverBothFamilies, LiveTurn, testing::Values(4, 6));

TEST_P(LiveTurn, carries_what_two_clients_say_and_ends_without_a_trace) {
  Relay relay(loop, any());
  Client alice(loop, relay.address, {"alice", "s3cret"});
  Client bob(loop, relay.address, {"bob", "hunter2"});
  ASSERT_TRUE(until([&] { return alice.notices.relayed && bob.notices.relayed; }));
  EXPECT_EQ(relay.server().allocation_count(), 2u);
  EXPECT_EQ(relay.driver.sockets().size(), 3u);

  alice.driver.command(ReachCommand{*bob.notices.relayed});
  bob.driver.command(ReachCommand{*alice.notices.relayed});
  ASSERT_TRUE(until([&] { return alice.notices.is_ready && bob.notices.is_ready; }));
  EXPECT_TRUE(alice.send(*bob.notices.relayed, "hello"));
  ASSERT_TRUE(until([&] { return !bob.notices.heard.empty(); }));
  EXPECT_TRUE(bob.send(*alice.notices.relayed, "and hello"));
  ASSERT_TRUE(until([&] { return !alice.notices.heard.empty(); }));
  EXPECT_EQ(bob.notices.heard, std::vector<std::string>{"hello"});
  EXPECT_EQ(alice.notices.heard, std::vector<std::string>{"and hello"});

  alice.driver.command(CloseCommand{});
  bob.driver.command(CloseCommand{});
  EXPECT_TRUE(until([&] { return alice.driver.is_idle() && bob.driver.is_idle(); }));
  EXPECT_EQ(relay.server().allocation_count(), 0u);
  EXPECT_EQ(relay.driver.sockets(), std::vector{relay.address});
  EXPECT_TRUE(relay.server().is_consistent());
}

// The system's first answer ends the attempt, 39.5 s before the request would be given up.
// PROTOCOL T7
TEST_P(LiveTurn, notices_at_once_that_no_relay_is_there) {
  const Endpoint gone = Relay(loop, any()).address;
  Client alice(loop, gone, {"alice", "s3cret"});
  EXPECT_TRUE(until([&] { return alice.notices.failures > 0; }));
  EXPECT_FALSE(alice.notices.relayed);
}

TEST_P(LiveTurn, is_written_down_like_a_simulated_run) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), &std::fclose);
  ASSERT_TRUE(file);
  LiveLog log(file.get());
  Relay relay(loop, any());
  relay.driver.observe(log);
  Client alice(loop, relay.address, {"alice", "s3cret"});
  alice.driver.observe(log);
  ASSERT_TRUE(until([&] { return alice.notices.relayed.has_value(); }));
  log.note(Weight::info, "that is all");
  EXPECT_TRUE(log.flush());

  std::string text(static_cast<std::size_t>(std::ftell(file.get())), '\0');
  std::rewind(file.get());
  ASSERT_EQ(std::fread(text.data(), 1, text.size(), file.get()), text.size());
  for (const std::string_view words :
       {"\"severity\":\"trace\",\"message\":\"alice sends Allocate request 1 to ",
        "\"message\":\"relay gets Allocate request 1 from ",
        "\"message\":\"relay sends Allocate error 1 to ", "\"message\":\"alice: allocated, ",
        "\"kind\":\"delivery\",\"host\":\"relay\"}", "\"kind\":\"delivery\",\"host\":\"alice\"}",
        "that is all"}) {
    EXPECT_NE(text.find(words), text.npos) << words << " is not in\n" << text;
  }
  EXPECT_EQ(text.find("s3cret"), text.npos);
}

}  // namespace
}  // namespace tickover::sim::live
