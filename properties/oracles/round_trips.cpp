// P4 judges the RTO that a client measured, by what its host sent and got.
#include <gtest/gtest.h>

#include "properties/oracles/tampered.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;

/// A relay that is so far away, and loses every fifth datagram.
Stage far_relay(Duration latency) {
  Stage stage = turn_scene();
  LinkSpec& link = stage.scenario.links.back();
  link.both.latency = Range<Duration>(latency);
  link.both.loss = Range<Ratio>(Ratio(1, 5));
  return stage;
}

std::string breach_of_one_that_says(Stage stage, Setting said) {
  Settings real = stage.scenario.hosts[1].settings;
  real.entries.push_back(std::move(said));
  deceive(stage, "turn-client", real);
  return breach_of(stage);
}

// PROTOCOL T5, T6; BUG C27(c); BUGS P4
TEST(MeasuredRoundTrips, are_the_same_for_client_and_oracle) {
  for (const Duration latency : {10ms, 120ms, 200ms, 400ms, 700ms}) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      EXPECT_EQ(breach_of(far_relay(latency), seed), "") << latency.count() << " ns, " << seed;
    }
  }
}

// PROTOCOL T5; BUGS P4
TEST(MeasuredRoundTrips, may_not_be_ignored) {
  const std::string breach =
      breach_of_one_that_says(far_relay(120ms), {"measure-round-trip", false});
  EXPECT_TRUE(breach.starts_with("P4")) << breach;
}

// PROTOCOL T5; BUGS P4
TEST(MeasuredRoundTrips, may_not_lead_beyond_the_longest_rto) {
  const std::string breach =
      breach_of_one_that_says(far_relay(200ms), {"longest-rto", Range<Duration>(3s)});
  EXPECT_TRUE(breach.starts_with("P4")) << breach;
}

}  // namespace
}  // namespace tickover::sim
