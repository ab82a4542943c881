#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/address.h"

namespace tickover::sim {

/// A second decoder for STUN and ChannelData, written from the RFCs alone. It is slow, plain and
/// stricter than any receiver: it judges what a conforming sender *sent*. It shares nothing with
/// the core but addresses, because a mistake that encoder and decoder share is invisible when our
/// client talks to our relay (BUGS B01, P18).

using WireBytes = std::span<const std::uint8_t>;

/// What is not canonical, and at which byte of the datagram. The text is a literal.
struct Complaint {
  std::string_view text;
  std::size_t offset = 0;

  bool operator==(const Complaint&) const = default;
};

/// Nothing if the datagram is one that a sender of STUN, TURN or ChannelData over UDP may send.
/// Allocates nothing. Judges each datagram for itself: neither MESSAGE-INTEGRITY nor what is on
/// the other side is looked up.
std::optional<Complaint> complaint_about(WireBytes datagram);

struct WireAttribute {
  unsigned type = 0;
  std::vector<std::uint8_t> value;
  /// Of the address attributes, with the XOR undone.
  std::optional<Endpoint> address;
};

/// What a datagram says. Fields are as far as they could be read when `complaint` is set.
struct WireFacts {
  bool is_stun = false;
  bool is_channel_data = false;
  std::optional<Complaint> complaint;

  /// STUN: the 12-bit method; 0 request, 1 indication, 2 success, 3 error.
  unsigned method = 0;
  unsigned message_class = 0;
  std::array<std::uint8_t, 12> transaction{};
  std::vector<WireAttribute> attributes;

  /// ChannelData.
  unsigned channel = 0;
  std::vector<std::uint8_t> data;

  bool ok() const { return !complaint; }
  /// The first attribute of that type, or null.
  const WireAttribute* find(unsigned type) const;
};

WireFacts judge_datagram(WireBytes datagram);

/// True if a STUN message carries a MESSAGE-INTEGRITY made with the long-term key of these
/// credentials (RFC 8489, sections 9.2.2 and 14.5); with an empty realm, the short-term one.
bool integrity_matches(WireBytes datagram, std::string_view user, std::string_view realm,
                       std::string_view password);

/// Likewise for a MESSAGE-INTEGRITY-SHA256 of 32 bytes (RFC 8489, section 14.6); the long-term key
/// is made by SHA-256 or by MD5 (section 18.5).
enum class WireKey { md5, sha256 };
bool integrity_sha256_matches(WireBytes datagram, std::string_view user, std::string_view realm,
                              std::string_view password, WireKey made_by);

}  // namespace tickover::sim
