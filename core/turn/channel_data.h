#pragma once

#include <cstdint>
#include <expected>
#include <optional>

#include "core/bytes.h"

namespace tickover::turn {

/// A channel number that RFC 8656, section 12, allows: 0x4000..0x4FFF, whoever holds one. Only who
/// asked for it in so many words gets one that RFC 5766 allowed: up to 0x7FFF (PROTOCOL W10).
class ChannelNumber {
 public:
  static constexpr std::uint16_t first = 0x4000;
  static constexpr std::uint16_t last = 0x4FFF;
  static constexpr std::uint16_t last_legacy = 0x7FFF;

  static constexpr std::optional<ChannelNumber> parse(std::uint16_t raw) {
    if (raw < first || raw > last) return {};
    return ChannelNumber(raw);
  }
  static constexpr std::optional<ChannelNumber> parse_legacy(std::uint16_t raw) {
    if (raw < first || raw > last_legacy) return {};
    return ChannelNumber(raw);
  }
  constexpr std::uint16_t value() const { return value_; }
  constexpr auto operator<=>(const ChannelNumber&) const = default;

 private:
  constexpr explicit ChannelNumber(std::uint16_t value) : value_(value) {}
  std::uint16_t value_;
};

inline constexpr std::size_t channel_data_header_size = 4;

/// A ChannelData message (RFC 8656, section 12.4): a view over the datagram.
struct ChannelData {
  ChannelNumber number;
  Bytes payload;

  /// Nothing if the number is out of range or the length says more than there is. A longer
  /// datagram is fine: the tail is padding (PROTOCOL H8).
  static std::optional<ChannelData> decode(Bytes datagram);
  /// The same with the numbers of RFC 5766.
  static std::optional<ChannelData> decode_legacy(Bytes datagram);
};

/// Writes header and payload into `buffer`, which must hold 4 bytes more than the payload (CHECK).
/// Over UDP there is no padding. The payload has at most 65535 bytes (CHECK).
Bytes write_channel_data(MutableBytes buffer, ChannelNumber number, Bytes payload);

}  // namespace tickover::turn
