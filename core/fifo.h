#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace tickover {

/// A queue in one vector that keeps its capacity: once it is empty, filling it again allocates
/// nothing. Two queues are equal if what is still queued is equal.
template <class T>
class Fifo {
 public:
  bool empty() const { return head_ == items_.size(); }
  std::size_t size() const { return items_.size() - head_; }
  const T& front() const { return items_[head_]; }

  void push(T item) { items_.push_back(std::move(item)); }
  std::optional<T> pop() {
    if (empty()) return {};
    std::optional<T> item(std::move(items_[head_++]));
    if (empty()) {
      clear();
    } else if (head_ >= most_gone && 2 * head_ >= items_.size()) {
      // Not each time, and yet in the end: a queue that is never empty must not grow for ever.
      items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
    return item;
  }
  void clear() {
    items_.clear();
    head_ = 0;
  }

  friend bool operator==(const Fifo& a, const Fifo& b) {
    return std::equal(a.items_.begin() + static_cast<std::ptrdiff_t>(a.head_), a.items_.end(),
                      b.items_.begin() + static_cast<std::ptrdiff_t>(b.head_), b.items_.end());
  }

 private:
  static constexpr std::size_t most_gone = 64;

  std::vector<T> items_;
  std::size_t head_ = 0;
};

}  // namespace tickover
