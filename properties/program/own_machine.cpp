// How to bring a machine of your own: write it, give it a role, and it runs from TOML files under
// every oracle and every verb. Nothing here is part of core/ or sim/.
#include <gtest/gtest.h>

#include <fmt/core.h>

#include <deque>
#include <map>

#include "core/transmit_queue.h"
#include "properties/paths.h"
#include "properties/program/workbench.h"
#include "sim/oracles/oracle.h"
#include "sim/scenario/reader.h"
#include "sim/search/run_case.h"
#include "sim/world/world.h"

namespace tickover::sim {
namespace {

// 1. The machine: five verbs, and no other way to the world. It says every word back `wait` later.

class Echo {
 public:
  using Event = Notice;

  Echo(Endpoint at, Duration wait) : wait_(wait) { transmits_.open({.local = at}); }

  void handle_input(const Input& input, Instant now) {
    const auto* datagram = std::get_if<Datagram>(&input);
    if (datagram == nullptr) return;
    words_.push_back({now + wait_,
                      datagram->local,
                      datagram->remote,
                      {datagram->payload.begin(), datagram->payload.end()}});
  }

  void handle_timeout(Instant now) {
    for (; !words_.empty() && words_.front().due <= now; words_.pop_front()) {
      const Word& word = words_.front();
      transmits_.send({.local = word.here, .remote = word.there}, word.bytes);
    }
  }

  std::optional<Transmit> poll_transmit(MutableBytes buffer) { return transmits_.poll(buffer); }
  std::optional<Notice> poll_event() { return {}; }
  std::optional<Timeout> poll_timeout() const {
    if (words_.empty()) return {};
    return Timeout{words_.front().due, "echo"};
  }

  bool operator==(const Echo&) const = default;

 private:
  struct Word {
    Instant due;
    Endpoint here;
    Endpoint there;
    std::vector<std::uint8_t> bytes;
    bool operator==(const Word&) const = default;
  };
  Duration wait_;
  std::deque<Word> words_;
  TransmitQueue transmits_;
};

// 2. What must hold of it. An oracle sees every step of a run, and counts how often it judged.

class NoWordOfItsOwn final : public Oracle {
 public:
  std::unique_ptr<Oracle> clone() const override { return std::make_unique<NoWordOfItsOwn>(*this); }
  std::string_view id() const override { return "echo"; }
  std::string_view statement() const override { return "An echo says no more than it heard"; }

  void observe(const Step& step, const World& world) override {
    if (step.host == no_index || world.plan().hosts[step.host].info.role != "echo") return;
    Words& words = words_[step.host];
    if (step.kind == StepKind::delivery && step.touched) ++words.heard;
    words.said += step.sent.size();
    if (step.sent.empty()) return;
    judged();
    if (words.said > words.heard) {
      broken(step, fmt::format("{} words said, {} heard", words.said, words.heard));
    }
  }

 private:
  struct Words {
    std::uint64_t heard = 0;
    std::uint64_t said = 0;
  };
  std::map<HostIndex, Words> words_;
};

// 3. The role: the word that scenario files use, the settings it understands, and its factory.

constexpr std::uint16_t echo_port = 7;

Role echo_role() {
  return {.name = "echo",
          .help = "says every datagram back after a while",
          .keys = {{"wait", ValueType::duration, "how long after it was heard"}},
          .make =
              [](const RoleContext& context) {
                return AnyMachine(Echo({context.self.addresses.front(), echo_port},
                                       context.duration("wait", std::chrono::seconds(1))));
              },
          .port = echo_port,
          .oracle = [](const Plan&) { return std::make_unique<NoWordOfItsOwn>(); }};
}

RoleRegistry roles() {
  RoleRegistry registry = RoleRegistry::built_in();
  registry.add(echo_role());
  return registry;
}

// 4. The run, from a file and step by step. A program of one's own is one line longer than this:
//    int main(int argc, char** argv) { return run_program(argc, argv, roles()); }

constexpr const char* file = "properties/program/data/echo.toml";

TEST(OwnMachine, runs_from_a_file_under_every_oracle) {
  const RoleRegistry registry = roles();
  const auto scenario = read_scenario_file(TICKOVER_SOURCE_DIR "/" + std::string(file), registry);
  ASSERT_TRUE(scenario) << scenario.error().front().text();
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto plan = make_plan(*scenario, seed, registry);
    ASSERT_TRUE(plan) << plan.error().what;
    const Outcome outcome = run_case(*plan);
    EXPECT_EQ(outcome.exit, ExitCode::held) << summary(outcome);
    EXPECT_EQ(run_case(*plan).digest, outcome.digest);
    for (const auto& [oracle, judgements] : outcome.judgements) {
      EXPECT_GT(judgements, 0u) << oracle << " never judged";
    }
  }
}

TEST(OwnMachine, runs_in_every_verb_of_the_program) {
  const Workbench bench;
  bench.bring(file);
  EXPECT_EQ(bench.tickover({"check", file}, roles()).exit, 0);
  const Finished run = bench.tickover({"run", file, "--seed", "7"}, roles());
  EXPECT_EQ(run.exit, 0) << run.out << run.err;
  EXPECT_NE(run.out.find("verdict: held"), std::string::npos);
  const Finished sweep = bench.tickover({"sweep", file, "--seeds", "20"}, roles());
  EXPECT_EQ(sweep.exit, 0) << sweep.out << sweep.err;
}

TEST(OwnMachine, has_settings_that_are_checked_like_all_others) {
  const Workbench bench;
  bench.write("x.toml", walker_and("echo",
                                   "[[host]]\nname = \"hill\"\nrole = \"echo\"\n"
                                   "wiat = \"1s\"\n"));
  const Finished check = bench.tickover({"check", "x.toml"}, roles());
  EXPECT_EQ(check.exit, 2);
  EXPECT_NE(check.err.find("has no key \"wiat\" (did you mean \"wait\"?)"), std::string::npos)
      << check.err;
}

/// An echo with a flaw: every word twice.
class Stutter : public Echo {
 public:
  using Echo::Echo;
  void handle_input(const Input& input, Instant now) {
    Echo::handle_input(input, now);
    Echo::handle_input(input, now);
  }
  bool operator==(const Stutter&) const = default;
};

TEST(OwnMachine, is_judged_by_its_own_oracle) {
  RoleRegistry registry = RoleRegistry::built_in();
  Role flawed = echo_role();
  flawed.make = [](const RoleContext& context) {
    return AnyMachine(
        Stutter({context.self.addresses.front(), echo_port}, std::chrono::milliseconds(1)));
  };
  registry.add(flawed);
  const Workbench bench;
  bench.write("x.toml", walker_and("echo"));
  const Finished run = bench.tickover({"run", "x.toml"}, registry);
  EXPECT_EQ(run.exit, 1);
  EXPECT_NE(run.out.find("BROKEN echo: An echo says no more than it heard"), std::string::npos)
      << run.out;
}

}  // namespace
}  // namespace tickover::sim
