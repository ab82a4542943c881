// Clients that nobody here wrote with `tickover relay`.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "properties/interop/connecting.h"
#include "properties/interop/programs.h"
#include "properties/interop/servers.h"
#include "properties/interop/talk.h"
#include "properties/interop/udp.h"

namespace tickover::interop {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// turnutils_uclient as alice, with these options.
std::string uclient(const Relay& relay, std::vector<std::string> options, int& exit,
                    std::string_view server = "127.0.0.1") {
  std::vector<std::string> command{"turnutils_uclient",
                                   "-u",
                                   "alice",
                                   "-w",
                                   std::string(alice_password),
                                   "-p",
                                   std::to_string(relay.port()),
                                   "-L",
                                   std::string(server)};
  command.insert(command.end(), options.begin(), options.end());
  command.emplace_back(server);
  std::string output;
  exit = run_to_end(command, output, 120s);
  return output;
}

void expect_no_loss(const std::string& output, int exit, int messages) {
  EXPECT_EQ(exit, 0) << output;
  EXPECT_THAT(output, HasSubstr(fmt::format("start_mclient: tot_send_msgs={0}, tot_recv_msgs={0}\n",
                                            messages)))
      << "at the end, not on the way";
  EXPECT_THAT(output, HasSubstr("Total lost packets 0"));
}

// PROTOCOL H1, H8, PM1
TEST(OurRelay, serves_coturns_client_by_send_and_data) {
  Relay relay;
  ASSERT_TRUE(relay.is_ready()) << relay.process().output();
  int exit = -1;
  const std::string output = uclient(relay, {"-y", "-s", "-n", "500", "-m", "4", "-z", "2"}, exit);
  expect_no_loss(output, exit, 4 * 500);
}

// PROTOCOL H1, H8, PM1
TEST(OurRelay, loses_none_of_thousands_of_messages_of_twenty_clients) {
  Relay relay({"--legacy-channels"});
  ASSERT_TRUE(relay.is_ready()) << relay.process().output();
  for (const std::vector<std::string>& how :
       {std::vector<std::string>{"-y", "-s"}, std::vector<std::string>{"-y"}}) {
    std::vector<std::string> options = how;
    options.insert(options.end(), {"-m", "20", "-n", "200", "-z", "10"});
    int exit = -1;
    const std::string output = uclient(relay, options, exit);
    expect_no_loss(output, exit, 20 * 200);
  }
}

// PROTOCOL A25
TEST(OurRelay, tells_coturns_client_that_its_nonce_is_stale) {
  Relay relay({"--nonce-lifetime", "1s", "--legacy-channels", "--json"});
  ASSERT_TRUE(relay.is_ready()) << relay.process().output();
  int exit = -1;
  const std::string output = uclient(relay, {"-y", "-n", "300", "-m", "4", "-z", "20"}, exit);
  expect_no_loss(output, exit, 4 * 300);
  relay.process().signal(SIGTERM);
  EXPECT_EQ(relay.process().wait(20s), 0);
  const Connected told{.exit = 0, .output = relay.process().output()};
  // Each was challenged once; the others are nonces that were stale.
  EXPECT_GT(told.number("error-responses"), told.number("allocations")) << told.output;
}

// PROTOCOL W10, H1, H8
TEST(OurRelay, serves_coturns_client_by_channels_of_old_numbers) {
  Relay relay({"--legacy-channels"});
  ASSERT_TRUE(relay.is_ready()) << relay.process().output();
  int exit = -1;
  const std::string output = uclient(relay, {"-y", "-n", "500", "-m", "4", "-z", "2"}, exit);
  expect_no_loss(output, exit, 4 * 500);
}

// PROTOCOL H1, R8
TEST(OurRelay, serves_coturns_client_and_its_peer) {
  Relay relay({"--legacy-channels"});
  ASSERT_TRUE(relay.is_ready()) << relay.process().output();
  const std::uint16_t port = free_port();
  Process peer({"turnutils_peer", "-L", "127.0.0.1", "-p", std::to_string(port)});
  for (const char* how : {"-s", "-g"}) {
    int exit = -1;
    const std::string output = uclient(
        relay, {"-e", "127.0.0.1", "-r", std::to_string(port), "-n", "200", "-z", "5", "-c", how},
        exit);
    expect_no_loss(output, exit, 200);
  }
}

// PROTOCOL H1, H8
TEST(OurRelay, loses_nothing_of_a_hundred_busy_clients) {
  Relay relay({"--max-bytes-per-second-per-user", "0"});
  ASSERT_TRUE(relay.is_ready()) << relay.process().output();
  std::string output;
  const int exit =
      run_to_end({TICKOVER_LOAD, relay.address().text(), "100", "1", "500", "2000"}, output, 120s);
  EXPECT_EQ(exit, 0) << output;
  unsigned long long sent = 0, back = 0;
  EXPECT_EQ(std::sscanf(output.c_str(), "{\"sent\":%llu,\"back\":%llu", &sent, &back), 2) << output;
  EXPECT_GT(sent, 2000u);
  EXPECT_EQ(back, sent);
}

// PROTOCOL U1
TEST(OurRelay, serves_coturns_client_on_ipv6) {
  Relay relay({"--listen", fmt::format("[::1]:{}", 0), "--legacy-channels"});
  ASSERT_TRUE(relay.is_ready()) << relay.process().output();
  std::string output;
  const int exit = run_to_end({"turnutils_uclient", "-u", "alice", "-w",
                               std::string(alice_password), "-p", relay.port_at("[::1]"), "-L",
                               "::1", "-x", "-y", "-c", "-n", "100", "-m", "2", "-z", "2", "::1"},
                              output, 120s);
  expect_no_loss(output, exit, 200);
}

// PROTOCOL A17
TEST(OurRelay, refuses_a_wrong_password) {
  Relay relay({"--json"});
  ASSERT_TRUE(relay.is_ready()) << relay.process().output();
  std::string output;
  const int exit = run_to_end({"turnutils_uclient", "-v", "-u", "alice", "-w", "guess", "-p",
                               std::to_string(relay.port()), "-y", "-s", "-n", "1", "127.0.0.1"},
                              output, 60s);
  EXPECT_NE(exit, 0) << output;
  EXPECT_THAT(output, HasSubstr("allocate response received"));  // and not silence
  EXPECT_THAT(output, HasSubstr("Cannot complete Allocation"));
  {
    Talk talk(relay.address());
    EXPECT_EQ(talk.put({.method = 3, .transport = 17}).code, 401);
    EXPECT_EQ(talk.put({.method = 3, .auth = Auth::wrong_password, .transport = 17}).code, 401);
    EXPECT_TRUE(talk.put({.method = 3, .auth = Auth::good, .transport = 17}).succeeded);
  }
  relay.process().signal(SIGTERM);
  EXPECT_EQ(relay.process().wait(20s), 0);
  const Connected told{.exit = 0, .output = relay.process().output()};
  EXPECT_EQ(told.number("allocations"), 1) << told.output;
}

// PROTOCOL K1, K3
TEST(OurRelay, answers_a_binding_and_no_classic_one) {
  Relay relay;
  ASSERT_TRUE(relay.is_ready()) << relay.process().output();
  std::string output;
  EXPECT_EQ(run_to_end({"turnutils_stunclient", "-p", std::to_string(relay.port()), "127.0.0.1"},
                       output, 20s),
            0);
  EXPECT_THAT(output, HasSubstr("UDP reflexive addr: 127.0.0.1:"));
  // It waits for an answer for ever.
  Process classic({"stun", fmt::format("127.0.0.1:{}", relay.port()), "1", "-v"});
  EXPECT_EQ(classic.wait(5s), -1);
  EXPECT_THAT(classic.output(), testing::Not(HasSubstr("Received message of type 257")));
}

// PROTOCOL AB1, AB2, K1
TEST(OurRelay, still_serves_after_a_flood_of_anything) {
  Relay relay({"--json"});
  ASSERT_TRUE(relay.is_ready()) << relay.process().output();
  Buffer bytes(1200);
  std::uint64_t word = 1;
  for (int port = 0; port < 200; ++port) {
    const Udp stranger;
    for (int i = 0; i < 100; ++i) {
      for (std::uint8_t& byte : bytes) {
        word = word * 6364136223846793005u + 1442695040888963407u;
        byte = static_cast<std::uint8_t>(word >> 56);
      }
      if (i % 2 == 0) {  // an Allocate request without credentials
        const Buffer head{0x00, 0x03, 0, 8, 0x21, 0x12, 0xA4, 0x42};
        std::copy(head.begin(), head.end(), bytes.begin());
        const Buffer transport{0x00, 0x19, 0, 4, 17, 0, 0, 0};
        std::copy(transport.begin(), transport.end(), bytes.begin() + 20);
        stranger.send(relay.address(), Bytes(bytes).first(28));
      } else {
        stranger.send(relay.address(), Bytes(bytes).first(static_cast<std::size_t>(i) * 12));
      }
    }
  }
  int exit = -1;
  const std::string output = uclient(relay, {"-y", "-s", "-n", "50", "-m", "4", "-z", "5"}, exit);
  expect_no_loss(output, exit, 4 * 50);
  relay.process().signal(SIGTERM);
  EXPECT_EQ(relay.process().wait(20s), 0);
  EXPECT_THAT(relay.process().output(), HasSubstr("malformed"));
}

}  // namespace
}  // namespace tickover::interop
