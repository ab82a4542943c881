#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace tickover::sim {

/// Takes items away, in halves, quarters and so on down to single ones, for as long as `is_enough`
/// says that those left still do. Ends with a list of which each single item is needed, or as soon
/// as nothing may be asked any more: a long list takes long to copy, also for an answer that is
/// known. Returns whether anything is gone. The same questions in the same order, every time.
template <class T, class IsEnough, class MayAsk>
bool minimise(std::vector<T>& items, IsEnough is_enough, MayAsk may_ask) {
  const std::size_t before = items.size();
  bool is_settled = items.empty();
  for (std::size_t chunk = items.size(); !is_settled;) {
    bool shrank = false;
    // From the end: what came last mattered least to what came before.
    for (std::size_t end = items.size(); end > 0;) {
      if (!may_ask()) return items.size() != before;
      const std::size_t begin = end > chunk ? end - chunk : 0;
      std::vector<T> fewer(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(begin));
      fewer.insert(fewer.end(), items.begin() + static_cast<std::ptrdiff_t>(end), items.end());
      if (is_enough(fewer)) {
        items = std::move(fewer);
        shrank = true;
      }
      end = begin;
    }
    is_settled = items.empty() || (chunk == 1 && !shrank);
    if (chunk > 1) chunk = (std::min(chunk, items.size()) + 1) / 2;
  }
  return items.size() != before;
}

template <class T, class IsEnough>
bool minimise(std::vector<T>& items, IsEnough is_enough) {
  return minimise(items, is_enough, [] { return true; });
}

}  // namespace tickover::sim
