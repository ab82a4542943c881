#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/turn/client/event.h"

namespace tickover::turn::client {

/// What the owner has not yet heard. Payloads stand in one arena that keeps its capacity, and stay
/// there until the next change after the queue was drained.
class EventQueue {
 public:
  bool empty() const { return head_ == entries_.size(); }

  void push(ClientEvent event) { entries_.push_back({event, 0, 0}); }
  void push_data(const PeerAddress& peer, Bytes payload) {
    entries_.push_back({DataReceived{peer, {}}, arena_.size(), payload.size()});
    arena_.insert(arena_.end(), payload.begin(), payload.end());
  }
  std::optional<ClientEvent> poll() {
    if (empty()) return {};
    return event(entries_[head_++]);
  }
  /// A change begins: payloads that were handed out are no longer needed.
  void begin_change() {
    if (!empty()) return;
    entries_.clear();
    arena_.clear();
    head_ = 0;
  }

  /// Equal if what is still queued is equal.
  friend bool operator==(const EventQueue& a, const EventQueue& b) {
    if (a.entries_.size() - a.head_ != b.entries_.size() - b.head_) return false;
    for (std::size_t i = a.head_, j = b.head_; i < a.entries_.size(); ++i, ++j) {
      if (a.event(a.entries_[i]) != b.event(b.entries_[j])) return false;
    }
    return true;
  }

 private:
  /// The payload is named by its place, so that a copy of the queue stands on its own.
  struct Entry {
    ClientEvent event;
    std::size_t offset;
    std::size_t size;
  };
  ClientEvent event(const Entry& entry) const {
    ClientEvent event = entry.event;
    if (auto* data = std::get_if<DataReceived>(&event)) {
      data->payload = Bytes(arena_).subspan(entry.offset, entry.size);
    }
    return event;
  }

  std::vector<Entry> entries_;
  std::vector<std::uint8_t> arena_;
  std::size_t head_ = 0;
};

}  // namespace tickover::turn::client
