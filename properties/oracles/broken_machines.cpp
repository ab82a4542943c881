// Every oracle of STUN and TURN objects to a machine that breaks its rule.
#include <gtest/gtest.h>

#include "properties/oracles/tampered.h"
#include "sim/oracles/traffic_bound.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;

bool is_request(const std::vector<std::uint8_t>& bytes) {
  return bytes.size() >= 20 && bytes[0] == 0 && bytes[1] < 0x10;
}
bool is_type(const std::vector<std::uint8_t>& bytes, unsigned type) {
  return bytes.size() >= 20 && bytes[0] * 256u + bytes[1] == type;
}

/// Alice and a relay that never answers; requests are numbered from 1 by the tampering.
Stage deaf_relay() {
  Stage stage = turn_scene();
  stage.scenario.faults = {{.action = Partition{"alice", "relay"}}};
  stage.scenario.duration = Duration(2min);
  return stage;
}

std::string breach_with(Stage stage, const char* role, Tampering tampering, Duration late = {}) {
  tamper(stage, role, tampering, late);
  return breach_of(stage);
}

testing::AssertionResult objects(const std::string& breach, const std::string& oracle,
                                 const std::string& words) {
  if (breach.starts_with(oracle + ": ") && breach.find(words) != std::string::npos) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << "instead: " << breach;
}

TEST(BrokenMachines, are_not_invented_by_the_tests_themselves) {
  EXPECT_EQ(breach_with(turn_scene(), "turn-client", nullptr), "");
  EXPECT_EQ(breach_with(turn_scene(), "turn-server", nullptr), "");
  EXPECT_EQ(breach_with(deaf_relay(), "turn-client", nullptr), "");
}

// BUGS P4, P23
TEST(BrokenMachines, may_not_leave_out_a_copy) {
  const auto third = [](std::vector<std::uint8_t>& bytes, std::uint32_t& seen) {
    return is_request(bytes) && ++seen == 3 ? 0 : 1;
  };
  EXPECT_TRUE(
      objects(breach_with(deaf_relay(), "turn-client", third), "P4", "has not sent copy 3"));
}

// BUGS P4, P23
TEST(BrokenMachines, may_not_send_two_copies_at_once) {
  const auto twice = [](std::vector<std::uint8_t>& bytes, std::uint32_t&) {
    return is_request(bytes) ? 2 : 1;
  };
  EXPECT_TRUE(objects(breach_with(deaf_relay(), "turn-client", twice), "P4", "copy 2"));
}

// BUGS P4, P23
TEST(BrokenMachines, may_not_change_a_request_between_its_copies) {
  const auto change = [](std::vector<std::uint8_t>& bytes, std::uint32_t& seen) {
    if (is_request(bytes) && ++seen == 2) bytes.back() ^= 1;
    return 1;
  };
  EXPECT_TRUE(objects(breach_with(deaf_relay(), "turn-client", change), "P4", "other bytes"));
}

// BUGS P4, P23
TEST(BrokenMachines, may_not_sleep_longer_than_their_requests_allow) {
  EXPECT_TRUE(
      objects(breach_with(deaf_relay(), "turn-client", nullptr, 1ms), "P4", "wants to sleep"));
}

// BUGS P4, P23
TEST(BrokenMachines, may_not_retransmit_by_another_table) {
  Stage stage = deaf_relay();
  Settings real = stage.scenario.hosts[1].settings;
  real.entries.push_back({"backoff", std::string("connlib")});
  deceive(stage, "turn-client", real);
  const std::string slower = breach_of(stage);
  EXPECT_TRUE(objects(slower, "P4", "")) << slower;
}

// BUGS P4, P23
TEST(BrokenMachines, may_not_give_up_before_the_last_wait_is_over) {
  Stage stage = deaf_relay();
  Settings table;
  table.entries = {{"sends", Range<std::int64_t>(7)}, {"last-wait", Range<Duration>(7s)}};
  Settings real = stage.scenario.hosts[1].settings;
  real.entries.push_back({"backoff", table});
  deceive(stage, "turn-client", real);
  EXPECT_TRUE(objects(breach_of(stage), "P4", "gives up before"));
}

// BUGS P5, P23
TEST(BrokenMachines, may_not_flood_the_relay) {
  const auto flood = [](std::vector<std::uint8_t>& bytes, std::uint32_t&) {
    if (!is_request(bytes)) return 1;
    bytes[1] = 0x11;  // as Binding indications: no transaction, but no data either
    return 2000;
  };
  EXPECT_TRUE(objects(breach_with(deaf_relay(), "turn-client", flood), "P5", "within a minute"));
}

// BUGS P5, P23
TEST(BrokenMachines, may_not_try_their_password_without_end) {
  const auto plan = turn_scene().plan();
  Show show_p5(plan, std::make_unique<TrafficBound>(*plan));
  std::vector<std::uint8_t> attempt = {0, 3, 0, 8, 0x21, 0x12, 0xA4, 0x42, 0, 0,
                                       0, 0, 0, 0, 0,    0,    0,    0,    0, 0,
                                       0, 6, 0, 4, 'u',  's',  'e',  'r'};
  const auto try_again = [&](int i, bool anew) {
    if (anew) attempt[19] = static_cast<std::uint8_t>(i);
    Step step = show_p5.step(std::chrono::milliseconds(250) * i, StepKind::timer, 1);
    add_sent(step, "10.0.0.2:5000", "192.0.2.1:3478", attempt);
    show_p5(step);
  };
  for (int i = 0; i < 200; ++i) try_again(i, false);
  EXPECT_EQ(show_p5.objection(), "");
  // Each peer is worth some, and who moves to another address is another peer.
  Show of_many_peers(plan, std::make_unique<TrafficBound>(*plan));
  for (int i = 0; i < 400; ++i) {
    Step step = of_many_peers.step(std::chrono::milliseconds(100) * i, StepKind::command, 1);
    step.command_to = {at("192.0.2.1:1").ip, static_cast<std::uint16_t>(50'000 + i % 50)};
    attempt[18] = static_cast<std::uint8_t>(i / 256);
    attempt[19] = static_cast<std::uint8_t>(i);
    add_sent(step, "10.0.0.2:5000", "192.0.2.1:3478", attempt);
    of_many_peers(step);
  }
  EXPECT_EQ(of_many_peers.objection(), "");
  for (int i = 200; i < 400; ++i) try_again(i, true);
  EXPECT_NE(show_p5.objection().find("to prove who it is"), std::string::npos);
}

// BUGS P18, P23
TEST(BrokenMachines, may_not_send_what_no_sender_should) {
  const auto pad = [](std::vector<std::uint8_t>& bytes, std::uint32_t&) {
    if (is_type(bytes, 0x0103)) bytes[2] ^= 1;  // the length of an Allocate success
    return 1;
  };
  EXPECT_TRUE(objects(breach_with(turn_scene(), "turn-server", pad), "wire", "relay sends"));
}

// BUGS P14, P23
TEST(BrokenMachines, may_not_answer_twice_or_to_nobody) {
  const auto twice = [](std::vector<std::uint8_t>& bytes, std::uint32_t&) {
    return is_type(bytes, 0x0104) ? 2 : 1;
  };
  EXPECT_TRUE(objects(breach_with(turn_scene(), "turn-server", twice), "P14", "to no request"));
  const auto stranger = [](std::vector<std::uint8_t>& bytes, std::uint32_t&) {
    if (is_type(bytes, 0x0104)) bytes[19] ^= 1;  // the transaction id of a Refresh success
    return 1;
  };
  EXPECT_TRUE(objects(breach_with(turn_scene(), "turn-server", stranger), "P14", "to no request"));
}

// BUGS P14, P23
TEST(BrokenMachines, may_not_leave_a_request_without_an_answer) {
  for (const unsigned type : {0x0103u, 0x0104u, 0x0109u, 0x0113u}) {
    static unsigned swallowed;
    swallowed = type;
    const auto swallow = [](std::vector<std::uint8_t>& bytes, std::uint32_t& seen) {
      return is_type(bytes, swallowed) && ++seen == 1 ? 0 : 1;
    };
    const bool is_late = type == 0x0103;  // an Allocate waits for its port, and perhaps for good
    const std::string breach = breach_with(turn_scene(), "turn-server", swallow);
    EXPECT_TRUE(is_late ? testing::AssertionResult(breach.empty())
                        : objects(breach, "P14", "does not answer"))
        << type;
  }
}

// BUGS P13, P23
TEST(BrokenMachines, may_not_relay_the_wrong_bytes) {
  const auto flip = [](std::vector<std::uint8_t>& bytes, std::uint32_t& seen) {
    if (bytes.size() == 104 && bytes[0] / 16 == 4 && ++seen == 5) bytes.back() ^= 1;
    return 1;
  };
  EXPECT_TRUE(objects(breach_with(turn_scene(), "turn-server", flip), "P13", "something else"));
}

Settings lifetimes(Duration permission, Duration channel) {
  Settings settings;
  settings.entries = {{"permission-lifetime", Range<Duration>(permission)},
                      {"channel-lifetime", Range<Duration>(channel)}};
  return settings;
}

// BUGS P13, P23
TEST(BrokenMachines, may_not_end_a_permission_early) {
  Stage stage = turn_scene();
  deceive(stage, "turn-server", lifetimes(20s, 10min));
  EXPECT_TRUE(objects(breach_of(stage), "P13", "does not relay"));
}

// BUGS G20, P13, P23
TEST(BrokenMachines, may_not_end_a_permission_of_either_family_early) {
  Stage stage = turn_scene();
  stage.scenario.hosts[0].addresses.push_back(IpAddress::parse("2001:db8::1").value());
  stage.scenario.hosts[1].settings.entries.push_back({"relay-family", std::string("both")});
  EXPECT_EQ(breach_of(stage), "");
  deceive(stage, "turn-server", lifetimes(20s, 10min));
  EXPECT_TRUE(objects(breach_of(stage), "P13", "does not relay"));
}

// BUG E19(c); BUGS P13, P23
TEST(BrokenMachines, may_not_let_a_permission_live_on) {
  Stage stage = turn_scene();
  stage.scenario.hosts[0].settings = lifetimes(20s, 10min);
  EXPECT_EQ(breach_of(stage), "");
  deceive(stage, "turn-server", lifetimes(5min, 10min));
  EXPECT_TRUE(objects(breach_of(stage), "P13", "no permission"));
}

// BUG E19(c); BUGS P13, P23
TEST(BrokenMachines, may_not_let_a_channel_live_on) {
  Stage stage = turn_scene();
  stage.scenario.hosts[0].settings = lifetimes(5min, 20s);
  deceive(stage, "turn-server", lifetimes(5min, 10min));
  EXPECT_TRUE(objects(breach_of(stage), "P13", "something else"));
}

}  // namespace
}  // namespace tickover::sim
