#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/machine.h"

namespace tickover::sim::live {

/// A datagram that a Passage holds back, on its way in or out.
struct Flight {
  Instant at;
  std::uint64_t number = 0;
  bool outgoing = false;
  Send send;          // if it is outgoing
  Datagram datagram;  // else, with `payload` inside `bytes`
  std::vector<std::uint8_t> bytes;
};

/// All that is held back, in the order in which it goes on: by time, then as it came. Their bytes
/// keep their memory.
class Flights {
 public:
  /// More than this at a time are lost, as a router would lose them.
  static constexpr std::size_t most = 65'536;

  bool empty() const { return heap_.empty(); }
  Instant earliest() const { return heap_.empty() ? Instant::never() : heap_.front().at; }

  /// False: there is no room.
  bool add(Instant at, const Send& send, Bytes payload);
  bool add(Instant at, const Datagram& datagram, Bytes payload);
  /// The next one that is due at `now`. Give it back when it is done with.
  std::optional<Flight> take(Instant now);
  void give_back(Flight flight);
  void clear() { heap_.clear(); }

 private:
  Flight fresh(Instant at, Bytes payload);
  void push(Flight flight);

  std::vector<Flight> heap_;
  std::vector<std::vector<std::uint8_t>> spare_;
  std::uint64_t added_ = 0;
};

}  // namespace tickover::sim::live
