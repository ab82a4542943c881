#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/check.h"
#include "core/time.h"

namespace tickover::turn {

/// At most one deadline per slot, and which is the earliest. A binary heap that knows where each
/// slot stands, so a deadline is moved in O(log n) and none is ever stale (BUGS D05). Among equal
/// deadlines the lowest slot comes first, whatever the history.
class DeadlineHeap {
 public:
  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  std::uint32_t earliest_slot() const { return heap_.front(); }
  Instant earliest() const { return heap_.empty() ? Instant::never() : at_[heap_.front()]; }
  std::optional<Instant> of(std::uint32_t slot) const {
    if (slot >= place_.size() || place_[slot] == nowhere) return {};
    return at_[slot];
  }

  void set(std::uint32_t slot, Instant at) {
    if (slot >= place_.size()) {
      place_.resize(slot + 1, nowhere);
      at_.resize(slot + 1);
    }
    at_[slot] = at;
    if (place_[slot] == nowhere) {
      heap_.push_back(slot);
      place_[slot] = heap_.size() - 1;
    }
    settle(place_[slot]);
  }
  /// `slot` must have a deadline (CHECK).
  void remove(std::uint32_t slot) {
    CHECK(of(slot).has_value());
    const std::size_t hole = place_[slot];
    const std::uint32_t last = heap_.back();
    heap_.pop_back();
    place_[slot] = nowhere;
    if (last == slot) return;
    heap_[hole] = last;
    place_[last] = hole;
    settle(hole);
  }

  /// The shape of the heap tells history, not state: only the deadlines count.
  friend bool operator==(const DeadlineHeap& a, const DeadlineHeap& b) {
    if (a.size() != b.size()) return false;
    for (const std::uint32_t slot : a.heap_) {
      if (b.of(slot) != a.at_[slot]) return false;
    }
    return true;
  }

 private:
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

  bool before(std::uint32_t a, std::uint32_t b) const {
    return std::pair(at_[a], a) < std::pair(at_[b], b);
  }
  void swap(std::size_t i, std::size_t j) {
    std::swap(heap_[i], heap_[j]);
    place_[heap_[i]] = i;
    place_[heap_[j]] = j;
  }
  void settle(std::size_t i) {
    while (i > 0 && before(heap_[i], heap_[(i - 1) / 2])) {
      swap(i, (i - 1) / 2);
      i = (i - 1) / 2;
    }
    for (;;) {
      std::size_t least = i;
      for (const std::size_t child : {2 * i + 1, 2 * i + 2}) {
        if (child < heap_.size() && before(heap_[child], heap_[least])) least = child;
      }
      if (least == i) return;
      swap(i, least);
      i = least;
    }
  }

  std::vector<std::uint32_t> heap_;
  std::vector<std::size_t> place_;  // by slot
  std::vector<Instant> at_;         // by slot
};

}  // namespace tickover::turn
