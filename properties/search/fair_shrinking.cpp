// A scenario that was made small must still be one that a correct machine passes.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "core/transmit_queue.h"
#include "sim/scenario/reader.h"
#include "sim/search/shrink.h"

namespace tickover::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// Answers whoever asks it; if it has somebody to ask itself, it has a defect: it asks once, and
/// waits for the answer for ever.
class Talker {
 public:
  using Event = Notice;

  Talker(Endpoint at, std::optional<Endpoint> asked) : at_(at), asks_(asked) {
    transmits_.open({.local = at});
    if (asked) transmits_.send({.local = at, .remote = *asked}, words);
  }
  void handle_input(const Input& input, Instant) {
    const auto* datagram = std::get_if<Datagram>(&input);
    if (datagram == nullptr) return;
    is_told_ = asks_.has_value();
    if (!asks_) transmits_.send({.local = at_, .remote = datagram->remote}, words);
  }
  void handle_timeout(Instant) {}
  std::optional<Transmit> poll_transmit(MutableBytes buffer) { return transmits_.poll(buffer); }
  std::optional<Notice> poll_event() {
    if (!std::exchange(is_told_, false)) return {};
    return Notice{.kind = Notice::Kind::candidate_added, .name = "told", .local = at_};
  }
  std::optional<Timeout> poll_timeout() const { return {}; }
  bool operator==(const Talker&) const = default;

 private:
  static constexpr std::array<std::uint8_t, 4> words = {'w', 'h', 'o', '?'};
  Endpoint at_;
  std::optional<Endpoint> asks_;
  TransmitQueue transmits_;
  bool is_told_ = false;
};

constexpr std::uint16_t port = 1'000;
constexpr Duration recovery = seconds(20);

AnyMachine make_talker(const RoleContext& context) {
  const HostInfo* const server = context.host(context.text("server", ""));
  const auto asked =
      server ? std::optional(Endpoint{server->addresses.front(), port}) : std::nullopt;
  return AnyMachine(Talker({context.self.addresses.front(), port}, asked));
}

/// With "asker" and "answerer"; by its policy an asker needs 20 s to recover.
RoleRegistry roles() {
  RoleRegistry registry = RoleRegistry::built_in();
  registry.add({.name = "answerer", .help = "answers", .make = make_talker});
  registry.add({.name = "asker",
                .help = "asks once",
                .keys = {{"server", ValueType::host, "who is asked", {}, true}},
                .make = make_talker,
                .recovery_bound = [](const RoleContext&, Duration) { return recovery; }});
  return registry;
}

/// The asker's answer is lost; and so is some of what others say for five minutes.
std::string asking(const std::string& more) {
  return R"(
format   = 1
duration = "5min"
[[host]]
name   = "asker"
role   = "asker"
server = "answerer"
[[host]]
name = "answerer"
role = "answerer"
[[host]]
name = "bob"
role = "peer"
[[host]]
name = "carol"
role = "peer"
[[link]]
between = ["asker", "answerer"]
latency = "5ms..10ms"
[[link]]
between = ["carol", "bob"]
loss    = "10%"
[[traffic]]
from  = "carol"
to    = "bob"
every = "1s"
[[fault]]
for   = "2s"
block = { from = "answerer", to = "asker" }
)" + more;
}

class FairShrinking : public testing::Test {
 protected:
  Scenario shrunk(const std::string& text, std::uint64_t seed = 1) {
    const auto read = read_scenario_text(text, "x.toml", registry);
    if (!read) throw std::runtime_error(read.error().front().text());
    const Outcome failure = run_case(*make_plan(*read, seed, registry));
    if (!failure.breach) throw std::runtime_error("it holds");
    EXPECT_EQ(failure.breach->oracle, "expect") << summary(failure);
    const Shrunk result = shrink(*read, failure, registry);
    EXPECT_EQ(result.end, ShrinkEnd::minimal);
    EXPECT_EQ(shrink(result.scenario, result.outcome, registry).scenario, result.scenario);
    return result.scenario;
  }
  /// Whether it is judged and holds once no fault is there any more but what `stays` names.
  bool holds_without_faults(Scenario scenario, bool (*stays)(const FaultAction&)) {
    std::erase_if(scenario.faults, [&](const FaultSpec& f) { return !stays(f.action); });
    const Outcome outcome = run_case(*make_plan(scenario, *scenario.seed, registry));
    const bool is_judged = std::ranges::any_of(outcome.judgements, [](const auto& judged) {
      return judged.first == "expect" && judged.second > 0;
    });
    return outcome.exit == ExitCode::held && is_judged;
  }
  const RoleRegistry registry = roles();
};

bool nothing(const FaultAction&) {
  return false;
}
bool is_reboot(const FaultAction& action) {
  return std::holds_alternative<Reboot>(action);
}

constexpr const char* rebooting_relay = R"(
format   = 1
duration = "6min"
[[host]]
name = "relay"
role = "turn-server"
[[host]]
name  = "alice"
role  = "turn-client"
relay = "relay"
keep-alive = "5s"   # without which the reboot alone would do
[[host]]
name = "bob"
role = "peer"
echo = true
[[link]]
between = ["alice", "relay"]
latency = "30ms"
jitter  = "0ms..20ms"
loss    = "2%"
[[link]]
between = ["relay", "bob"]
[[traffic]]
from  = "alice"
to    = "bob"
every = "1s"
[[fault]]
at     = "3min"
for    = "5s"
reboot = "relay"
[[fault]]
at    = "3min"
for   = "40s"
block = { from = "relay", to = "alice" }
[expect]
finally = ["alice has an allocation"]
within  = ["alice hears from bob within 12s after relay restarts"]
)";

// The claim begins with the reboot: a world without any fault says nothing of it.
TEST_F(FairShrinking, keeps_who_answers_and_what_was_lost) {
  const Scenario s = shrunk(rebooting_relay);
  EXPECT_TRUE(holds_without_faults(s, is_reboot)) << "nobody could keep the claim";
  EXPECT_FALSE(holds_without_faults(s, nothing)) << "the claim is not judged without its reboot";
  EXPECT_GE(s.faults.size(), 2u);
  EXPECT_EQ(s.traffic.size(), 1u);
}

// Where the reboot alone breaks the claim, whoever was heard before it must still be there.
TEST_F(FairShrinking, keeps_who_could_answer_where_nothing_was_lost) {
  std::string text = rebooting_relay;
  text.replace(text.find("keep-alive"), std::string_view("keep-alive = \"5s\"").size(), "");
  Scenario s = shrunk(text);
  EXPECT_TRUE(std::ranges::all_of(s.faults, [](auto& f) { return is_reboot(f.action); }));
  s.expect.within.clear();
  s.expect.finally_ = {{.text = "alice hears from bob"}};
  EXPECT_TRUE(holds_without_faults(s, nothing));
}

// Without losses the claim is never judged: that says nothing of whether it can be kept.
TEST_F(FairShrinking, keeps_who_could_answer_where_a_claim_begins_with_a_loss) {
  std::string text = rebooting_relay;
  text.erase(text.find("[[fault]]"));
  Scenario s =
      shrunk(text +
             "[[fault]]\nat = \"1min\"\nfor = \"4min\"\npartition = [\"alice\", \"relay\"]\n"
             "[expect]\nwithin = [\"alice hears from bob within 1s after alice loses its "
             "allocation\"]\n");
  EXPECT_GE(s.faults.size(), 1u);
  s.expect.within.clear();
  s.expect.finally_ = {{.text = "alice hears from bob"}};
  EXPECT_TRUE(holds_without_faults(s, nothing)) << "nobody could keep the claim";
}

TEST_F(FairShrinking, leaves_the_time_that_recovery_takes) {
  const Scenario s = shrunk(asking("[expect]\nfinally = [\"asker has an allocation\"]\n"));
  ASSERT_EQ(s.faults.size(), 1u);
  EXPECT_TRUE(holds_without_faults(s, nothing));
  EXPECT_GE(s.duration.low, recovery);
  EXPECT_LE(s.duration.high, recovery * 3 / 2) << "and not much more";
  EXPECT_EQ(s.hosts.size(), 2u);
}

TEST_F(FairShrinking, does_not_end_a_run_before_its_trouble) {
  const Scenario s = shrunk(
      "format = 1\nduration = \"20s\"\n"
      "[[host]]\nname = \"relay\"\nrole = \"turn-server\"\n"
      "[[host]]\nname = \"bob\"\nrole = \"turn-client\"\nrelay = \"relay\"\n"
      "[[link]]\nbetween = [\"bob\", \"relay\"]\n"
      "[[fault]]\nfor = \"20s\"\npartition = [\"bob\", \"relay\"]\n"
      "[expect]\nfinally = [\"bob has an allocation\"]\n");
  EXPECT_EQ(s.duration, Range<Duration>(seconds(20))) << "one loss would do in no time";
  ASSERT_EQ(s.faults.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<Partition>(s.faults.front().action));
}

TEST_F(FairShrinking, demands_nothing_earlier) {
  const Scenario s =
      shrunk(asking("[expect]\nalways = [\"asker has an allocation\"]\nalways-from = \"40s\"\n"));
  EXPECT_EQ(s.expect.always_from, Range<Duration>(seconds(40)));
  EXPECT_GE(s.duration.low, Duration(seconds(40)));
  EXPECT_TRUE(holds_without_faults(s, nothing));
}

TEST_F(FairShrinking, counts_for_as_long_as_before) {
  const Scenario s =
      shrunk(asking("[expect]\ncount = [{ of = \"bob hears from carol\", is = \"298..300\" }]\n"));
  EXPECT_EQ(s.duration, Range<Duration>(Duration(minutes(5))));
  EXPECT_TRUE(holds_without_faults(s, nothing));
  EXPECT_EQ(s.faults.size(), 3u) << "the losses that make it 297";
}

// No link leads to bob, so that nothing would keep the claim, and anything would break it.
TEST_F(FairShrinking, takes_nobody_away_from_a_claim_that_nobody_could_keep) {
  std::string text = rebooting_relay;
  const std::string_view last_link = "[[link]]\nbetween = [\"relay\", \"bob\"]\n";
  text.erase(text.find(last_link), last_link.size());
  text.erase(text.find("[expect]"));
  const Scenario s = shrunk(text + "[expect]\nfinally = [\"alice hears from bob\"]\n");
  EXPECT_TRUE(s.faults.empty());
  EXPECT_EQ(s.hosts.size(), 3u);
  EXPECT_EQ(s.links.size(), 1u);
  EXPECT_EQ(s.traffic.size(), 1u);
  EXPECT_NE(s.hosts[2].settings.find("echo"), nullptr);
}

TEST_F(FairShrinking, does_not_slip_from_too_often_to_too_rarely) {
  for (const char* bound : {"count = [{ of = \"carol sends datagrams\", is = \"1..3\" }]",
                            "budget = [{ of = \"carol sends datagrams\", least = 1, most = 3 }]"}) {
    const Scenario s = shrunk(asking("[expect]\n" + std::string(bound) + "\n"));
    const Outcome outcome = run_case(*make_plan(s, *s.seed, registry));
    ASSERT_TRUE(outcome.breach);
    EXPECT_FALSE(outcome.breach->is_at_end) << summary(outcome);
    EXPECT_EQ(s.links.size(), 1u) << "the other one does not matter";
  }
}

}  // namespace
}  // namespace tickover::sim
