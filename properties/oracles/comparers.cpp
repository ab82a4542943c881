#include <gtest/gtest.h>

#include "properties/oracles/turn_scene.h"
#include "sim/search/compare.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;

Stage stormy_scene() {
  Stage stage = turn_scene();
  stage.scenario.duration = Duration(6min);
  stage.scenario.links[0].both = {.jitter = Range<Duration>(0ms, 60ms),
                                  .loss = Range<Ratio>(Ratio{1, 10}),
                                  .duplicate = Range<Ratio>(Ratio{1, 20})};
  stage.scenario.faults = {{.at = Range<Duration>(Duration(2min)), .action = Reboot{"relay"}}};
  return stage;
}

// BUGS P2, P3, P20, P21
TEST(Comparers, find_no_difference_in_our_own_machines) {
  const auto plan = stormy_scene().plan();
  const auto none = [](const std::optional<Breach>& breach) { return breach ? breach->what : ""; };
  EXPECT_EQ(none(compare_drivers(plan)), "");
  EXPECT_EQ(none(check_idempotence(plan)), "");
  EXPECT_EQ(none(compare_fork(plan)), "");
  EXPECT_EQ(none(compare_repeat(plan)), "");
  for (const Duration shift : {Duration(2147483648ms), Duration(4294967295ms),
                               Duration(std::chrono::hours(24 * 365 * 40))}) {
    EXPECT_EQ(none(compare_shifted(plan, shift)), "");
  }
}

/// Says something each second, with a defect.
struct Metronome {
  enum class Defect { none, counts_wake_ups, acts_on_each_wake, reads_a_global, wraps };
  using Event = Notice;

  Defect defect{};
  Instant next;
  std::uint64_t beats = 0;
  std::uint64_t calls = 0;
  bool due = false;
  static inline std::uint64_t global = 0;

  void handle_input(const Input&, Instant) {}
  void handle_timeout(Instant now) {
    ++calls;
    if (defect == Defect::acts_on_each_wake && now + Duration(1s) == next) due = true;
    if (now < next) return;
    if (defect == Defect::wraps && next.since_origin() > Duration(2147483648ms)) return;
    next = now + Duration(1s);
    due = true;
    ++beats;
  }
  std::optional<Transmit> poll_transmit(MutableBytes) { return {}; }
  std::optional<Notice> poll_event() {
    if (!std::exchange(due, false)) return {};
    const std::uint64_t number = defect == Defect::counts_wake_ups  ? calls
                                 : defect == Defect::reads_a_global ? ++global
                                                                    : beats;
    return Notice{.name = "beat", .number = number};
  }
  std::optional<Timeout> poll_timeout() const { return Timeout{next, "beat"}; }
  bool operator==(const Metronome& other) const {
    return next == other.next && beats == other.beats && due == other.due &&
           (defect != Defect::counts_wake_ups || calls == other.calls);
  }
};

std::shared_ptr<const Plan> metronome(Metronome::Defect defect) {
  Stage stage;
  stage.registry->add(
      {.name = "metronome", .help = "beats each second", .make = [=](const RoleContext& context) {
         return AnyMachine(Metronome{defect, context.now + Duration(1s)});
       }});
  stage.host("tick", "metronome", "192.0.2.1");
  return stage.plan();
}

// BUGS P2, P3, P20, P21, P23
TEST(Comparers, find_what_each_of_them_is_for) {
  using Defect = Metronome::Defect;
  const auto id = [](const std::optional<Breach>& breach) { return breach ? breach->oracle : ""; };
  const auto sound = metronome(Defect::none);
  EXPECT_EQ(id(compare_drivers(sound)), "");
  EXPECT_EQ(id(check_idempotence(sound)), "");
  EXPECT_EQ(id(compare_repeat(sound)), "");
  EXPECT_EQ(id(compare_fork(sound)), "");
  EXPECT_EQ(id(compare_shifted(sound, 4294967295ms)), "");

  EXPECT_EQ(id(compare_drivers(metronome(Defect::counts_wake_ups))), "P2");
  EXPECT_EQ(id(check_idempotence(metronome(Defect::counts_wake_ups))), "P3");
  EXPECT_EQ(id(check_idempotence(metronome(Defect::acts_on_each_wake))), "P3");
  EXPECT_EQ(id(compare_repeat(metronome(Defect::reads_a_global))), "P21");
  EXPECT_EQ(id(compare_fork(metronome(Defect::reads_a_global))), "fork");
  EXPECT_EQ(id(compare_shifted(metronome(Defect::wraps), 2147483648ms, {.steps = 10'000})), "P20");
}

TEST(Comparers, say_where_two_runs_part) {
  const auto breach = compare_repeat(metronome(Metronome::Defect::reads_a_global));
  ASSERT_TRUE(breach);
  EXPECT_EQ(breach->time, Instant::at(1s));
}

}  // namespace
}  // namespace tickover::sim
