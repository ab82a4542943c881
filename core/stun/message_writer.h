#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "core/address.h"
#include "core/bytes.h"
#include "core/stun/integrity.h"
#include "core/stun/types.h"
#include "core/time.h"

namespace tickover::stun {

/// Writes one message into the caller's buffer: the header at construction, attributes in the
/// order of the calls, all padding zero. The header length is kept right after every call. What
/// does not fit, into the buffer or into the 16 bits of a length, and what would come after an
/// attribute that must be last sets a sticky fault and writes nothing: ask `ok()` once at the end.
class MessageWriter {
 public:
  MessageWriter(MutableBytes buffer, MessageType type, const TransactionId& id);

  bool ok() const { return ok_; }
  std::size_t size() const { return size_; }
  /// The whole message so far.
  Bytes bytes() const { return buffer_.first(size_); }

  void add(AttributeType type, Bytes value);
  void add_text(AttributeType type, std::string_view text) { add(type, as_bytes(text)); }
  void add_u32(AttributeType type, std::uint32_t value);
  void add_xor_address(AttributeType type, const Endpoint& endpoint);
  void add_plain_address(AttributeType type, const Endpoint& endpoint);
  /// Whole seconds, rounded down, saturated to 0 and to 32 bits.
  void add_lifetime(Duration lifetime);
  void add_error(ErrorCode code, std::string_view reason);
  void add_channel_number(std::uint16_t number);
  /// The byte and three zeros.
  void add_leading_byte(AttributeType type, std::uint8_t value);
  void add_unknown_attributes(std::span<const AttributeType> types);
  /// ADDRESS-ERROR-CODE without a reason (RFC 8656, section 18.12), or what it was in the drafts.
  void add_address_error(AddressFamily family, ErrorCode code,
                         AttributeType type = AttributeType::address_error_code);
  /// ICMP (RFC 8656, section 18.13); type < 128, code < 512.
  void add_icmp(std::uint8_t type, std::uint16_t code, std::uint32_t data);
  void add_even_port(bool reserve_next);
  /// PASSWORD-ALGORITHMS or PASSWORD-ALGORITHM, without parameters.
  void add_password_algorithms(AttributeType type, std::span<const PasswordAlgorithm> algorithms);

  /// Once. MESSAGE-INTEGRITY over everything so far (RFC 8489, section 14.5). Then only
  /// `add_integrity_sha256` and `add_fingerprint`.
  void add_integrity(const IntegrityKey& key);
  /// Once. MESSAGE-INTEGRITY-SHA256, all 32 bytes of it (RFC 8489, section 14.6). Then only
  /// `add_fingerprint`.
  void add_integrity_sha256(const IntegrityKey& key);
  /// FINGERPRINT, always last (RFC 8489, section 14.7).
  void add_fingerprint();

 private:
  enum class Seal : std::uint8_t { none, integrity, integrity_sha256, fingerprint };
  /// Appends an attribute header and `size` zeros with their padding; gives the zeros to fill, or
  /// nothing after a fault.
  std::optional<MutableBytes> append(AttributeType type, std::size_t size, Seal strongest_before);

  MutableBytes buffer_;
  std::size_t size_ = 0;
  Seal seal_ = Seal::none;
  bool ok_ = true;
};

}  // namespace tickover::stun
