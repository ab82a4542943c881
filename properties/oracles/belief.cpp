// The oracles that judge what a client believes of its relay object to clients that break their
// rules.
#include <gtest/gtest.h>

#include "properties/oracles/liars.h"
#include "sim/oracles/detection.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;

/// The wanted lies leave everything else as it is.
void honestly(Notice&, std::uint32_t&) {}

TEST(Liars, are_silent_about_honest_machines) {
  EXPECT_EQ(breach_of_liar(turn_scene(), honestly), "");
  Stage cut = turn_scene();
  EXPECT_EQ(breach_of_liar(cut_from(cut, 2min), honestly), "");
}

// BUGS P8; BUG C01(a)
TEST(BeliefAgreement, objects_to_data_on_a_channel_that_is_not_bound) {
  const auto other = [](std::vector<std::uint8_t>& bytes, std::uint32_t&) {
    if (bytes.size() > 4 && bytes[0] / 16 == 4) bytes[1] ^= 1;
    return 1;
  };
  EXPECT_TRUE(objects(breach_with(turn_scene(), "turn-client", other), "P8", "is not bound"));
}

// BUGS P8
TEST(BeliefAgreement, objects_to_data_for_a_peer_that_is_not_permitted) {
  Stage stage = turn_scene();
  stage.scenario.hosts[1].settings.entries.push_back({"use", std::string("permissions")});
  EXPECT_EQ(breach_of(stage), "");
  const auto other = [](std::vector<std::uint8_t>& bytes, std::uint32_t&) {
    if (is_type(bytes, 0x0016)) bytes[20 + 4 + 7] ^= 1;  // the peer's last byte
    return 1;
  };
  EXPECT_TRUE(objects(breach_with(stage, "turn-client", other), "P8", "not permitted"));
}

// BUGS P8
TEST(BeliefAgreement, objects_to_announcements_that_the_relay_would_deny) {
  const auto number = [](Notice& notice, std::uint32_t&) {
    if (notice.kind == Notice::Kind::peer_ready) notice.number ^= 1;
  };
  EXPECT_TRUE(objects(breach_of_liar(turn_scene(), number), "P8", "is not bound to it there"));
  const auto peer = [](Notice& notice, std::uint32_t&) {
    if (notice.kind == Notice::Kind::peer_ready) notice.number = 0, notice.remote = at("9.9.9.9:9");
  };
  EXPECT_TRUE(objects(breach_of_liar(turn_scene(), peer), "P8", "not permitted there"));
  const auto address = [](Notice& notice, std::uint32_t&) {
    if (notice.kind == Notice::Kind::candidate_added) ++notice.local.port;
  };
  EXPECT_TRUE(objects(breach_of_liar(turn_scene(), address), "P8", "no such allocation"));
}

// BUGS P8; BUG C13
TEST(BeliefAgreement, objects_to_a_client_that_believes_for_too_long) {
  Stage stage = turn_scene();
  Role twin = *stage.registry->find("turn-client");
  const auto make = twin.make;
  twin.make = [=](const RoleContext& c) {
    return AnyMachine(Slow(make(
        RoleContext{c.self, c.hosts, c.settings, c.random, Instant(), c.first_random, Instant()})));
  };
  stage.scenario.hosts[1].settings.entries.push_back({"channel-refresh", Range<Duration>(200s)});
  EXPECT_EQ(objection_of("P8", stage), "");
  stage.registry->add(std::move(twin));
  EXPECT_NE(objection_of("P8", stage).find("on a channel that has ended"), std::string::npos);
  stage.scenario.hosts[1].settings.entries.push_back({"use", std::string("permissions")});
  EXPECT_NE(objection_of("P8", stage).find("a peer that is not permitted"), std::string::npos);
  stage.scenario.hosts[1].settings.entries.push_back({"keep-alive", Range<Duration>(1h)});
  stage.scenario.hosts[1].settings.entries.push_back({"permission-refresh", Range<Duration>(50s)});
  EXPECT_NE(objection_of("P8", stage).find("an allocation that has ended"), std::string::npos);
}

// BUGS P9; BUG C07
TEST(FailureDetection, objects_to_a_client_that_keeps_what_it_has_lost) {
  const auto keep = [](Notice& notice, std::uint32_t&) {
    if (notice.kind == Notice::Kind::candidate_removed) notice.kind = Notice::Kind::other;
  };
  Stage cut = turn_scene();
  EXPECT_TRUE(objects(breach_of_liar(cut_from(cut, 2min), keep), "P9", "relay's last word"));
}

// BUGS P9
TEST(FailureDetection, objects_to_a_client_that_sleeps_through_it) {
  Stage cut = turn_scene();
  cut.scenario.hosts[1].settings.entries.push_back({"keep-alive", Range<Duration>(25s)});
  Settings real = cut.scenario.hosts[1].settings;
  real.entries.back().value = Range<Duration>(2min);
  deceive(cut, "turn-client", real);
  cut.scenario.traffic.clear();
  EXPECT_TRUE(objects(breach_of(cut_from(cut, 2min)), "P9", "wants to sleep until"));
}

// BUGS P9
TEST(FailureDetection, objects_to_a_client_that_does_not_mind_a_reboot) {
  Stage stage = turn_scene();
  stage.scenario.faults = {{.at = Range<Duration>(Duration(1min)), .action = Reboot{"relay"}}};
  const auto plan = stage.plan();
  Show show_p9(plan, std::make_unique<Detection>(*plan));
  while (show_p9.world().boots(0) < 2) show_p9.world().step();
  const auto hear = [&](Duration when) {
    Step step = show_p9.step(when, StepKind::delivery, 1);
    step.sender = 0;
    step.source = at("192.0.2.1:3478");
    step.deadline_after = Timeout{Instant::at(when + Duration(10s)), "keep-alive"};
    return step;
  };
  Step added = hear(1s);
  added.notices = {{.kind = Notice::Kind::candidate_added, .local = at("192.0.2.1:50000")}};
  show_p9(added);
  show_p9(show_p9.step(60s, StepKind::start, 0));
  // Words enough, and yet 437 must have been among them.
  for (Duration when = 60s; when < Duration(4min); when += Duration(10s)) show_p9(hear(when));
  EXPECT_EQ(show_p9.objection(), "");
  for (Duration when = 4min; when < Duration(6min); when += Duration(10s)) show_p9(hear(when));
  EXPECT_NE(show_p9.objection().find("after the relay lost its state"), std::string::npos);
}

// BUGS P9; BUG C13
TEST(FailureDetection, does_not_take_ones_own_sending_for_a_word_of_the_relay) {
  Stage cut = turn_scene();
  cut.scenario.traffic = {{.from = "alice", .to = "bob", .every = Range<Duration>(1s)}};
  EXPECT_EQ(breach_of(cut_from(cut, 2min)), "");
  Stage down = turn_scene();
  down.scenario.faults = {{.at = Range<Duration>(Duration(2min)),
                           .length = Range<Duration>(Duration(10min)),
                           .action = Reboot{"relay"}}};
  EXPECT_EQ(breach_of(down), "");
}

// BUGS P7
TEST(Stable, objects_to_an_allocation_lost_without_a_cause) {
  const auto deaf = [](std::vector<std::uint8_t>& bytes, std::uint32_t&) {
    return is_type(bytes, 0x0104) ? 0 : 1;  // Refresh success
  };
  Stage stage = turn_scene();
  stage.scenario.traffic.clear();
  tamper(stage, "turn-server", deaf);
  EXPECT_NE(objection_of("P7", stage).find("fewer than"), std::string::npos);
}

// BUGS P7
TEST(Stable, objects_to_a_second_allocate) {
  const auto again = [](std::vector<std::uint8_t>& bytes, std::uint32_t&) {
    if (is_type(bytes, 0x0004)) bytes[1] = 0x03;
    return 1;
  };
  Stage stage = turn_scene();
  stage.scenario.traffic.clear();
  tamper(stage, "turn-client", again);
  EXPECT_NE(objection_of("P7", stage).find("second allocation"), std::string::npos);
}

// BUGS P7
TEST(Stable, forgives_what_no_client_can_outlive) {
  Stage cut = turn_scene();
  EXPECT_EQ(breach_of(cut_from(cut, 2min)), "");
  Stage moved = turn_scene();
  moved.scenario.faults = {{.at = Range<Duration>(Duration(2min)), .action = NatReset{"alice"}}};
  EXPECT_EQ(breach_of(moved), "");
}

// BUGS P7, P12; PROTOCOL A19
TEST(Stable, outlives_stale_nonces) {
  Stage stage = turn_scene();
  stage.scenario.hosts[0].settings.entries = {{"nonce-lifetime", Range<Duration>(1min)}};
  EXPECT_EQ(breach_of(stage), "");
}

}  // namespace
}  // namespace tickover::sim
