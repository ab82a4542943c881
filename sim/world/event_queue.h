#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "core/time.h"

namespace tickover::sim {

/// What the world does next. Simultaneous events are ordered by class, then by a hash keyed by
/// seed and identity, then by the order in which they were scheduled.
struct QueuedEvent {
  enum class Class : std::uint8_t {
    fault = 0,
    start = 1,
    socket = 2,
    delivery = 3,
    timer = 4,
    command = 5
  };

  Instant time;
  std::uint64_t order = 0;  // class in the top byte, hash below
  std::uint64_t sequence = 0;
  std::uint32_t index = 0;  // what it is about, by class
  std::uint32_t detail = 0;

  static std::uint64_t order_of(Class c, std::uint64_t hash) {
    return (static_cast<std::uint64_t>(c) << 56) | (hash >> 8);
  }
  Class event_class() const { return static_cast<Class>(order >> 56); }
  bool before(const QueuedEvent& other) const {
    if (time != other.time) return time < other.time;
    if (order != other.order) return order < other.order;
    return sequence < other.sequence;
  }
  bool operator==(const QueuedEvent&) const = default;
};

/// A 4-ary heap: the order of what comes out is that of QueuedEvent::before, whatever the order in
/// which it went in.
class EventQueue {
 public:
  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  const QueuedEvent& top() const { return heap_.front(); }

  void push(QueuedEvent event) {
    event.sequence = next_sequence_++;
    std::size_t hole = heap_.size();
    heap_.push_back(event);
    while (hole > 0) {
      const std::size_t parent = (hole - 1) / arity;
      if (!event.before(heap_[parent])) break;
      heap_[hole] = heap_[parent];
      hole = parent;
    }
    heap_[hole] = event;
  }

  QueuedEvent pop() {
    const QueuedEvent result = heap_.front();
    const QueuedEvent last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) sink(last);
    return result;
  }

  bool operator==(const EventQueue&) const = default;

 private:
  static constexpr std::size_t arity = 4;

  void sink(const QueuedEvent& event) {
    std::size_t hole = 0;
    for (;;) {
      const std::size_t first = hole * arity + 1;
      if (first >= heap_.size()) break;
      const std::size_t end = first + arity < heap_.size() ? first + arity : heap_.size();
      std::size_t best = first;
      for (std::size_t child = first + 1; child < end; ++child) {
        if (heap_[child].before(heap_[best])) best = child;
      }
      if (!heap_[best].before(event)) break;
      heap_[hole] = heap_[best];
      hole = best;
    }
    heap_[hole] = event;
  }

  std::vector<QueuedEvent> heap_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace tickover::sim
