#include "sim/search/spread.h"

#include <algorithm>

#include "core/check.h"
#include "core/random.h"

namespace tickover::sim {
namespace {

/// How much of a bound was used up: all of it is one.
struct Share {
  std::uint64_t part = 0;
  std::uint64_t whole = 1;
};

bool is_less(const Share& a, const Share& b) {
  return Uint128{a.part} * b.whole < Uint128{b.part} * a.whole;
}

std::uint64_t positive(std::int64_t value) {
  return value > 0 ? static_cast<std::uint64_t>(value) : 0;
}

Share share_of_most(const Spread& spread) {
  if (!spread.bound.most) return {};
  return {positive(spread.highest().value),
          std::max<std::uint64_t>(positive(*spread.bound.most), 1)};
}

Share share_of_least(const Spread& spread) {
  if (!spread.bound.least) return {};
  const std::uint64_t lowest = positive(spread.lowest().value);
  return {positive(*spread.bound.least), std::max<std::uint64_t>(lowest, 1)};
}

Share share(const Spread& spread) {
  return spread.is_near_least() ? share_of_least(spread) : share_of_most(spread);
}

}  // namespace

void Spread::add(const Nearness& one, std::uint64_t seed) {
  if (seen.empty()) {
    bound = one;
    bound.values.clear();
  }
  for (const std::int64_t value : one.values) seen.push_back({value, seed});
}

void Spread::add(const Spread& other) {
  if (seen.empty()) bound = other.bound;
  seen.insert(seen.end(), other.seen.begin(), other.seen.end());
}

void Spread::sort() {
  std::ranges::sort(seen);
}

std::int64_t Spread::percentile(std::uint64_t per_cent) const {
  CHECK(!seen.empty() && per_cent <= 100);
  const std::uint64_t rank = (seen.size() * per_cent + 99) / 100;
  return seen[std::max<std::uint64_t>(rank, 1) - 1].value;
}

Spread::Seen Spread::lowest() const {
  CHECK(!seen.empty());
  return seen.front();
}

Spread::Seen Spread::highest() const {
  CHECK(!seen.empty());
  return *std::ranges::lower_bound(seen, seen.back().value, {}, &Seen::value);
}

bool Spread::is_near_least() const {
  return is_less(share_of_most(*this), share_of_least(*this));
}

bool Spread::is_nearer_than(const Spread& other) const {
  return is_less(share(other), share(*this));
}

}  // namespace tickover::sim
