#include "sim/world/fates.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

namespace tickover::sim {
namespace {

auto order_of(const PacketId& id) {
  return std::tuple(id.direction, id.kind, id.transaction, id.copy);
}

}  // namespace

Fates::Fates(std::vector<NamedFate> fates) {
  std::vector<std::size_t> order(fates.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(order_of(fates[i].id), i); });
  fates_.reserve(fates.size());
  for (const std::size_t i : order) {
    if (fates_.empty() || fates_.back().id != fates[i].id) fates_.push_back(fates[i]);
  }
}

const Fate* Fates::find(const PacketId& id) const {
  const auto at = std::ranges::lower_bound(fates_, order_of(id), {},
                                           [](const NamedFate& f) { return order_of(f.id); });
  return at != fates_.end() && at->id == id ? &at->fate : nullptr;
}

}  // namespace tickover::sim
