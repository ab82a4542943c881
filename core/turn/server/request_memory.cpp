#include "core/turn/server/request_memory.h"

#include <algorithm>

namespace tickover::turn {

std::uint64_t RequestMemory::hash(const FiveTuple& tuple, const stun::TransactionId& id,
                                  UserId user) const {
  ByteReader in(id.bytes);
  const std::uint64_t high = in.u64();
  const std::uint64_t low = in.u32();
  const std::uint64_t who = mix(stable_hash(tuple), stable_hash(user));
  return scramble(mix(mix(key_, who), mix(high, low)));
}

std::optional<RequestMemory::Outcome> RequestMemory::find(std::uint64_t request,
                                                          Instant now) const {
  const auto at = index_.find(Key{request});
  if (!at || is_over(ring_[*at].outcome, now)) return {};
  return ring_[*at].outcome;
}

void RequestMemory::remember(std::uint64_t request, const Outcome& outcome) {
  if (capacity_ == 0) return;
  while (count_ > 0 && is_over(ring_[first_].outcome, outcome.at)) forget_oldest();
  if (count_ == capacity_) {
    forget_oldest();
    ++forgotten_;
  }
  if (count_ == ring_.size()) grow();
  const std::size_t at = (first_ + count_) % ring_.size();
  ring_[at] = {{request}, outcome};
  index_.insert({request}, static_cast<std::uint32_t>(at));
  ++count_;
}

void RequestMemory::forget_oldest() {
  index_.erase(ring_[first_].key);
  first_ = (first_ + 1) % ring_.size();
  --count_;
}

void RequestMemory::grow() {
  std::ranges::rotate(ring_, ring_.begin() + static_cast<std::ptrdiff_t>(first_));
  first_ = 0;
  ring_.resize(std::min(capacity_, std::max<std::size_t>(16, 2 * ring_.size())));
  index_ = {};
  for (std::size_t i = 0; i < count_; ++i) {
    index_.insert(ring_[i].key, static_cast<std::uint32_t>(i));
  }
}

}  // namespace tickover::turn
