#include "core/stun/round_trip.h"

#include <algorithm>

#include "core/check.h"

namespace tickover::stun {

std::optional<Duration> RoundTripEstimate::timeout() const {
  if (!smoothed_) return {};
  return *smoothed_ + std::max(granularity, variation_ * 4);
}

void RoundTripEstimate::sample(Duration round_trip) {
  CHECK(round_trip >= Duration());
  if (!smoothed_) {
    smoothed_ = round_trip;
    variation_ = round_trip / 2;
    return;
  }
  // The variation first: it is measured against the old mean (RFC 6298, section 2.3).
  const Duration deviation = std::max(*smoothed_ - round_trip, round_trip - *smoothed_);
  variation_ = (variation_ * 3 + deviation) / 4;
  smoothed_ = (*smoothed_ * 7 + round_trip) / 8;
}

bool follows_round_trips(const BackoffPolicy& policy) {
  return policy.send_limit > 0 && policy.growth == Ratio(2, 1);
}

BackoffPolicy with_rto(const BackoffPolicy& configured, Duration rto, Duration longest) {
  if (!follows_round_trips(configured)) return configured;
  const Duration low = std::min(lowest_rto, configured.first_interval);
  const Duration high = std::max(longest, configured.first_interval);
  return configured.with_first_interval(std::clamp(rto, low, high));
}

std::optional<RoundTripEstimate> RoundTrips::find(const IpAddress& server, Instant now) const {
  const auto found = std::ranges::find(servers_, server, &Server::ip);
  if (found == servers_.end() || now - found->asked_at >= memory) return {};
  if (!found->estimate.smoothed()) return {};
  return found->estimate;
}

BackoffPolicy RoundTrips::policy(const BackoffPolicy& configured, Duration longest_rto,
                                 const IpAddress& server, Instant now) const {
  const auto estimate = find(server, now);
  if (!estimate) return configured;
  return with_rto(configured, *estimate->timeout(), longest_rto);
}

void RoundTrips::asked(const IpAddress& server, Instant now) {
  Server& place = place_of(server, now);
  if (now - place.asked_at >= memory) place.estimate = {};
  place.asked_at = now;
}

void RoundTrips::answered(const IpAddress& server, Duration round_trip, Instant now) {
  place_of(server, now).estimate.sample(round_trip);
}

RoundTrips::Server& RoundTrips::place_of(const IpAddress& server, Instant now) {
  const auto found = std::ranges::find(servers_, server, &Server::ip);
  if (found != servers_.end()) return *found;
  if (servers_.size() == most_servers) {
    servers_.erase(std::ranges::min_element(servers_, {}, &Server::asked_at));
  }
  return servers_.emplace_back(Server{server, {}, now});
}

}  // namespace tickover::stun
