#include "core/stun/transaction.h"

namespace tickover::stun {
namespace {

/// Ids are drawn at random (RFC 8489, section 5), so they are as good a key as a draw of its own.
std::uint64_t jitter_key(const TransactionId& id) {
  return ByteReader(id.bytes).u64();
}

}  // namespace

Transaction::Transaction(TransactionId id, Endpoint local, Endpoint server,
                         std::vector<std::uint8_t> request, const BackoffPolicy& policy,
                         Instant now)
    : id_(id),
      local_(local),
      server_(server),
      request_(std::move(request)),
      first_sent_(now),
      backoff_(policy, now, jitter_key(id)) {}

std::optional<Duration> Transaction::round_trip(Instant now) const {
  if (sends_ > 1) return {};
  return now - first_sent_;
}

Verdict Transaction::handle_timeout(Instant now) {
  if (now < backoff_.next_trigger()) return Verdict::wait;
  backoff_.handle_timeout(now);
  if (backoff_.is_expired(now)) return Verdict::give_up;
  ++sends_;
  return Verdict::resend;
}

}  // namespace tickover::stun
