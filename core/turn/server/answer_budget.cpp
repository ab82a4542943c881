#include "core/turn/server/answer_budget.h"

#include "core/turn/server/peer_policy.h"

namespace tickover::turn {
namespace {

/// A whole network that lost its relay at once comes back at once.
constexpr std::uint64_t burst_seconds = 4;

std::uint64_t network_of(const IpAddress& client) {
  const IpAddress ip = canonical(client);
  const unsigned host_bits = ip.family() == AddressFamily::ipv4 ? 64 - 24 : 64 - 56;
  return mix(ip.high() >> host_bits, static_cast<std::uint64_t>(ip.family()));
}

}  // namespace

AnswerBudget::AnswerBudget(const ServerConfig& config, Random random)
    : rate_{config.max_unsigned_answers_per_second,
            burst_seconds * config.max_unsigned_answers_per_second},
      key_(random.word()),
      buckets_(config.answer_budgets) {}

bool AnswerBudget::take(const IpAddress& client, Instant now) {
  const std::uint64_t hash = scramble(mix(key_, network_of(client)));
  return buckets_[scale_below(hash, buckets_.size())].take(1, rate_, now);
}

}  // namespace tickover::turn
