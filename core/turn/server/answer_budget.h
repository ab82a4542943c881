#pragma once

#include <vector>

#include "core/address.h"
#include "core/turn/server/config.h"
#include "core/turn/server/token_bucket.h"

namespace tickover::turn {

/// How many unsigned answers go to one network: an IPv4 /24 or an IPv6 /56. Whoever sends with a
/// victim's address makes this server answer the victim; beyond the budget it stays silent, and an
/// honest client's retransmission comes through later (PROTOCOL AB1). Networks share a fixed
/// number of buckets by a keyed hash, so a flood from everywhere fills no memory (AB4), and nobody
/// without the key knows whose bucket another network shares.
class AnswerBudget {
 public:
  AnswerBudget(const ServerConfig& config, Random random);

  /// Whether one more answer may go to this client.
  bool take(const IpAddress& client, Instant now);

  bool operator==(const AnswerBudget&) const = default;

 private:
  Rate rate_;
  std::uint64_t key_;
  std::vector<TokenBucket> buckets_;
};

}  // namespace tickover::turn
