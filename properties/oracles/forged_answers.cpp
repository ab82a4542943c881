// P4, shown steps by hand: what does not count as an answer excuses no silence.
#include <gtest/gtest.h>

#include "properties/oracles/raw_stun.h"
#include "properties/oracles/turn_scene.h"
#include "sim/oracles/retransmissions.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;

constexpr const char* own = "10.0.0.2:5000";
constexpr const char* relay = "192.0.2.1:3478";
constexpr HostIndex alice = 1;

/// alice, who asks at 1 s, hears something at 1.1 s and wants nothing any more.
struct Silence {
  explicit Silence(const Stage& stage = turn_scene()) : Silence(stage.plan()) {}
  explicit Silence(const std::shared_ptr<const Plan>& plan)
      : show(plan, std::make_unique<Retransmissions>(*plan)) {}

  Silence& ask(const RawStun& request) {
    Step step = show.step(1s, StepKind::timer, alice);
    add_sent(step, own, relay, request.bytes());
    step.deadline_after = Timeout{Instant::at(1500ms), "retransmit"};
    show(step);
    return *this;
  }
  std::string hear(const RawStun& answer, const char* from = relay, bool forged = false) {
    Step step = show.step(1100ms, StepKind::delivery, alice);
    step.source = at(from);
    step.destination = at(own);
    step.arrived = answer.bytes();
    step.forged = forged;
    show(step);
    return show.objection();
  }
  Show show;
};

RawStun refresh(std::uint8_t id) {
  return RawStun(0x0004, id).integrity();
}
RawStun stale_nonce(unsigned type, std::uint8_t id) {
  return RawStun(type, id).error(438).text(stun_attribute::nonce, "another");
}

// BUGS P4, P15; BUG C19(b)
TEST(Silence, is_excused_by_an_answer_that_counts) {
  EXPECT_EQ(Silence().ask(refresh(1)).hear(RawStun(0x0104, 1).lifetime(600).integrity()), "");
  EXPECT_EQ(Silence().ask(refresh(1)).hear(stale_nonce(0x0114, 1)), "");
}

// BUGS P4, P15; BUG C19(b)
TEST(Silence, is_not_excused_by_what_nobody_signed) {
  EXPECT_NE(Silence().ask(refresh(1)).hear(RawStun(0x0104, 1).lifetime(600)), "");
  EXPECT_NE(Silence().ask(refresh(1)).hear(RawStun(0x0114, 1).error(437)), "");
  const RawStun badly_signed = RawStun(0x0104, 1).lifetime(600).integrity();
  EXPECT_NE(Silence().ask(refresh(1)).hear(badly_signed, relay, true), "");
}

// BUGS P4, P15
TEST(Silence, is_not_excused_by_an_answer_from_elsewhere_or_to_something_else) {
  const RawStun answer = RawStun(0x0104, 1).lifetime(600).integrity();
  EXPECT_NE(Silence().ask(refresh(1)).hear(answer, "192.0.2.1:3479"), "");
  EXPECT_NE(Silence().ask(refresh(1)).hear(RawStun(0x0108, 1).integrity()), "");
  EXPECT_NE(Silence().ask(refresh(1)).hear(RawStun(0x0104, 2).integrity()), "");
}

// BUGS P4, P24
TEST(Silence, of_one_request_is_not_excused_by_the_refusal_of_another) {
  const RawStun permit = RawStun(0x0008, 2).integrity();
  EXPECT_NE(Silence().ask(refresh(1)).ask(permit).hear(stale_nonce(0x0118, 2)), "");
  EXPECT_NE(Silence().ask(refresh(1)).ask(permit).hear(RawStun(0x0118, 2).error(403).integrity()),
            "");
}

// PROTOCOL A20
TEST(Silence, is_excused_by_anything_where_the_client_was_told_to_trust_its_path) {
  Stage stage = turn_scene();
  stage.scenario.hosts[alice].settings.entries.push_back({"accept-unsigned-errors", true});
  EXPECT_EQ(Silence(stage).ask(refresh(1)).hear(RawStun(0x0114, 1).error(437)), "");
}

}  // namespace
}  // namespace tickover::sim
