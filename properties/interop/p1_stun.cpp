// `tickover connect` with a relay that is neither coturn nor ours: p1_stun, in Erlang, which
// ejabberd serves its clients with (Debian's erlang-p1-stun).
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/interop/connecting.h"
#include "properties/interop/servers.h"

namespace tickover::interop {
namespace {

class P1Stun {
 public:
  P1Stun() : process_({"erl", "-noshell", "-noinput", "-eval", program(port_)}) {
    ready_ = answers(address());
  }
  Endpoint address() const { return {IpAddress::v4({127, 0, 0, 1}), port_}; }
  bool is_ready() const { return ready_; }
  Process& process() { return process_; }

 private:
  static std::string program(std::uint16_t port) {
    return fmt::format(
        "{{ok, _}} = application:ensure_all_started(stun), "
        "ok = stun_listener:add_listener({{127,0,0,1}}, {}, udp, "
        "[use_turn, {{turn_ipv4_address, {{127,0,0,1}}}}, {{turn_blacklist, []}}, "
        "{{turn_min_port, 49152}}, {{turn_max_port, 65535}}, "
        "{{auth_type, user}}, {{auth_realm, <<\"{}\">>}}, "
        "{{auth_fun, fun(<<\"alice\">>, _) -> <<\"{}\">>; (_, _) -> <<>> end}}]).",
        port, realm, alice_password);
  }

  std::uint16_t port_ = free_port();
  Process process_;
  bool ready_ = false;
};

// PROTOCOL F1, H1, PM1
TEST(P1Stun, is_a_relay_that_our_client_gets_along_with) {
  P1Stun server;
  ASSERT_TRUE(server.is_ready()) << server.process().output();
  for (const char* use : {"channels", "permissions"}) {
    const Connected result = connect(server.address(), {"--echo", "--for", "4s", "--rate", "50",
                                                        "--use", use, "--size", "1000"});
    EXPECT_EQ(result.exit, 0) << result.output;
    EXPECT_EQ(result.number("allocations"), 1) << result.output;
    EXPECT_GT(result.number("received"), 100) << result.output;
    EXPECT_EQ(result.number("missing"), 0) << result.output;
  }
  // Where data flows, nobody needs to ask whether the relay is alive.
  const Connected quiet = connect(server.address(), {"--for", "5s", "--keep-alive", "1s"});
  EXPECT_EQ(quiet.exit, 0) << quiet.output;
  EXPECT_EQ(quiet.number("losses"), 0) << quiet.output;
  EXPECT_GE(quiet.number("refreshes"), 3) << quiet.output;
  EXPECT_THAT(server.process().output(), testing::Not(testing::HasSubstr("ERROR REPORT")));
}

// PROTOCOL A18
TEST(P1Stun, refuses_a_wrong_password_and_our_client_says_so) {
  P1Stun server;
  ASSERT_TRUE(server.is_ready()) << server.process().output();
  const Connected result = connect(server.address(), {"--password", "guess", "--for", "3s"});
  EXPECT_EQ(result.exit, 3) << result.output;
  EXPECT_EQ(result.text("last-failure"), "credentials refused");
}

}  // namespace
}  // namespace tickover::interop
