#include "sim/oracles/reference_rto.h"

#include <algorithm>

namespace tickover::sim {
namespace {

constexpr std::int64_t millisecond = 1'000'000;

}  // namespace

bool ReferenceRto::is_fresh(const Server& server, Instant now) {
  return now - server.last_request < Duration(std::chrono::minutes(10));
}

std::optional<Duration> ReferenceRto::expected(const IpAddress& ip, Instant now) const {
  const auto found = servers_.find(ip);
  if (found == servers_.end() || !is_fresh(found->second, now)) return limits_.initial;
  const Server& server = found->second;
  if (server.unsure) return {};
  if (server.mean < 0) return limits_.initial;
  const std::int64_t rto = server.mean + std::max(millisecond, 4 * server.deviation);
  return std::clamp(Duration::nanoseconds(rto), limits_.lowest, limits_.highest);
}

void ReferenceRto::requested(const IpAddress& ip, Instant now) {
  Server& server = servers_[ip];
  if (!is_fresh(server, now)) server = {};
  server.last_request = now;
}

void ReferenceRto::answered(const IpAddress& ip, Duration round_trip, bool sure) {
  Server& server = servers_[ip];
  if (!sure) server.unsure = true;
  const std::int64_t sample = round_trip.count();
  if (server.mean < 0) {
    server.mean = sample;
    server.deviation = sample / 2;
    return;
  }
  const std::int64_t off = sample > server.mean ? sample - server.mean : server.mean - sample;
  server.deviation = (3 * server.deviation + off) / 4;
  server.mean = (7 * server.mean + sample) / 8;
}

}  // namespace tickover::sim
