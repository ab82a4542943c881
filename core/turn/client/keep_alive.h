#pragma once

#include <algorithm>
#include <optional>

#include "core/turn/client/timer.h"

namespace tickover::turn::client {

/// Two silences, one probe. What we send keeps the NAT's mapping; what we receive proves that the
/// relay lives. Neither stands in for the other (BUGS C13): when either has been missing for a
/// period, a Binding request gives both.
class KeepAlive {
 public:
  explicit KeepAlive(Duration period) : period_(period) {}

  std::optional<Due> due() const {
    if (!on_ || probing_) return {};
    return Due{std::min(heard_at_, sent_at_) + period_, Timer::keep_alive};
  }
  /// Whether the relay gave a sign of life after `since`.
  bool heard_after(Instant since) const { return heard_at_ > since; }

  void start(Instant now) {
    on_ = true;
    probing_ = false;
    heard_at_ = sent_at_ = now;
  }
  void stop() { *this = KeepAlive(period_); }
  void heard(Instant now) { heard_at_ = now; }
  void sent(Instant now) { sent_at_ = now; }
  /// Nothing left the host, at least not all: it is made good soon.
  void send_refused(Instant now) { sent_at_ = std::min(sent_at_, now + soon - period_); }
  void probing() { probing_ = true; }
  void probe_ended() { probing_ = false; }

  bool operator==(const KeepAlive&) const = default;

 private:
  static constexpr Duration soon = std::chrono::milliseconds(500);

  Duration period_;
  bool on_ = false;
  bool probing_ = false;  // queued or under way
  Instant heard_at_;
  Instant sent_at_;
};

}  // namespace tickover::turn::client
