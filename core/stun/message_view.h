#pragma once

#include <array>
#include <expected>
#include <optional>
#include <string_view>

#include "core/address.h"
#include "core/bytes.h"
#include "core/stun/integrity.h"
#include "core/stun/types.h"
#include "core/time.h"

namespace tickover::stun {

/// Why bytes are not a STUN message, and at which offset.
struct DecodeError {
  std::size_t offset = 0;
  std::string_view what;
};

/// Why a typed attribute cannot be had.
enum class Lack { absent, malformed };

struct Attribute {
  AttributeType type{};
  Bytes value;  // without padding
};

struct ErrorInfo {
  int code = 0;             // 300..699; unknown codes are passed on as they are
  std::string_view reason;  // without the NULs that old peers append (PROTOCOL W22)
};

/// ADDRESS-ERROR-CODE: why there is no relayed address of that family (RFC 8656, section 18.12).
struct AddressErrorInfo {
  AddressFamily family{};
  ErrorInfo error;
};

/// ICMP (RFC 8656, section 18.13). `code` has 9 bits, `data` is the next-hop MTU or 0.
struct IcmpInfo {
  std::uint8_t type = 0;
  std::uint16_t code = 0;
  std::uint32_t data = 0;

  bool operator==(const IcmpInfo&) const = default;
};

/// RESERVATION-TOKEN (RFC 8656, section 18.10).
using ReservationToken = std::array<std::uint8_t, 8>;

/// The well-formed value of PASSWORD-ALGORITHMS or PASSWORD-ALGORITHM: a view over the datagram.
class PasswordAlgorithmList {
 public:
  explicit PasswordAlgorithmList(Bytes value) : value_(value) {}

  /// As it stood on the wire, to be echoed or compared (RFC 8489, section 9.2.4).
  Bytes bytes() const { return value_; }
  /// The first of them that we can compute: MD5 or SHA-256, both without parameters.
  std::optional<PasswordAlgorithm> first_supported() const;
  bool contains(PasswordAlgorithm algorithm) const;

 private:
  Bytes value_;
};

/// A decoded STUN message: a view over the caller's datagram, which must outlive it. Decoding is
/// total: any bytes give a view or an error.
///
/// Only the attributes that count are visible: nothing after MESSAGE-INTEGRITY but
/// MESSAGE-INTEGRITY-SHA256 and FINGERPRINT, nothing after MESSAGE-INTEGRITY-SHA256 alone but
/// FINGERPRINT (RFC 8489, section 9; PROTOCOL K13), and of duplicates `find` gives the first
/// (section 14).
class MessageView {
 public:
  /// Demands the whole datagram to be one message: first two bits zero, magic cookie, a header
  /// length that is a multiple of 4 and agrees with the size, attributes that fit, a FINGERPRINT
  /// that is right and last if there is one.
  static std::expected<MessageView, DecodeError> decode(Bytes datagram);

  MessageType type() const { return type_; }
  Method method() const { return type_.method; }
  Class message_class() const { return type_.message_class; }
  const TransactionId& id() const { return id_; }
  Bytes bytes() const { return bytes_; }

  bool has(AttributeType type) const { return find(type).has_value(); }
  std::optional<Bytes> find(AttributeType type) const;

  /// Visits every visible attribute in order; `visit` takes (Attribute).
  template <class Visit>
  void for_each(Visit&& visit) const {
    std::size_t offset = header_size;
    while (const auto attribute = next(offset)) visit(*attribute);
  }

  /// XOR-MAPPED-ADDRESS, XOR-PEER-ADDRESS, XOR-RELAYED-ADDRESS (RFC 8489, section 14.2).
  std::expected<Endpoint, Lack> xor_address(AttributeType type) const;
  std::expected<Endpoint, Lack> xor_address(const Attribute& attribute) const;
  /// MAPPED-ADDRESS, ALTERNATE-SERVER (RFC 8489, section 14.1).
  std::expected<Endpoint, Lack> plain_address(AttributeType type) const;
  std::expected<Endpoint, Lack> plain_address(const Attribute& attribute) const;
  /// LIFETIME in whole seconds (RFC 8656, section 18.2).
  std::expected<Duration, Lack> lifetime() const;
  std::expected<ErrorInfo, Lack> error() const;
  /// The raw CHANNEL-NUMBER; the reserved half is ignored (PROTOCOL K19).
  std::expected<std::uint16_t, Lack> channel_number() const;
  /// REQUESTED-TRANSPORT, REQUESTED-ADDRESS-FAMILY, ADDITIONAL-ADDRESS-FAMILY: the first of four
  /// bytes (PROTOCOL K20).
  std::expected<std::uint8_t, Lack> leading_byte(AttributeType type) const;
  /// USERNAME, REALM, NONCE, SOFTWARE: text of at most 763 bytes (PROTOCOL K8), as it was received:
  /// a nonce must be echoed byte for byte. Only SOFTWARE loses the NULs that old peers count into
  /// its length (PROTOCOL W22).
  std::expected<std::string_view, Lack> text(AttributeType type) const;

  /// ADDRESS-ERROR-CODE; there may be one for each family.
  std::expected<AddressErrorInfo, Lack> address_error(const Attribute& attribute) const;
  std::expected<IcmpInfo, Lack> icmp() const;
  /// EVEN-PORT: whether the next port is to be reserved (RFC 8656, section 18.7).
  std::expected<bool, Lack> even_port() const;
  std::expected<ReservationToken, Lack> reservation_token() const;
  /// USERHASH: its 32 bytes (RFC 8489, section 14.4).
  std::expected<Bytes, Lack> userhash() const;
  /// PASSWORD-ALGORITHMS: one or more.
  std::expected<PasswordAlgorithmList, Lack> password_algorithms() const;
  /// PASSWORD-ALGORITHM: exactly one.
  std::expected<PasswordAlgorithmList, Lack> password_algorithm() const;
  /// Whether UNKNOWN-ATTRIBUTES is there and names this type.
  bool names_unknown(AttributeType type) const;

  /// Whether MESSAGE-INTEGRITY is there, has 20 bytes and matches `key`. Constant-time in the
  /// bytes compared. False if it is absent.
  bool verifies(const IntegrityKey& key) const;
  /// Likewise for MESSAGE-INTEGRITY-SHA256. It must have all its 32 bytes: STUN and TURN know no
  /// truncation; where a usage does, `shortest` is 16 to 32 in steps of 4 (RFC 8489, section 14.6).
  bool verifies_sha256(const IntegrityKey& key, std::size_t shortest = 32) const;
  bool has_integrity() const { return integrity_offset_ != 0; }
  bool has_integrity_sha256() const { return sha256_offset_ != 0; }
  bool has_fingerprint() const { return has_fingerprint_; }

 private:
  MessageView() = default;
  /// The bytes that an integrity attribute at `offset` covers, as they were when it was added.
  template <class Digest>
  auto covered(std::size_t offset, std::size_t value_size, Digest&& digest) const;
  /// The attribute at `offset`, which moves behind it; nothing at the end of what is visible.
  std::optional<Attribute> next(std::size_t& offset) const;

  Bytes bytes_;
  MessageType type_;
  TransactionId id_;
  std::size_t integrity_offset_ = 0;  // of the attribute header; 0 if absent
  std::size_t sha256_offset_ = 0;     // of the one that counts; 0 if absent
  std::size_t sealed_offset_ = 0;     // of the first integrity attribute of either kind; 0 if none
  bool has_fingerprint_ = false;
};

/// Whether the first byte and the cookie say STUN (RFC 7983), before any decoding.
bool looks_like_stun(Bytes datagram);

}  // namespace tickover::stun
