#pragma once

#include <cstdint>
#include <optional>

#include "core/random.h"
#include "core/ratio.h"
#include "core/time.h"

namespace tickover {

/// How often, and for how long, something is sent again. Everything combines freely.
struct BackoffPolicy {
  /// The wait after the first send; > 0.
  Duration first_interval = Duration::nanoseconds(500'000'000);
  /// Each wait is the one before times this, rounded down to a nanosecond; >= 1.
  Ratio growth{2, 1};
  /// No wait is longer than this (the first neither); > 0.
  Duration interval_cap = Duration::max();
  /// Sends including the first; 0 is without limit. RFC 8489, section 6.2.1 calls it Rc.
  std::uint32_t send_limit = 0;
  /// With a send limit: how long the last send may take to be answered; > 0. Rm * RTO in RFC 8489,
  /// section 6.2.1. Empty: the interval that would have followed.
  std::optional<Duration> last_wait = {};
  /// It ends this long after the first send, whatever else; >= 0. Duration::max() is never.
  Duration max_elapsed = Duration::max();
  /// Each send but the first is late by a keyed draw below this share of its interval; <= 1.
  Ratio jitter{0, 1};

  /// RFC 8489, section 6.2.1 with Rc = 7 and Rm = 16. With an RTO of 500 ms: sends at 0, 0.5, 1.5,
  /// 3.5, 7.5, 15.5 and 31.5 s, failure at 39.5 s.
  static BackoffPolicy rfc8489(Duration rto = Duration::nanoseconds(500'000'000));
  /// Until `max_elapsed` has passed. With 1 s, 3/2 and 8 s: sends at 0, 1, 2.5 and 4.75 s, failure
  /// at 8 s.
  static BackoffPolicy exponential(Duration first_interval, Ratio growth, Duration max_elapsed);

  /// The same with another first interval, > 0. A last wait keeps its proportion to it (Rm * RTO),
  /// rounded down to a nanosecond; whatever else is configured stays.
  BackoffPolicy with_first_interval(Duration interval) const;

  bool operator==(const BackoffPolicy&) const = default;
};

/// What a retransmitting protocol asks: is it over, when is the next retry, what is the wait now?
///
/// The sends lie on a grid that policy, start and key fix once and for all: point 0 is the start,
/// point k+1 follows point k by the interval i(k), and i(k+1) = min(cap, floor(i(k) * growth)). How
/// often or how late anyone asks changes nothing about the grid. The grid ends before the expiry,
/// and after `send_limit` points.
///
/// The owner sends at `start` by itself, and again iff `now >= next_trigger()` before
/// handle_timeout(now) and not is_expired(now).
///
/// Near the ends of time points and expiry saturate; what has no other end expires at
/// Instant::never().
class Backoff {
 public:
  /// `key` chooses the jitter; it has no effect without.
  Backoff(const BackoffPolicy& policy, Instant start, std::uint64_t key = 0);

  /// True from the very nanosecond of the expiry on.
  bool is_expired(Instant now) const { return now >= expiry_; }
  /// The next point of the grid, or the expiry if no point is left before it. Later than the time
  /// last told, unless expired.
  Instant next_trigger() const { return trigger_; }
  /// The nominal wait i(k) after the last point that has passed: without jitter, and not cut short
  /// by the expiry. It never shrinks.
  Duration interval() const { return passed_.interval; }
  Instant expiry() const { return expiry_; }

  /// Ticks over to the first point later than `now`; points in between are skipped. Does nothing
  /// before the trigger. Costs a few steps, not one per missed point.
  void handle_timeout(Instant now);

  bool operator==(const Backoff&) const = default;

 private:
  /// A point of the grid before jitter, and the interval that follows it.
  struct Point {
    Instant at;
    Duration interval;
    std::uint64_t index = 0;

    bool operator==(const Point&) const = default;
  };
  /// `steps` consecutive intervals that each grow by the same whole `increment`.
  struct Run {
    Int128 increment = 0;
    Int128 steps = 0;
  };

  Run run_after(const Point& point, Int128 span) const;
  Int128 time_of(const Point& point, Int128 steps, Int128 increment) const;
  Point latest(Point from, Instant until, std::uint64_t last_index) const;
  std::uint64_t last_index() const;
  Instant compute_expiry() const;
  Instant compute_trigger() const;

  BackoffPolicy policy_;
  std::uint64_t key_ = 0;
  Point passed_;
  Instant expiry_;
  Instant trigger_;
};

}  // namespace tickover
