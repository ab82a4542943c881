// By what a sweep tells failures apart, and what lies on disk while it makes one small.
#include <gtest/gtest.h>

#include <filesystem>

#include "properties/oracles/hand_made.h"
#include "properties/program/workbench.h"
#include "sim/program/keep_failure.h"
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

// A machine that crashes while its failure is made small must not take the case with it.
TEST(KeptFailure, has_what_the_shrinker_tries_on_disk_before_it_is_run) {
  const Workbench bench;
  bool was_there = false;
  Stage stage = stage_with_clients();
  stage.registry->add(
      {.name = "witness", .help = "looks at the folder", .make = [&](const RoleContext& context) {
         for (const std::string& file : bench.files(".")) {
           was_there = was_there || file.ends_with("-candidate.toml");
         }
         return RoleRegistry::built_in().find("peer")->make(context);
       }});
  stage.host("alice", "client", "192.0.2.1").host("bob", "witness", "192.0.2.2");
  stage.scenario.expect.finally_ = {{.text = "alice has an allocation"}};
  const std::string told = run_and_keep(
      stage.scenario, 1, {.program = "tickover", .folder = bench.path("."), .name = "kept"},
      *stage.registry);
  EXPECT_NE(told.find("alice has none"), std::string::npos) << told;
  EXPECT_TRUE(was_there) << told;
}

}  // namespace
}  // namespace tickover::sim
