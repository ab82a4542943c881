#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/check.h"

namespace tickover {

/// Maps keys to slot numbers in one flat table: open addressing with linear probing, at most half
/// full, found by `stable_hash(key)`. It cannot be iterated, so no hash order gets out; two
/// indexes are equal if they map the same keys to the same slots.
template <class Key>
class FlatIndex {
 public:
  std::size_t size() const { return size_; }

  std::optional<std::uint32_t> find(const Key& key) const {
    if (size_ == 0) return {};
    const Cell& cell = cells_[locate(key)];
    if (!cell.used) return {};
    return cell.slot;
  }
  /// `key` must be new (CHECK).
  void insert(const Key& key, std::uint32_t slot) {
    if (cells_.size() < 2 * (size_ + 1)) grow();
    Cell& cell = cells_[locate(key)];
    CHECK(!cell.used);
    cell = {key, slot, true};
    ++size_;
  }
  /// `key` must be there (CHECK). Later cells of the same run move up, so no tombstone stays.
  void erase(const Key& key) {
    CHECK(size_ > 0);
    std::size_t hole = locate(key);
    CHECK(cells_[hole].used);
    for (std::size_t i = next(hole); cells_[i].used; i = next(i)) {
      const std::size_t wanted = home(cells_[i].key);
      if (distance(wanted, i) >= distance(hole, i)) {
        cells_[hole] = cells_[i];
        hole = i;
      }
    }
    cells_[hole] = {};
    --size_;
  }

  friend bool operator==(const FlatIndex& a, const FlatIndex& b) {
    return a.size_ == b.size_ && std::ranges::all_of(a.cells_, [&](const Cell& cell) {
             return !cell.used || b.find(cell.key) == cell.slot;
           });
  }

 private:
  struct Cell {
    Key key{};
    std::uint32_t slot = 0;
    bool used = false;
  };

  std::size_t mask() const { return cells_.size() - 1; }
  std::size_t home(const Key& key) const {
    return static_cast<std::size_t>(stable_hash(key)) & mask();
  }
  std::size_t next(std::size_t i) const { return (i + 1) & mask(); }
  std::size_t distance(std::size_t from, std::size_t to) const { return (to - from) & mask(); }
  /// The cell that holds `key`, or the one where it would go.
  std::size_t locate(const Key& key) const {
    std::size_t i = home(key);
    while (cells_[i].used && cells_[i].key != key) i = next(i);
    return i;
  }
  void grow() {
    std::vector<Cell> old = std::move(cells_);
    cells_.assign(std::max<std::size_t>(16, old.size() * 2), Cell{});
    for (const Cell& cell : old) {
      if (cell.used) cells_[locate(cell.key)] = cell;
    }
  }

  std::vector<Cell> cells_;  // a power of two of them
  std::size_t size_ = 0;
};

}  // namespace tickover
