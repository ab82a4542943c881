// What our programs and coturn say to each other, in the eyes of tshark.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/interop/connecting.h"
#include "properties/interop/servers.h"
#include "properties/interop/talk.h"
#include "properties/interop/tap.h"

namespace tickover::interop {
namespace {

std::string dissected(const std::filesystem::path& capture, std::vector<std::string> options) {
  std::vector<std::string> command{"tshark", "-r", capture.string()};
  command.insert(command.end(), options.begin(), options.end());
  std::string output;
  EXPECT_EQ(run_to_end(command, output), 0) << output;
  return output;
}

/// The datagrams that tshark objects to, a line each.
std::string objections(const std::filesystem::path& capture) {
  return dissected(
      capture,
      {"-Y", "_ws.malformed || stun.att.crc32.status == 0 || _ws.expert.severity >= 0x600000"});
}

void expect_well_formed(const std::filesystem::path& capture, std::size_t written) {
  EXPECT_THAT(objections(capture), testing::Not(testing::HasSubstr("127.0.0.1")));
  const std::string known =
      dissected(capture, {"-Y", "stun", "-T", "fields", "-e", "frame.number"});
  const auto lines = static_cast<std::size_t>(std::ranges::count(known, '\n'));
  EXPECT_GE(lines, written) << "not all were taken for STUN";
}

// PROTOCOL K5
TEST(Capture, of_what_is_malformed_shows_it) {
  Scratch scratch;
  Relay relay;
  ASSERT_TRUE(relay.is_ready()) << relay.process().output();
  const auto file = scratch.file("capture");
  Tap tap(relay.address(), file);
  Talk(tap.address()).put({.method = 1, .damage = Damage::overrun});
  EXPECT_EQ(tap.close(), 3u);  // with the Binding behind it, and its answer
  EXPECT_THAT(objections(file), testing::HasSubstr("127.0.0.1"));
}

// PROTOCOL K1, K5, K13, K21
TEST(Capture, of_our_client_and_coturn_has_nothing_malformed) {
  Scratch scratch;
  Coturn coturn;
  ASSERT_TRUE(coturn.is_ready()) << coturn.log();
  for (const char* use : {"channels", "permissions"}) {
    const auto file = scratch.file(use);
    Tap tap(coturn.address(), file);
    const Connected result = connect(
        tap.address(), {"--echo", "--for", "2s", "--use", use, "--fingerprint", "--software", "t"});
    EXPECT_EQ(result.exit, 0) << result.output;
    const std::size_t written = tap.close();
    EXPECT_GT(written, 40u);
    expect_well_formed(file, written);
  }
}

// PROTOCOL K1, K5, K13, K21
TEST(Capture, of_our_relay_and_coturns_client_has_nothing_malformed) {
  Scratch scratch;
  Relay relay({"--legacy-channels"});
  ASSERT_TRUE(relay.is_ready()) << relay.process().output();
  for (const char* use : {"-s", "-c"}) {
    const auto file = scratch.file(use);
    Tap tap(relay.address(), file);
    std::string output;
    const int exit = run_to_end(
        {"turnutils_uclient", "-u", "alice", "-w", std::string(alice_password), "-p",
         std::to_string(tap.address().port), "-y", use, "-n", "20", "-m", "2", "127.0.0.1"},
        output);
    EXPECT_EQ(exit, 0) << output;
    const std::size_t written = tap.close();
    EXPECT_GT(written, 80u);
    expect_well_formed(file, written);
  }
}

}  // namespace
}  // namespace tickover::interop
