// What happens to live machines when somebody sets the wall clock.
#include "core/turn/rest_credentials.h"
#include "properties/live/turn_bench.h"

namespace tickover::sim::live {
namespace {

constexpr Duration hour = std::chrono::hours(1);

class LiveWallClock : public testing::Test {
 protected:
  bool until(const std::function<bool()>& done) { return loop.run_until(done, patience); }
  Loop loop;
};

TEST_F(LiveWallClock, is_told_when_it_jumps_and_the_other_clock_goes_on) {
  Station alice(loop, {.name = "alice"});
  ASSERT_EQ(alice.recorder().wall_clocks.size(), 1u);
  const WallTime before = alice.recorder().wall_clocks[0];
  const Instant then = loop.now();
  loop.set_wall_clock_ahead(hour);
  ASSERT_TRUE(until([&] { return alice.recorder().wall_clocks.size() > 1; }));
  EXPECT_GE(alice.recorder().wall_clocks[1].since_epoch() - before.since_epoch(), hour);
  EXPECT_LT(loop.now() - then, patience);

  loop.set_wall_clock_ahead(Duration{} - hour);  // and back, further than it was
  ASSERT_TRUE(until([&] { return alice.recorder().wall_clocks.size() > 2; }));
  EXPECT_LT(alice.recorder().wall_clocks[2].since_epoch(), before.since_epoch());
  EXPECT_TRUE(std::ranges::is_sorted(alice.recorder().times));
}

// The monotonic clock alone must not decide until when a user is valid.
// BUGS G11
TEST_F(LiveWallClock, decides_until_when_a_dated_user_is_valid) {
  const std::int64_t now = loop.wall_clock().since_epoch() / Duration(std::chrono::seconds(1));
  const std::string name = std::to_string(now + 1800) + ":alice";
  const auto password = turn::rest_password(stun::IntegrityKey::raw(as_bytes("north")), name);
  const turn::User user{name, std::string(password.begin(), password.end())};

  Driver relay(loop, AnyMachine(), {.name = "relay"});
  const Endpoint address = relay.reserve(any_v4).value();
  turn::ServerConfig config{.listen = {address},
                            .relay_addresses = {address.ip},
                            .realm = "example.org",
                            .rest_secret = "north"};
  relay.become(AnyMachine(TurnServer(config, secure_random(), loop.now())));
  relay.start();

  const auto is_served = [&] {
    Client client(loop, address, user);
    EXPECT_TRUE(until([&] { return client.notices.relayed || client.notices.failures > 0; }));
    return client.notices.relayed.has_value();
  };
  const auto settle = [&] { return loop.run_until([] { return false; }, 2500ms); };
  EXPECT_TRUE(is_served());
  loop.set_wall_clock_ahead(hour);
  settle();  // the clock is looked at every two seconds
  EXPECT_FALSE(is_served());
  loop.set_wall_clock_ahead(Duration{});
  settle();
  EXPECT_TRUE(is_served());
}

}  // namespace
}  // namespace tickover::sim::live
