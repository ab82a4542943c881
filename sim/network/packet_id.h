#pragma once

#include <cstdint>
#include <vector>

#include "core/random.h"
#include "sim/any_machine.h"

namespace tickover::sim {

/// The speakable name of a datagram: "alice to relay, Refresh request 3, copy 2". It depends only
/// on what went over its own link before, so a host or a fault elsewhere leaves it alone.
struct PacketId {
  std::uint32_t direction = 0;  // index of link direction
  std::uint16_t kind = 0xFFFF;  // as the sender's role labels it
  // Counts from 1 per direction and kind; an answer has its request's. 0: an answer to nothing that
  // is remembered.
  std::uint32_t transaction = 0;
  std::uint32_t copy = 0;  // counts from 1; retransmissions of a request, answers to them

  /// `direction_key` is a hash of the link's names, never its index.
  std::uint64_t hash(std::uint64_t direction_key) const {
    return mix(mix(direction_key, kind), (std::uint64_t{transaction} << 32) | copy);
  }
  bool operator==(const PacketId&) const = default;
};

/// Names the datagrams of one direction of one link. Bounded: it remembers the transactions that
/// began last.
class PacketNames {
 public:
  static constexpr std::size_t remembered = 32;

  /// `reverse` holds the names of the other direction, where an answer finds its request.
  PacketId name(std::uint32_t direction, const Label& label, const PacketNames& reverse) {
    PacketId id{direction, label.kind, 0, 1};
    if (label.part == Label::Part::alone) {
      id.transaction = ++count_of(label.kind);
      return id;
    }
    if (Recent* known = find(label)) {
      id.transaction = known->transaction;
      id.copy = ++known->copies;
      return id;
    }
    const Recent* request =
        label.part == Label::Part::answer ? reverse.find_key(label.key) : nullptr;
    if (label.part == Label::Part::answer && request == nullptr) {
      // A number of its own would be that of another answer sooner or later.
      id.copy = ++unasked_;
      return id;
    }
    id.transaction = request ? request->transaction : ++count_of(label.kind);
    remember({label.key, label.kind, id.transaction, 1});
    return id;
  }

  bool operator==(const PacketNames&) const = default;

 private:
  struct Recent {
    std::uint64_t key = 0;
    std::uint16_t kind = 0;
    std::uint32_t transaction = 0;
    std::uint32_t copies = 0;
    bool operator==(const Recent&) const = default;
  };
  struct Count {
    std::uint16_t kind = 0;
    std::uint32_t transactions = 0;
    bool operator==(const Count&) const = default;
  };

  std::uint32_t& count_of(std::uint16_t kind) {
    for (Count& c : counts_) {
      if (c.kind == kind) return c.transactions;
    }
    counts_.push_back({kind, 0});
    return counts_.back().transactions;
  }
  Recent* find(const Label& label) {
    for (Recent& r : recent_) {
      if (r.key == label.key && r.kind == label.kind) return &r;
    }
    return nullptr;
  }
  const Recent* find_key(std::uint64_t key) const {
    for (const Recent& r : recent_) {
      if (r.key == key) return &r;
    }
    return nullptr;
  }
  void remember(const Recent& recent) {
    if (recent_.size() < remembered) {
      recent_.push_back(recent);
    } else {
      recent_[oldest_] = recent;
      oldest_ = (oldest_ + 1) % remembered;
    }
  }

  std::vector<Count> counts_;
  std::vector<Recent> recent_;
  std::size_t oldest_ = 0;
  std::uint32_t unasked_ = 0;
};

}  // namespace tickover::sim
