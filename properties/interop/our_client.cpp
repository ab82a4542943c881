// `tickover connect` with coturn, which nobody here wrote.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <deque>
#include <thread>

#include "properties/interop/connecting.h"
#include "properties/interop/servers.h"
#include "properties/interop/udp.h"

namespace tickover::interop {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// All of them at once, because each takes real time.
std::vector<Connected> connect_all(const Endpoint& server,
                                   const std::vector<std::vector<std::string>>& ways) {
  std::deque<Process> processes;
  for (const auto& way : ways) processes.emplace_back(connect_command(server, way));
  std::vector<Connected> results;
  for (Process& process : processes) results.push_back(result_of(process));
  return results;
}

// PROTOCOL C1, H1, H4, PM1
TEST(OurClient, keeps_its_data_intact_through_coturn) {
  Coturn coturn;
  ASSERT_TRUE(coturn.is_ready()) << coturn.log();
  std::vector<std::vector<std::string>> ways;
  for (const char* use : {"channels", "permissions"}) {
    for (const char* size : {"24", "25", "1000", "1400"}) {
      ways.push_back({"--echo", "--for", "3s", "--rate", "50", "--use", use, "--size", size});
    }
  }
  for (const Connected& result : connect_all(coturn.address(), ways)) {
    EXPECT_EQ(result.exit, 0) << result.output;
    EXPECT_GT(result.number("sent"), 100) << result.output;
    EXPECT_EQ(result.number("received"), result.number("sent")) << result.output;
    EXPECT_EQ(result.number("missing"), 0) << result.output;
  }
  // The last one gave its allocation back, and coturn knows it.
  EXPECT_THAT(coturn.log(), HasSubstr("lifetime=0"));
}

// PROTOCOL F3, A19, C6
TEST(OurClient, lives_a_minute_on_lifetimes_of_seconds) {
  Coturn coturn({"--max-allocate-lifetime=8", "--channel-lifetime=6", "--permission-lifetime=3",
                 "--stale-nonce=3"});
  ASSERT_TRUE(coturn.is_ready()) << coturn.log();
  const auto results =
      connect_all(coturn.address(),
                  {{"--echo", "--for", "60s", "--rate", "50", "--lifetime", "1h",
                    "--channel-refresh", "2s", "--permission-refresh", "1s", "--keep-alive", "3s"},
                   {"--echo", "--for", "60s", "--rate", "50", "--lifetime", "1h", "--use",
                    "permissions", "--permission-refresh", "1s", "--keep-alive", "3s"}});
  for (const Connected& result : results) {
    EXPECT_EQ(result.exit, 0) << result.output;
    EXPECT_EQ(result.number("allocations"), 1) << result.output;
    EXPECT_EQ(result.number("losses"), 0) << result.output;
    EXPECT_EQ(result.number("missing"), 0) << result.output;
    EXPECT_GT(result.number("stale-nonces"), 5) << result.output;
    EXPECT_GT(result.number("refreshes"), 5) << result.output;
  }
}

// PROTOCOL A19, C6
TEST(OurClient, takes_up_a_new_nonce_whenever_its_own_is_stale) {
  Coturn coturn({"--stale-nonce=1"});
  ASSERT_TRUE(coturn.is_ready()) << coturn.log();
  const Connected result = connect(coturn.address(), {"--for", "9s", "--keep-alive", "2s"});
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_EQ(result.number("allocations"), 1) << result.output;
  EXPECT_EQ(result.number("losses"), 0) << result.output;
  EXPECT_GE(result.number("refreshes"), 3) << result.output;
  EXPECT_GE(result.number("stale-nonces"), 3) << result.output;
}

// PROTOCOL C7, C8; BUGS P9
TEST(OurClient, has_its_traffic_back_after_coturn_was_killed) {
  const std::uint16_t port = free_port();
  auto coturn = std::make_unique<Coturn>(std::vector<std::string>{}, port);
  ASSERT_TRUE(coturn->is_ready()) << coturn->log();
  Process client(connect_command(coturn->address(),
                                 {"--echo", "--for", "25s", "--rate", "20", "--keep-alive", "2s"}));
  std::this_thread::sleep_for(3s);
  coturn->process().signal(SIGKILL);
  coturn->process().wait();
  coturn.reset();
  std::this_thread::sleep_for(2s);
  Coturn again({}, port);
  ASSERT_TRUE(again.is_ready()) << again.log();
  const Connected result = result_of(client);
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_EQ(result.number("losses"), 1) << result.output;
  EXPECT_EQ(result.number("allocations"), 2) << result.output;
  EXPECT_GT(result.number("received"), 200) << result.output;
}

// PROTOCOL A17, A18
TEST(OurClient, says_that_its_password_is_wrong) {
  Coturn coturn;
  ASSERT_TRUE(coturn.is_ready()) << coturn.log();
  const Connected result = connect(coturn.address(), {"--password", "guess", "--for", "3s"});
  EXPECT_EQ(result.exit, 3) << result.output;
  EXPECT_EQ(result.text("last-failure"), "credentials refused");
  EXPECT_EQ(result.number("allocations"), 0);
}

// PROTOCOL C9, R10, R12
TEST(OurClient, gives_way_where_a_quota_or_the_ports_are_spent) {
  for (const std::vector<std::string>& limit :
       {std::vector<std::string>{"--user-quota=1"},
        std::vector<std::string>{"--min-port=56000", "--max-port=56000"}}) {
    Coturn coturn(limit);
    ASSERT_TRUE(coturn.is_ready()) << coturn.log();
    Process first(connect_command(coturn.address(), {"--for", "4s"}));
    std::this_thread::sleep_for(1s);
    const Connected second = connect(coturn.address(), {"--for", "2s"});
    EXPECT_EQ(second.exit, 3) << second.output;
    EXPECT_EQ(second.number("allocations"), 0) << second.output;
    EXPECT_GE(second.number("failures"), 1) << second.output;
    EXPECT_EQ(result_of(first).exit, 0) << first.output();
  }
}

// PROTOCOL X2, X3, W21
TEST(OurClient, follows_an_unsigned_redirect_only_if_told_so) {
  Coturn target;
  Coturn first({fmt::format("--alternate-server=127.0.0.1:{}", target.port())});
  ASSERT_TRUE(target.is_ready() && first.is_ready()) << first.log();
  const auto results = connect_all(
      first.address(),
      {{"--echo", "--for", "3s"}, {"--echo", "--for", "3s", "--follow-unsigned-redirect"}});
  EXPECT_EQ(results[0].exit, 3) << results[0].output;
  EXPECT_EQ(results[0].number("allocations"), 0) << results[0].output;
  EXPECT_EQ(results[1].exit, 0) << results[1].output;
  EXPECT_EQ(results[1].number("missing"), 0) << results[1].output;
}

// PROTOCOL W19, U2
TEST(OurClient, makes_do_with_one_family_of_a_relay_that_has_one) {
  Coturn coturn;
  ASSERT_TRUE(coturn.is_ready()) << coturn.log();
  const Connected result = connect(coturn.address(), {"--echo", "--for", "3s", "--family", "both"});
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_EQ(result.number("missing"), 0) << result.output;
}

// PROTOCOL T1, T2, W13
TEST(OurClient, asks_who_is_silent_seven_times_and_gives_up) {
  const Udp sink;
  Process client(connect_command(sink.local(), {"--for", "41s"}));
  std::vector<Buffer> copies;
  std::vector<std::chrono::steady_clock::time_point> times;
  while (const auto arrived = sink.receive(17s)) {
    if (!copies.empty() && arrived->second != copies.front()) break;  // the next attempt
    copies.push_back(arrived->second);
    times.push_back(std::chrono::steady_clock::now());
  }
  ASSERT_EQ(copies.size(), 7u);
  // Each wait is twice the one before; a busy machine may be late, by less than the first of them.
  for (std::size_t i = 1; i < times.size(); ++i) {
    const auto expected = 500ms * ((1 << i) - 1);
    const auto late = times[i] - times[0] - expected;
    EXPECT_LT(std::chrono::abs(late), 250ms) << i;
  }
  EXPECT_EQ(result_of(client).exit, 3);
}

}  // namespace
}  // namespace tickover::interop
