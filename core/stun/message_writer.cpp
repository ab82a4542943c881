#include "core/stun/message_writer.h"

#include <algorithm>
#include <limits>

#include "core/stun/crc32.h"

namespace tickover::stun {
namespace {

constexpr std::size_t max_length_field = 0xFFFF;

constexpr std::size_t padded(std::size_t size) {
  return (size + 3) & ~std::size_t{3};
}

void put_address(ByteWriter& out, const Endpoint& endpoint, std::uint16_t port_mask,
                 Bytes address_mask) {
  out.u8(0);
  out.u8(static_cast<std::uint8_t>(endpoint.family()));
  out.u16(endpoint.port ^ port_mask);
  for (std::size_t i = 0; i < endpoint.ip.size(); ++i) {
    out.u8(static_cast<std::uint8_t>(endpoint.ip.bytes()[i] ^ address_mask[i]));
  }
}

}  // namespace

MessageWriter::MessageWriter(MutableBytes buffer, MessageType type, const TransactionId& id)
    : buffer_(buffer) {
  ByteWriter out(buffer_);
  out.u16(type.encoded());
  out.u16(0);
  out.u32(magic_cookie);
  out.bytes(id.bytes);
  ok_ = out.ok();
  size_ = ok_ ? out.size() : 0;
}

std::optional<MutableBytes> MessageWriter::append(AttributeType type, std::size_t size,
                                                  Seal strongest_before) {
  // All sums in std::size_t: 16 bits would wrap just where it matters (BUGS B05).
  if (ok_) {
    ok_ = seal_ <= strongest_before && size <= max_length_field &&
          size_ - header_size + 4 + padded(size) <= max_length_field &&
          4 + padded(size) <= buffer_.size() - size_;
  }
  if (!ok_) return {};
  ByteWriter out(buffer_.subspan(size_));
  out.u16(static_cast<std::uint16_t>(type));
  out.u16(static_cast<std::uint16_t>(size));
  out.zeros(padded(size));
  const MutableBytes value = buffer_.subspan(size_ + 4, size);
  size_ += out.size();
  ByteWriter(buffer_.subspan(2, 2)).u16(static_cast<std::uint16_t>(size_ - header_size));
  return value;
}

void MessageWriter::add(AttributeType type, Bytes value) {
  if (const auto room = append(type, value.size(), Seal::none)) ByteWriter(*room).bytes(value);
}

void MessageWriter::add_u32(AttributeType type, std::uint32_t value) {
  if (const auto room = append(type, 4, Seal::none)) ByteWriter(*room).u32(value);
}

void MessageWriter::add_xor_address(AttributeType type, const Endpoint& endpoint) {
  if (const auto room = append(type, 4 + endpoint.ip.size(), Seal::none)) {
    ByteWriter out(*room);
    // Cookie and transaction id stand next to each other in the header, in the order of the mask.
    put_address(out, endpoint, magic_cookie >> 16, buffer_.subspan(4, 16));
  }
}

void MessageWriter::add_plain_address(AttributeType type, const Endpoint& endpoint) {
  constexpr std::array<std::uint8_t, 16> no_mask{};
  if (const auto room = append(type, 4 + endpoint.ip.size(), Seal::none)) {
    ByteWriter out(*room);
    put_address(out, endpoint, 0, no_mask);
  }
}

void MessageWriter::add_lifetime(Duration lifetime) {
  constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
  const std::int64_t seconds = lifetime / Duration(std::chrono::seconds(1));
  add_u32(AttributeType::lifetime,
          static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 0, most)));
}

void MessageWriter::add_error(ErrorCode code, std::string_view reason) {
  const auto number = static_cast<unsigned>(code);
  if (const auto room = append(AttributeType::error_code, 4 + reason.size(), Seal::none)) {
    ByteWriter out(*room);
    out.u16(0);
    out.u8(static_cast<std::uint8_t>(number / 100));
    out.u8(static_cast<std::uint8_t>(number % 100));
    out.bytes(as_bytes(reason));
  }
}

void MessageWriter::add_channel_number(std::uint16_t number) {
  add_u32(AttributeType::channel_number, static_cast<std::uint32_t>(number) << 16);
}

void MessageWriter::add_leading_byte(AttributeType type, std::uint8_t value) {
  add_u32(type, static_cast<std::uint32_t>(value) << 24);
}

void MessageWriter::add_unknown_attributes(std::span<const AttributeType> types) {
  if (const auto room = append(AttributeType::unknown_attributes, 2 * types.size(), Seal::none)) {
    ByteWriter out(*room);
    for (const AttributeType type : types) out.u16(static_cast<std::uint16_t>(type));
  }
}

void MessageWriter::add_address_error(AddressFamily family, ErrorCode code, AttributeType type) {
  const auto number = static_cast<unsigned>(code);
  add_u32(type, static_cast<std::uint32_t>(family) << 24 | (number / 100) << 8 | number % 100);
}

void MessageWriter::add_icmp(std::uint8_t type, std::uint16_t code, std::uint32_t data) {
  if (type >= 128 || code >= 512) {
    ok_ = false;
    return;
  }
  if (const auto room = append(AttributeType::icmp, 8, Seal::none)) {
    ByteWriter out(*room);
    out.u16(0);
    out.u16(static_cast<std::uint16_t>(type << 9 | code));
    out.u32(data);
  }
}

void MessageWriter::add_even_port(bool reserve_next) {
  const std::uint8_t bits = reserve_next ? 0x80 : 0;
  add(AttributeType::even_port, {&bits, 1});
}

void MessageWriter::add_password_algorithms(AttributeType type,
                                            std::span<const PasswordAlgorithm> algorithms) {
  if (const auto room = append(type, 4 * algorithms.size(), Seal::none)) {
    ByteWriter out(*room);
    for (const PasswordAlgorithm algorithm : algorithms) {
      out.u16(static_cast<std::uint16_t>(algorithm));
      out.u16(0);
    }
  }
}

void MessageWriter::add_integrity(const IntegrityKey& key) {
  const std::size_t covered = size_;
  const auto room = append(AttributeType::message_integrity, sizeof(Sha1Digest), Seal::none);
  if (!room) return;
  seal_ = Seal::integrity;
  // The header length already ends at this attribute, as the digest demands.
  ByteWriter(*room).bytes(key.digest(buffer_.first(covered)));
}

void MessageWriter::add_integrity_sha256(const IntegrityKey& key) {
  const std::size_t covered = size_;
  const auto room =
      append(AttributeType::message_integrity_sha256, sizeof(Sha256Digest), Seal::integrity);
  if (!room) return;
  seal_ = Seal::integrity_sha256;
  ByteWriter(*room).bytes(key.digest_sha256(buffer_.first(covered)));
}

void MessageWriter::add_fingerprint() {
  const std::size_t covered = size_;
  const auto room = append(AttributeType::fingerprint, 4, Seal::integrity_sha256);
  if (!room) return;
  seal_ = Seal::fingerprint;
  ByteWriter(*room).u32(crc32(buffer_.first(covered)) ^ fingerprint_xor);
}

}  // namespace tickover::stun
