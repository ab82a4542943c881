#include "core/stun/round_trip.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "properties/stun/binding_owner.h"

namespace tickover::stun {
namespace {

using namespace std::chrono_literals;
using namespace binding;
using testing::ElementsAre;

const IpAddress near = IpAddress::parse("192.0.2.1").value();
const IpAddress far = IpAddress::parse("2001:db8::1").value();

RoundTripEstimate estimate(const std::vector<Duration>& samples) {
  RoundTripEstimate estimate;
  for (const Duration sample : samples) estimate.sample(sample);
  return estimate;
}

/// The first interval of a new request to `near`, after one answer that took so long at time 0.
Duration rto_after(Duration round_trip, Duration later = 1s,
                   const BackoffPolicy& configured = BackoffPolicy::rfc8489()) {
  RoundTrips trips;
  trips.asked(near, at(0s));
  trips.answered(near, round_trip, at(0s));
  return trips.policy(configured, usual_longest_rto, near, at(later)).first_interval;
}

// PROTOCOL T5
TEST(RoundTripEstimate, believes_its_first_sample) {
  EXPECT_FALSE(RoundTripEstimate().timeout());
  EXPECT_EQ(estimate({100ms}).smoothed(), Duration(100ms));
  EXPECT_EQ(estimate({100ms}).variation(), Duration(50ms));
  EXPECT_EQ(estimate({100ms}).timeout(), Duration(300ms));
}

// PROTOCOL T5
TEST(RoundTripEstimate, gives_an_eighth_to_a_later_sample_and_a_quarter_to_its_deviation) {
  const auto two = estimate({100ms, 200ms});
  EXPECT_EQ(two.smoothed(), Duration(112'500us));
  EXPECT_EQ(two.variation(), Duration(62'500us));
  EXPECT_EQ(two.timeout(), Duration(362'500us));
}

// PROTOCOL T5
TEST(RoundTripEstimate, waits_for_a_tick_of_the_clock_where_nothing_varies) {
  EXPECT_EQ(estimate(std::vector<Duration>(200, 600ms)).timeout(), Duration(601ms));
}

RC_GTEST_PROP(RoundTripEstimate, stays_among_its_samples, ()) {
  const auto samples = *rc::gen::nonEmpty<std::vector<std::uint32_t>>();
  RoundTripEstimate estimate;
  for (const std::uint32_t sample : samples) estimate.sample(Duration::nanoseconds(sample));
  const auto [least, most] = std::ranges::minmax(samples);
  RC_ASSERT(*estimate.smoothed() <= Duration::nanoseconds(most));
  // Each division loses less than a nanosecond, and an eighth of what was lost comes back.
  RC_ASSERT(*estimate.smoothed() + Duration::nanoseconds(8) > Duration::nanoseconds(least));
  RC_ASSERT(*estimate.timeout() > *estimate.smoothed());
}

// PROTOCOL T5, E2
TEST(RoundTrips, lead_to_no_rto_below_half_a_second_nor_above_the_longest) {
  EXPECT_EQ(rto_after(0ms), 500ms);
  EXPECT_EQ(rto_after(166ms), 500ms);
  EXPECT_EQ(rto_after(200ms), 600ms);
  EXPECT_EQ(rto_after(3s), 1s);
}

// PROTOCOL T4, T5
TEST(RoundTrips, leave_policies_alone_that_do_not_double_a_counted_number_of_times) {
  const auto connlib = BackoffPolicy::exponential(1s, Ratio(3, 2), 8s);
  EXPECT_EQ(rto_after(200ms, 1s, connlib), 1s);
  EXPECT_FALSE(follows_round_trips(BackoffPolicy{.send_limit = 0}));
}

// PROTOCOL T5, E2
TEST(RoundTrips, stretch_to_what_is_configured_and_no_farther) {
  EXPECT_EQ(rto_after(0ms, 1s, BackoffPolicy::rfc8489(100ms)), 100ms);
  EXPECT_EQ(rto_after(0ms, 1s, BackoffPolicy::rfc8489(2s)), 500ms);
  EXPECT_EQ(rto_after(3s, 1s, BackoffPolicy::rfc8489(2s)), 2s);
}

// PROTOCOL T4
TEST(RoundTrips, keep_the_last_wait_at_sixteen_times_the_rto) {
  EXPECT_EQ(with_rto(BackoffPolicy::rfc8489(), 800ms, 1s), BackoffPolicy::rfc8489(800ms));
}

// PROTOCOL T5
TEST(RoundTrips, are_forgotten_ten_minutes_after_the_last_request) {
  EXPECT_EQ(rto_after(300ms, 10min - Duration::nanoseconds(1)), 900ms);
  EXPECT_EQ(rto_after(300ms, 10min), 500ms);
  RoundTrips trips;
  trips.asked(near, at(0s));
  trips.answered(near, 300ms, at(0s));
  trips.asked(near, at(10min));
  EXPECT_FALSE(trips.find(near, at(10min)));
}

// PROTOCOL T5
TEST(RoundTrips, belong_to_one_address_each) {
  RoundTrips trips;
  trips.asked(near, at(0s));
  trips.answered(near, 300ms, at(0s));
  trips.asked(far, at(0s));
  EXPECT_FALSE(trips.find(far, at(1s)));
  EXPECT_EQ(trips.find(near, at(1s))->smoothed(), Duration(300ms));
}

// BUGS P16
TEST(RoundTrips, are_kept_for_the_servers_asked_last) {
  RoundTrips trips;
  const auto server = [](int i) { return IpAddress::parse(fmt::format("192.0.2.{}", i)).value(); };
  const auto ask = [&](int i) {
    trips.asked(server(i), at(Duration(1s) * i));
    trips.answered(server(i), 10ms, at(Duration(1s) * i));
  };
  for (int i = 1; i <= 9; ++i) ask(i);
  EXPECT_FALSE(trips.find(server(1), at(10s)));
  for (int i = 2; i <= 9; ++i) EXPECT_TRUE(trips.find(server(i), at(10s))) << i;
}

/// When a query was sent, counted from its first copy, after one that was answered on its copy
/// number `copies` within 300 ms.
std::vector<Duration> second_query(BindingConfig config, int copies) {
  Owner owner(config);
  owner.open();
  Duration asked;
  for (int i = 1; i < copies; ++i)
    owner.run_until(asked = owner.client.poll_timeout()->at.since_origin());
  owner.tell(Answer::success(owner, outside).from(server), asked + 300ms);
  owner.sent_at.clear();
  owner.run_until(asked + 300ms + config.query_interval + 39s);
  std::vector<Duration> since;
  for (const Duration sent : owner.sent_at) since.push_back(sent - owner.sent_at.front());
  return since;
}

// PROTOCOL T5; BUGS P4
TEST(BindingClient, begins_the_next_query_with_the_rto_that_it_measured) {
  EXPECT_THAT(second_query({.server = server}, 1),
              ElementsAre(0s, 900ms, 2700ms, 6300ms, 13'500ms, 27'900ms));
}

// PROTOCOL T6; BUG C27(c)
TEST(BindingClient, measures_nothing_where_it_sent_copies) {
  EXPECT_THAT(second_query({.server = server}, 2),
              ElementsAre(0s, 500ms, 1500ms, 3500ms, 7500ms, 15'500ms, 31'500ms));
}

// PROTOCOL T5
TEST(BindingClient, measures_nothing_that_it_asked_for_too_long_ago) {
  EXPECT_EQ(second_query({.server = server, .query_interval = 11min}, 1)[1], 500ms);
}

TEST(BindingClient, keeps_to_the_configured_rto_if_told_so) {
  EXPECT_EQ(second_query({.server = server, .measure_round_trip = false}, 1)[1], 500ms);
  EXPECT_EQ(second_query({.server = server, .longest_rto = 700ms}, 1)[1], 700ms);
}

// PROTOCOL T5
TEST(BindingClient, tells_its_smoothed_round_trip) {
  Owner owner;
  owner.open();
  EXPECT_FALSE(owner.client.round_trip(at(0s)));
  owner.tell(Answer::success(owner, outside).from(server), 40ms);
  EXPECT_EQ(owner.client.round_trip(at(1s)), Duration(40ms));
  EXPECT_FALSE(owner.client.round_trip(at(10min)));
}

// PROTOCOL T6; BUGS G22
TEST(BindingClient, measures_nothing_where_the_host_refused_the_first_copy) {
  Owner owner;
  owner.open();
  owner.tell(SendRefused{local, server}, 0ms);
  owner.run_until(100ms);
  owner.tell(Answer::success(owner, outside).from(server), 140ms);
  EXPECT_FALSE(owner.client.round_trip(at(1s)));
}

}  // namespace
}  // namespace tickover::stun
