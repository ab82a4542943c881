#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "core/address.h"
#include "core/bytes.h"
#include "core/check.h"
#include "core/machine.h"

// What the fuzz targets share: an input read as a script of choices, and what must hold of every
// machine after every change.
namespace tickover::fuzz {

/// Choices out of the fuzzer's bytes; zeros once they are used up.
class Script {
 public:
  explicit Script(Bytes bytes) : bytes_(bytes) {}

  bool at_end() const { return at_ >= bytes_.size(); }
  std::uint8_t byte() { return at_end() ? std::uint8_t{0} : bytes_[at_++]; }
  std::uint32_t below(std::uint32_t bound) { return byte() % bound; }
  std::uint16_t u16() { return static_cast<std::uint16_t>(byte() << 8 | byte()); }
  /// Up to 255 bytes: as many as the next byte says and are left.
  Bytes bytes() {
    const std::size_t size = std::min<std::size_t>(byte(), bytes_.size() - at_);
    at_ += size;
    return bytes_.subspan(at_ - size, size);
  }
  /// From nothing to about three hours, evenly over the orders of magnitude.
  Duration duration() {
    const std::uint32_t unit = below(4);
    const Duration step = unit == 0   ? Duration(std::chrono::nanoseconds(1))
                          : unit == 1 ? Duration(std::chrono::milliseconds(1))
                          : unit == 2 ? Duration(std::chrono::milliseconds(100))
                                      : Duration(std::chrono::seconds(40));
    return step * byte();
  }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
};

struct Sent {
  Send send;
  std::vector<std::uint8_t> bytes;
};

/// Drains a machine after one change and hands over what it wants. The contract of core/machine.h
/// is checked: it comes to an end, and wants to be woken later than now.
template <class M, class OnSent, class OnOpen, class OnClose, class OnEvent>
void drain(M& machine, Instant now, OnSent&& sent, OnOpen&& open, OnClose&& close,
           OnEvent&& event) {
  static std::vector<std::uint8_t> buffer(max_datagram_size);
  int steps = 0;
  while (const auto transmit = machine.poll_transmit(buffer)) {
    CHECK(++steps < 1000);
    if (const auto* send = std::get_if<Send>(&*transmit)) {
      sent(*send, Bytes(buffer).first(send->size));
    } else if (const auto* request = std::get_if<OpenSocket>(&*transmit)) {
      open(*request);
    } else {
      close(std::get<CloseSocket>(*transmit));
    }
  }
  while (const auto what = machine.poll_event()) {
    CHECK(++steps < 10'000);
    event(*what);
  }
  const auto timeout = machine.poll_timeout();
  CHECK(!timeout || timeout->at > now);
}

}  // namespace tickover::fuzz
