// By what a sweep tells failures apart, and what lies on disk while it makes one small.
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>

#include "properties/oracles/hand_made.h"
#include "properties/program/workbench.h"
#include "sim/program/keep_failure.h"
#include "sim/scenario/printer.h"
#include "sim/search/failure_shape.h"

namespace tickover::sim {
namespace {

TEST(FailureShape, is_the_same_whatever_the_numbers_and_names_are) {
  Stage stage;
  stage.host("alice", "peer", "192.0.2.1").host("bob", "peer", "192.0.2.2");
  const auto plan = stage.plan();
  const std::string shape = shape_of("alice waits until 1.57s, not 2s", *plan);
  EXPECT_EQ(shape_of("bob waits until 1min 3.5s, not 1h", *plan), shape);
  EXPECT_NE(shape_of("bob waits until 1.57s, but not 2s", *plan), shape);
  EXPECT_NE(shape_of("carol waits until 1.57s, not 2s", *plan), shape);
}

TEST(FailureShape, is_the_same_however_many_fare_alike_and_another_for_each_sentence) {
  Stage stage;
  stage.host("alice", "peer", "192.0.2.1").host("bob", "peer", "192.0.2.2");
  const auto plan = stage.plan();
  const auto shape = [&](std::string what) {
    Outcome outcome{.exit = ExitCode::expectation};
    outcome.breach = Breach{BreachClass::expectation, "P6", "", std::move(what), 1, {}};
    return failure_shape(outcome, *plan);
  };
  const std::string one =
      shape("5s after the heal: bob has none; nothing from alice. Now bob waits");
  EXPECT_EQ(shape("5s after the heal: alice has none; nothing from alice; nothing from bob"), one);
  EXPECT_NE(shape("5s after the heal: bob has none"), one);
  EXPECT_EQ(shape("5s after the heal: alice has none; bob has none"),
            shape("5s after the heal: bob has none"));
  EXPECT_NE(shape("count \"bob hears\" (line 41): 3 times"),
            shape("count \"alice hears\" (line 42): 3 times"));
  EXPECT_EQ(shape("count \"bob hears\" (line 41): 3 times"),
            shape("count \"bob hears\" (line 41): 17 times"));
}

/// Objects to any world.
class Grumbler final : public Oracle {
 public:
  std::unique_ptr<Oracle> clone() const override { return std::make_unique<Grumbler>(*this); }
  std::string_view id() const override { return "grumbler"; }
  std::string_view statement() const override { return "Nobody starts"; }
  void observe(const Step& step, const World&) override {
    judged();
    broken(step, "somebody does");
  }
};

// A machine that crashes while its failure is made small must not take the case with it.
TEST(KeptFailure, has_what_the_shrinker_tries_on_disk_before_it_is_run) {
  const Workbench bench;
  const std::string candidate = "kept-grumbler-1-candidate-" + std::to_string(::getpid()) + ".toml";
  int as_written = 0;
  int otherwise = 0;
  Stage stage = two_peers();
  // Made for each run of a plan: by then, what is run must be what is on disk.
  Role peer = *stage.registry->find("peer");
  peer.oracle = [&](const Plan& plan) {
    const bool is_it = bench.has(candidate) && bench.read(candidate) == print(plan.scenario);
    ++(is_it ? as_written : otherwise);
    return std::make_unique<Grumbler>();
  };
  stage.registry->add(std::move(peer));
  stage.host("carol", "peer", "192.0.2.3").traffic("alice", "carol");
  const std::string told = run_and_keep(
      stage.scenario, 1, {.program = "tickover", .folder = bench.path("."), .name = "kept"},
      *stage.registry);
  EXPECT_NE(told.find("grumbler"), std::string::npos) << told;
  EXPECT_GE(as_written, 3) << told;
  EXPECT_LE(otherwise, 4) << "as it was found, confirmed, and told twice";
  EXPECT_FALSE(bench.has(candidate));
}

}  // namespace
}  // namespace tickover::sim
