#pragma once

#include <algorithm>

#include "core/turn/client/timer.h"

namespace tickover::turn::client {

/// Two silences. What we send keeps the NAT's mapping; what we receive proves that the relay lives.
/// Neither stands in for the other (BUGS C13): when either has been missing for a period, a Refresh
/// ends both.
class KeepAlive {
 public:
  KeepAlive(Duration period, Instant now) : period_(period), heard_at_(now), sent_at_(now) {}

  Due due() const { return {std::min(heard_at_, sent_at_) + period_, Timer::keep_alive}; }
  /// When the relay has been silent for a whole period.
  Due silence_due() const { return {heard_at_ + period_, Timer::keep_alive}; }
  bool is_silent(Instant now) const { return now >= heard_at_ + period_; }
  /// Whether the relay gave a sign of life after `since`.
  bool heard_after(Instant since) const { return heard_at_ > since; }

  void heard(Instant now) { heard_at_ = now; }
  void sent(Instant now) { sent_at_ = now; }
  /// Nothing left the host, at least not all: it is made good soon.
  void send_refused(Instant now) { sent_at_ = std::min(sent_at_, now + soon - period_); }

  bool operator==(const KeepAlive&) const = default;

 private:
  static constexpr Duration soon = std::chrono::milliseconds(500);

  Duration period_;
  Instant heard_at_;
  Instant sent_at_;
};

}  // namespace tickover::turn::client
