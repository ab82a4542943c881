// What is left of a walk of all loss histories that does not come to its end.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <regex>

#include "core/check.h"
#include "properties/program/workbench.h"
#include "sim/oracles/oracle.h"
#include "sim/world/world.h"

namespace tickover::sim {
namespace {

constexpr const char* three = "scenarios/fast/three-requests-of-connlib.toml";
constexpr const char* four = "scenarios/fast/four-requests-in-a-row.toml";

/// As if a machine crashed when it sends a ChannelBind request for the third time.
class CrashAtThirdBind final : public Oracle {
 public:
  std::unique_ptr<Oracle> clone() const override {
    return std::make_unique<CrashAtThirdBind>(*this);
  }
  std::string_view id() const override { return "crash"; }
  std::string_view statement() const override { return "Nobody binds three times"; }
  void observe(const Step& step, const World& world) override {
    judged();
    for (const SentRecord& sent : step.sent) {
      if (!sent.has_id || world.kind_name(step.host, sent.id.kind) != "ChannelBind request")
        continue;
      CHECK(sent.id.copy < 3);
    }
  }
};

RoleRegistry clients_that_crash() {
  RoleRegistry roles = RoleRegistry::built_in();
  Role client = *roles.find("turn-client");
  client.oracle = [](const Plan&) { return std::make_unique<CrashAtThirdBind>(); };
  roles.add(std::move(client));
  return roles;
}

std::size_t count(const std::string& text, const std::string& word) {
  std::size_t times = 0;
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++times;
  return times;
}

// Millions of histories are not noted down one by one.
// DESIGN 8
TEST(CrashingHistory, is_left_behind_as_a_scenario_by_any_thread) {
  for (const char* jobs : {"1", "2"}) {
    Workbench bench;
    bench.bring(three);
    const Finished done =
        bench.tickover({"exhaust", three, "--jobs", jobs, "--out", "a b/c"}, clients_that_crash());
    EXPECT_EQ(done.exit, 6) << done.out << done.err;
    std::smatch line;
    const std::string last = done.last_line();
    const std::regex form("^replay: .* run '(a b/c/.*-crash-1\\.toml)' --seed 0x1$");
    ASSERT_TRUE(std::regex_search(last, line, form)) << last;
    const std::string left = bench.read(line[1]);
    EXPECT_GE(count(left, "[[fault]]\ndrop = { from = "), 2u) << left;
    EXPECT_EQ(bench.tickover({"run", line[1], "--seed", "1"}, clients_that_crash()).exit, 6);
    const Finished ours = bench.shell(done.replay());
    EXPECT_EQ(ours.exit, 0) << ours.out << ours.err;
    EXPECT_EQ(ours.out.find("never matched"), std::string::npos) << ours.out;
  }
}

// DESIGN 8
TEST(InterruptedWalk, saves_what_failed_until_then) {
  Workbench bench;
  bench.bring(four);
  const pid_t process =
      bench.start({"exhaust", four, "--transactions", "Allocate,Allocate,ChannelBind,ChannelBind",
                   "--within", "10s"});
  ::usleep(600'000);
  ::kill(process, SIGTERM);
  const Finished done = bench.finish(process);
  EXPECT_EQ(done.exit, 130) << done.out;
  EXPECT_NE(done.err.find("interrupted after "), std::string::npos) << done.err;
  // It may not have come that far.
  if (done.err.find("none of which failed") != std::string::npos) return;
  EXPECT_EQ(bench.shell(done.replay()).exit, 3) << done.out;
}

}  // namespace
}  // namespace tickover::sim
