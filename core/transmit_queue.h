#pragma once

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "core/check.h"
#include "core/machine.h"

namespace tickover {

/// What a machine has decided to do and its owner has not yet fetched: the answers of
/// poll_transmit, in order. The bytes stand in one arena that keeps its capacity, so a steady
/// machine allocates nothing.
class TransmitQueue {
 public:
  bool empty() const { return head_ == entries_.size(); }

  void send(Send send, Bytes payload) {
    send.size = payload.size();
    entries_.push_back({send, arena_.size()});
    arena_.insert(arena_.end(), payload.begin(), payload.end());
  }
  void open(OpenSocket request) { entries_.push_back({request, 0}); }
  void close(CloseSocket request) { entries_.push_back({request, 0}); }

  /// Room for a datagram of up to `size` bytes that is written in place; then `sent` says how it
  /// ended. Nothing else may be queued in between.
  MutableBytes reserve(std::size_t size) {
    reserved_ = arena_.size();
    arena_.resize(reserved_ + size);
    return MutableBytes(arena_).subspan(reserved_);
  }
  void sent(Send send) {
    CHECK(reserved_ + send.size <= arena_.size());
    arena_.resize(reserved_ + send.size);
    entries_.push_back({send, reserved_});
  }

  std::optional<Transmit> poll(MutableBytes buffer) {
    if (empty()) return {};
    const Entry& entry = entries_[head_++];
    Transmit transmit = entry.transmit;
    if (const auto* send = std::get_if<Send>(&transmit)) {
      CHECK(buffer.size() >= send->size);
      if (send->size > 0) std::memcpy(buffer.data(), arena_.data() + entry.offset, send->size);
    }
    if (empty()) {
      entries_.clear();
      arena_.clear();
      head_ = 0;
    }
    return transmit;
  }

  friend bool operator==(const TransmitQueue& a, const TransmitQueue& b) {
    if (a.entries_.size() - a.head_ != b.entries_.size() - b.head_) return false;
    for (std::size_t i = a.head_, j = b.head_; i < a.entries_.size(); ++i, ++j) {
      if (a.entries_[i].transmit != b.entries_[j].transmit) return false;
      if (!std::ranges::equal(a.payload(a.entries_[i]), b.payload(b.entries_[j]))) return false;
    }
    return true;
  }

 private:
  struct Entry {
    Transmit transmit;
    std::size_t offset;
  };
  Bytes payload(const Entry& entry) const {
    const auto* send = std::get_if<Send>(&entry.transmit);
    return send ? Bytes(arena_).subspan(entry.offset, send->size) : Bytes{};
  }

  std::vector<Entry> entries_;
  std::vector<std::uint8_t> arena_;
  std::size_t head_ = 0;
  std::size_t reserved_ = 0;
};

}  // namespace tickover
