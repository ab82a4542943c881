#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>

#include "core/ratio.h"

namespace tickover {

__extension__ using Int128 = __int128;

/// A length of time in whole nanoseconds, about +-292 years. All arithmetic saturates at the
/// ends of that range, so no sum of lifetimes can wrap. `500ms`, `2h` and every other integral
/// std::chrono duration convert to it.
class Duration {
 public:
  constexpr Duration() = default;
  template <class Rep, class Period>
    requires std::is_integral_v<Rep>
  constexpr Duration(std::chrono::duration<Rep, Period> d)  // NOLINT: literals are meant to convert
      : ns_(scaled(static_cast<Int128>(d.count()) * 1'000'000'000 * Period::num, Period::den)) {}

  static constexpr Duration nanoseconds(std::int64_t count) { return Duration(count, Exact{}); }
  static constexpr Duration max() { return nanoseconds(std::numeric_limits<std::int64_t>::max()); }
  static constexpr Duration min() { return nanoseconds(std::numeric_limits<std::int64_t>::min()); }

  constexpr std::int64_t count() const { return ns_; }
  constexpr auto operator<=>(const Duration&) const = default;

  friend constexpr Duration operator+(Duration a, Duration b) {
    return saturated(static_cast<Int128>(a.ns_) + b.ns_);
  }
  friend constexpr Duration operator-(Duration a, Duration b) {
    return saturated(static_cast<Int128>(a.ns_) - b.ns_);
  }
  friend constexpr Duration operator*(Duration a, std::int64_t n) {
    return saturated(static_cast<Int128>(a.ns_) * n);
  }
  friend constexpr Duration operator/(Duration a, std::int64_t n) {
    return saturated(static_cast<Int128>(a.ns_) / n);
  }
  /// How often `b` fits into `a`, rounded towards zero.
  friend constexpr std::int64_t operator/(Duration a, Duration b) { return a.ns_ / b.ns_; }
  friend constexpr Duration operator%(Duration a, Duration b) { return nanoseconds(a.ns_ % b.ns_); }
  /// Rounded down: floor(a * n / d).
  friend constexpr Duration operator*(Duration a, Ratio r) {
    const Int128 product = static_cast<Int128>(a.ns_) * r.numerator();
    const Int128 quotient = product / r.denominator();
    return saturated(product < 0 && product % r.denominator() != 0 ? quotient - 1 : quotient);
  }
  constexpr Duration& operator+=(Duration b) { return *this = *this + b; }
  constexpr Duration& operator-=(Duration b) { return *this = *this - b; }

 private:
  struct Exact {};
  constexpr Duration(std::int64_t ns, Exact) : ns_(ns) {}
  static constexpr std::int64_t clamp(Int128 v) {
    constexpr Int128 low = std::numeric_limits<std::int64_t>::min();
    constexpr Int128 high = std::numeric_limits<std::int64_t>::max();
    return static_cast<std::int64_t>(v < low ? low : v > high ? high : v);
  }
  static constexpr Duration saturated(Int128 v) { return Duration(clamp(v), Exact{}); }
  static constexpr std::int64_t scaled(Int128 numerator, std::intmax_t denominator) {
    return clamp(numerator / denominator);
  }

  std::int64_t ns_ = 0;
};

/// A point on one host's monotonic timeline, in nanoseconds since an origin of no meaning.
/// There is no way to ask for the current one: time is always an argument. Two instants can be
/// subtracted but not added. Saturates like Duration.
class Instant {
 public:
  constexpr Instant() = default;
  static constexpr Instant at(Duration since_origin) { return Instant(since_origin); }
  /// Later than every deadline that is ever reached.
  static constexpr Instant never() { return Instant(Duration::max()); }

  constexpr Duration since_origin() const { return since_origin_; }
  constexpr auto operator<=>(const Instant&) const = default;

  friend constexpr Instant operator+(Instant t, Duration d) { return Instant(t.since_origin_ + d); }
  friend constexpr Instant operator-(Instant t, Duration d) { return Instant(t.since_origin_ - d); }
  friend constexpr Duration operator-(Instant a, Instant b) {
    return a.since_origin_ - b.since_origin_;
  }
  constexpr Instant& operator+=(Duration d) { return *this = *this + d; }

 private:
  constexpr explicit Instant(Duration since_origin) : since_origin_(since_origin) {}
  Duration since_origin_;
};

/// A point on the wall clock: time since 1970-01-01T00:00:00Z without leap seconds. A type of its
/// own, because it can jump: only credentials that name a date may look at it.
class WallTime {
 public:
  constexpr WallTime() = default;
  static constexpr WallTime at(Duration since_epoch) { return WallTime(since_epoch); }
  constexpr Duration since_epoch() const { return since_epoch_; }
  constexpr auto operator<=>(const WallTime&) const = default;

 private:
  constexpr explicit WallTime(Duration since_epoch) : since_epoch_(since_epoch) {}
  Duration since_epoch_;
};

}  // namespace tickover
