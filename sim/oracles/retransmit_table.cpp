#include <algorithm>

#include "sim/oracles/retransmissions.h"

namespace tickover::sim {
namespace {

constexpr std::size_t most_points = 4096;

template <class T>
void read(const Settings& table, std::string_view key, T& into) {
  const Setting* setting = table.find(key);
  if (setting == nullptr) return;
  if (const auto* range = std::get_if<Range<T>>(&setting->value)) into = range->low;
}

bool is_on(const Settings& settings, std::string_view key, bool otherwise) {
  const Setting* setting = settings.find(key);
  return setting == nullptr ? otherwise : std::get<bool>(setting->value);
}

}  // namespace

RetransmitTable::Policy RetransmitTable::policy_of(const Settings& settings) {
  // RFC 8489, section 6.2.1: RTO 500 ms, Rc 7, Rm 16.
  const Policy rfc8489{.sends = 7, .last_wait = std::chrono::seconds(8)};
  const Setting* setting = settings.find("backoff");
  if (setting == nullptr) return rfc8489;
  if (const auto* name = std::get_if<std::string>(&setting->value)) {
    if (*name != "connlib") return rfc8489;
    return {.first = std::chrono::seconds(1),
            .growth = Ratio{3, 2},
            .max_elapsed = std::chrono::seconds(8)};
  }
  Policy policy;
  const auto* table = std::get_if<Settings>(&setting->value);
  if (table == nullptr) return rfc8489;
  read(*table, "first", policy.first);
  read(*table, "growth", policy.growth);
  read(*table, "cap", policy.cap);
  read(*table, "sends", policy.sends);
  read(*table, "max-elapsed", policy.max_elapsed);
  read(*table, "jitter", policy.jitter);
  Duration last_wait;
  read(*table, "last-wait", last_wait);
  if (last_wait > Duration{}) policy.last_wait = last_wait;
  if (policy.sends == 0 && policy.max_elapsed == Duration::max()) policy.sends = 7;
  return policy;
}

RetransmitTable::RetransmitTable(const Settings& settings)
    : policy_(policy_of(settings)), limits_{policy_.first, policy_.first, policy_.first} {
  // Only what counts its sends and doubles its waits follows what is measured.
  if (policy_.sends > 0 && policy_.growth == Ratio{2, 1} &&
      is_on(settings, "measure-round-trip", true)) {
    Duration longest = std::chrono::seconds(1);
    read(settings, "longest-rto", longest);
    limits_.lowest = std::min(limits_.lowest, Duration(std::chrono::milliseconds(500)));
    limits_.highest = std::max(limits_.highest, longest);
  }
  start_with(policy_.first);
}

void RetransmitTable::start_with(Duration first_interval) {
  Policy policy = policy_;
  policy.first = first_ = first_interval;
  if (policy.last_wait) {
    const Int128 scaled = Int128{policy.last_wait->count()} * first_interval.count();
    const Int128 most = Duration::max().count();
    policy.last_wait = Duration::nanoseconds(
        static_cast<std::int64_t>(std::clamp<Int128>(scaled / policy_.first.count(), 1, most)));
  }
  points_.clear();
  Duration at;
  Duration wait = std::min(policy.first, policy.cap);
  Duration jitter;
  while (points_.size() < most_points && at < policy.max_elapsed) {
    jitter = points_.empty() ? Duration{} : wait * policy.jitter;
    points_.push_back({at, at + jitter});
    if (std::cmp_equal(points_.size(), policy.sends)) break;
    at += wait;
    wait = std::min(policy.cap, wait * policy.growth);
  }
  give_up_ = {policy.max_elapsed, policy.max_elapsed};
  if (policy.sends > 0) {
    const Duration last_wait = policy.last_wait.value_or(wait);
    give_up_.earliest = std::min(policy.max_elapsed, points_.back().earliest + last_wait);
    give_up_.latest = std::min(policy.max_elapsed, points_.back().latest + last_wait);
  }
}

std::size_t RetransmitTable::most_within(Duration span) const {
  // The waits never shrink, so that no span holds more than one that begins at the start.
  return static_cast<std::size_t>(
      std::ranges::count_if(points_, [&](const Point& point) { return point.earliest <= span; }));
}

}  // namespace tickover::sim
