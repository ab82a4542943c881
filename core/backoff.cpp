#include "core/backoff.h"

#include <algorithm>
#include <limits>

#include "core/check.h"

namespace tickover {
namespace {

constexpr Duration one_nanosecond = Duration::nanoseconds(1);

Instant saturated(Int128 time) {
  const Int128 low = Duration::min().count();
  const Int128 high = Duration::max().count();
  return Instant::at(Duration::nanoseconds(static_cast<std::int64_t>(std::clamp(time, low, high))));
}

Int128 wide(Instant t) {
  return t.since_origin().count();
}

}  // namespace

BackoffPolicy BackoffPolicy::rfc8489(Duration rto) {
  return {.first_interval = rto, .growth = {2, 1}, .send_limit = 7, .last_wait = rto * 16};
}

BackoffPolicy BackoffPolicy::exponential(Duration first_interval, Ratio growth,
                                         Duration max_elapsed) {
  return {.first_interval = first_interval, .growth = growth, .max_elapsed = max_elapsed};
}

BackoffPolicy BackoffPolicy::with_first_interval(Duration interval) const {
  CHECK(first_interval > Duration() && interval > Duration());
  BackoffPolicy policy = *this;
  policy.first_interval = interval;
  if (!last_wait) return policy;
  const Int128 wait = Int128{last_wait->count()} * interval.count() / first_interval.count();
  policy.last_wait = std::max(one_nanosecond, saturated(wait).since_origin());
  return policy;
}

Backoff::Backoff(const BackoffPolicy& policy, Instant start, std::uint64_t key)
    : policy_(policy),
      key_(key),
      passed_{start, std::min(policy.first_interval, policy.interval_cap)} {
  CHECK(policy.first_interval > Duration());
  CHECK(policy.growth >= Ratio(1, 1));
  CHECK(policy.interval_cap > Duration());
  CHECK(!policy.last_wait || *policy.last_wait > Duration());
  CHECK(policy.max_elapsed >= Duration());
  CHECK(policy.jitter <= Ratio(1, 1));
  expiry_ = compute_expiry();
  trigger_ = compute_trigger();
}

void Backoff::handle_timeout(Instant now) {
  if (now < trigger_) return;
  // Nothing is sent at the expiry. So all that a late wake-up can reach lies before it, and the
  // state is the same however long after the expiry we are told.
  passed_ = latest(passed_, std::min(now, expiry_ - one_nanosecond), last_index());
  trigger_ = compute_trigger();
}

/// Intervals grow by floor(i * (n - d) / d) a step. That is constant for many steps in a row where
/// growth is close to 1, and for ever at the cap or where the product rounds down to nothing: there
/// the points are quadratic in the number of steps, and need not be walked one by one. `span`
/// bounds how far anyone looks.
Backoff::Run Backoff::run_after(const Point& point, Int128 span) const {
  const Int128 interval = point.interval.count();
  const Int128 excess = policy_.growth.numerator() - policy_.growth.denominator();
  const Int128 denominator = policy_.growth.denominator();
  const Int128 room = policy_.interval_cap.count() - interval;
  const Int128 increment = interval * excess / denominator;
  const Int128 useful_steps = std::max<Int128>(span, 0) / interval + 1;
  if (increment == 0 || room == 0) return {0, useful_steps};
  if (increment >= room) return {room, 1};
  const Int128 last_alike = ((increment + 1) * denominator - 1) / excess;
  const Int128 alike = (last_alike - interval) / increment + 1;
  return {increment, std::min({alike, room / increment, useful_steps})};
}

/// When the point `steps` after `point` is sent, with its jitter, within one run.
Int128 Backoff::time_of(const Point& point, Int128 steps, Int128 increment) const {
  const Int128 nominal = wide(point.at) + steps * point.interval.count() +
                         (steps > 0 ? steps * (steps - 1) / 2 * increment : 0);
  const std::uint64_t index = point.index + static_cast<std::uint64_t>(steps);
  if (index == 0 || policy_.jitter.numerator() == 0) return nominal;
  const Int128 interval = point.interval.count() + steps * increment;
  // Below the whole interval, so that no point is late enough to meet the next one.
  const Int128 bound = interval * policy_.jitter.numerator() / policy_.jitter.denominator();
  return nominal + scale_below(scramble(mix(key_, index)), static_cast<std::uint64_t>(bound));
}

/// The latest point that is sent at or before `until` and has no later number than `last_index`;
/// `from` itself if there is none. The number of runs is bounded: each either multiplies the
/// interval or covers a share of all time, 64 for a doubling, some millions for the worst ratio.
Backoff::Point Backoff::latest(Point from, Instant until, std::uint64_t last_index) const {
  while (from.index < last_index) {
    Run run = run_after(from, wide(until) - wide(from.at));
    run.steps = std::min<Int128>(run.steps, last_index - from.index);
    Int128 reached = 0;
    Int128 missed = run.steps + 1;
    while (missed - reached > 1) {
      const Int128 middle = reached + (missed - reached) / 2;
      (time_of(from, middle, run.increment) <= wide(until) ? reached : missed) = middle;
    }
    if (reached == 0) break;
    const Int128 interval = from.interval.count() + reached * run.increment;
    const Int128 nominal = wide(from.at) + reached * from.interval.count() +
                           reached * (reached - 1) / 2 * run.increment;
    from = {saturated(nominal), Duration::nanoseconds(static_cast<std::int64_t>(interval)),
            from.index + static_cast<std::uint64_t>(reached)};
    if (reached < run.steps) break;
  }
  return from;
}

std::uint64_t Backoff::last_index() const {
  return policy_.send_limit == 0 ? std::numeric_limits<std::uint64_t>::max()
                                 : policy_.send_limit - 1;
}

Instant Backoff::compute_expiry() const {
  const bool endless = policy_.max_elapsed == Duration::max();
  const Instant end = endless ? Instant::never() : passed_.at + policy_.max_elapsed;
  if (policy_.send_limit == 0) return end;
  const Point last = latest(passed_, Instant::never() - one_nanosecond, last_index());
  if (last.index < last_index()) return end;
  return std::min(end, saturated(time_of(last, 0, 0)) + policy_.last_wait.value_or(last.interval));
}

Instant Backoff::compute_trigger() const {
  if (passed_.index >= last_index()) return expiry_;
  const Run run = run_after(passed_, 0);
  return std::min(expiry_, saturated(time_of(passed_, 1, run.increment)));
}

}  // namespace tickover
