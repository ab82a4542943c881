// libre's TURN client, which nobody here wrote either, with `tickover relay`.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "properties/interop/connecting.h"
#include "properties/interop/programs.h"
#include "properties/interop/servers.h"

namespace tickover::interop {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Said {
  int exit = -1;
  std::string output;
};

Said libre(std::string_view server, std::string_view port, std::string_view password,
           std::chrono::milliseconds lasting) {
  Said said;
  if (std::string_view(TICKOVER_LIBRE_CLIENT).empty()) {
    ADD_FAILURE() << "libre-dev is not installed: run ci/setup, then configure again";
    return said;
  }
  said.exit = run_to_end({TICKOVER_LIBRE_CLIENT, std::string(server), std::string(port), "alice",
                          std::string(password), std::to_string(lasting.count())},
                         said.output);
  return said;
}

/// What it gave back, the relay forgot at once.
void expect_nothing_left(Relay& relay) {
  relay.process().signal(SIGTERM);
  EXPECT_EQ(relay.process().wait(20s), 0);
  EXPECT_THAT(relay.process().output(), HasSubstr("1 allocations made, 0 left"));
}

// Without a Refresh at 3 s and at 6 s it would have nothing any more at 4 s.
// PROTOCOL R7, PM1, H1
TEST(Libre, talks_through_our_relay_and_refreshes_its_allocation) {
  Relay relay({"--default-lifetime", "4s", "--max-lifetime", "4s", "--judge"});
  ASSERT_TRUE(relay.is_ready()) << relay.process().output();
  const Said said = libre("127.0.0.1", std::to_string(relay.port()), alice_password, 7s);
  EXPECT_EQ(said.exit, 0) << said.output;
  EXPECT_THAT(said.output, HasSubstr("permission installed"));
  EXPECT_THAT(said.output, HasSubstr("channel bound"));
  EXPECT_THAT(said.output, HasSubstr(" 0 strange"));
  expect_nothing_left(relay);
}

// Each of its Refreshes, and its ChannelBind, comes with a nonce that is too old.
// PROTOCOL A25
TEST(Libre, takes_up_a_new_nonce_of_our_relay) {
  Relay relay(
      {"--default-lifetime", "4s", "--max-lifetime", "4s", "--nonce-lifetime", "1s", "--json"});
  ASSERT_TRUE(relay.is_ready()) << relay.process().output();
  const Said said = libre("127.0.0.1", std::to_string(relay.port()), alice_password, 5s);
  EXPECT_EQ(said.exit, 0) << said.output;
  relay.process().signal(SIGTERM);
  EXPECT_EQ(relay.process().wait(20s), 0);
  const Connected told{.exit = 0, .output = relay.process().output()};
  // The first challenge, then the ChannelBind and the Refresh whose nonces were stale.
  EXPECT_GE(told.number("error-responses"), 3) << told.output;
  EXPECT_EQ(told.number("without-allocation"), 0) << told.output;
}

// PROTOCOL R7
TEST(Libre, gets_an_ipv4_address_over_ipv6_if_it_asks_for_none) {
  Relay relay({"--listen", "[::1]:0", "--judge"});
  ASSERT_TRUE(relay.is_ready()) << relay.process().output();
  const Said said = libre("::1", relay.port_at("[::1]"), alice_password, 2s);
  EXPECT_EQ(said.exit, 0) << said.output;
  EXPECT_THAT(said.output, HasSubstr("allocated 127.0.0.1:"));
  EXPECT_THAT(said.output, HasSubstr("seen as [::1]:"));
  expect_nothing_left(relay);
}

TEST(Libre, is_refused_with_a_wrong_password) {
  Relay relay;
  ASSERT_TRUE(relay.is_ready()) << relay.process().output();
  const Said said = libre("127.0.0.1", std::to_string(relay.port()), "guess", 1s);
  EXPECT_EQ(said.exit, 1) << said.output;
  EXPECT_THAT(said.output, HasSubstr("the relay says 401"));
}

}  // namespace
}  // namespace tickover::interop
