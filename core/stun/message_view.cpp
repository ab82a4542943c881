#include "core/stun/message_view.h"

#include <algorithm>
#include <chrono>

#include "core/stun/crc32.h"

namespace tickover::stun {
namespace {

constexpr std::size_t max_text_size = 763;  // RFC 8489, sections 14.3, 14.8 to 14.10, 14.14

constexpr std::size_t padded(std::size_t size) {
  return (size + 3) & ~std::size_t{3};
}

std::string_view without_trailing_nuls(std::string_view text) {
  return text.substr(0, text.find_last_not_of('\0') + 1);
}

std::expected<Endpoint, Lack> read_address(Bytes value, std::uint16_t port_mask,
                                           Bytes address_mask) {
  ByteReader in(value);
  in.skip(1);
  const std::uint8_t family = in.u8();
  const auto port = static_cast<std::uint16_t>(in.u16() ^ port_mask);
  std::array<std::uint8_t, 16> ip{};
  const std::size_t size = in.left();
  const Bytes masked = in.bytes(size);
  for (std::size_t i = 0; i < masked.size() && i < ip.size(); ++i) {
    ip[i] = static_cast<std::uint8_t>(masked[i] ^ address_mask[i]);
  }
  if (in.ok() && family == 1 && size == 4) {
    return Endpoint{IpAddress::v4({ip[0], ip[1], ip[2], ip[3]}), port};
  }
  if (in.ok() && family == 2 && size == 16) return Endpoint{IpAddress::v6(ip), port};
  return std::unexpected(Lack::malformed);
}

/// The attribute at `offset` of a message whose attributes are known to fit.
Attribute attribute_at(Bytes message, std::size_t offset) {
  ByteReader in(message.subspan(offset));
  Attribute attribute;
  attribute.type = static_cast<AttributeType>(in.u16());
  attribute.value = in.bytes(in.u16());
  return attribute;
}

/// ERROR-CODE, and ADDRESS-ERROR-CODE behind its family.
std::expected<ErrorInfo, Lack> read_error(Bytes value) {
  ByteReader in(value);
  in.skip(2);
  const int hundreds = in.u8() & 0x07;  // the other 21 bits are reserved (PROTOCOL K14)
  const int number = in.u8();
  const Bytes reason = in.bytes(in.left());
  if (!in.ok() || hundreds < 3 || hundreds > 6 || number > 99 || reason.size() > max_text_size) {
    return std::unexpected(Lack::malformed);
  }
  return ErrorInfo{100 * hundreds + number, without_trailing_nuls(as_text(reason))};
}

/// Visits (PasswordAlgorithm, parameters) of a list (RFC 8489, section 14.11); false if it is cut
/// short. The padding of the last parameters may be missing.
template <class Visit>
bool for_each_algorithm(Bytes value, Visit&& visit) {
  ByteReader in(value);
  while (in.left() > 0) {
    const auto algorithm = static_cast<PasswordAlgorithm>(in.u16());
    const std::size_t size = in.u16();
    const Bytes parameters = in.bytes(size);
    if (!in.ok()) return false;
    in.skip(std::min(padded(size) - size, in.left()));
    visit(algorithm, parameters);
  }
  return true;
}

/// How many; nothing if the list is malformed.
std::optional<std::size_t> count_algorithms(Bytes value) {
  std::size_t count = 0;
  if (!for_each_algorithm(value, [&](PasswordAlgorithm, Bytes) { ++count; })) return {};
  return count;
}

bool is_right_fingerprint(Bytes covered, Bytes value) {
  return ByteReader(value).u32() == (crc32(covered) ^ fingerprint_xor);
}

}  // namespace

std::expected<MessageView, DecodeError> MessageView::decode(Bytes datagram) {
  const auto error = [](std::size_t offset, std::string_view what) {
    return std::unexpected(DecodeError{offset, what});
  };
  MessageView view;
  view.bytes_ = datagram;
  ByteReader in(datagram);
  const std::uint16_t type = in.u16();
  const std::size_t length = in.u16();  // wider than its field: sums must not wrap (BUGS B05)
  const std::uint32_t cookie = in.u32();
  const Bytes id = in.bytes(view.id_.bytes.size());
  if (!in.ok()) return error(datagram.size(), "shorter than a STUN header");
  if ((type & 0xC000) != 0) return error(0, "the first two bits are not zero");
  if (length % 4 != 0) return error(2, "the length is not a multiple of 4");
  if (length != in.left()) return error(2, "the length disagrees with the size of the datagram");
  if (cookie != magic_cookie) return error(4, "no magic cookie");
  view.type_ = MessageType::decoded(type);
  std::copy(id.begin(), id.end(), view.id_.bytes.begin());

  while (in.left() > 0) {
    const std::size_t offset = in.offset();
    const auto attribute = static_cast<AttributeType>(in.u16());
    const std::size_t size = in.u16();
    const Bytes value = in.bytes(size);
    in.skip(padded(size) - size);
    if (!in.ok()) return error(offset, "an attribute does not fit into the message");
    if (attribute == AttributeType::fingerprint) {
      if (value.size() != 4) return error(offset, "FINGERPRINT has not 4 bytes");
      if (in.left() > 0) return error(offset, "FINGERPRINT is not last");
      if (!is_right_fingerprint(datagram.first(offset), value)) {
        return error(offset, "FINGERPRINT is wrong");
      }
      view.has_fingerprint_ = true;
    } else if (view.sealed_offset_ == 0 && attribute == AttributeType::message_integrity) {
      view.integrity_offset_ = view.sealed_offset_ = offset;
    } else if (attribute == AttributeType::message_integrity_sha256 && view.sha256_offset_ == 0) {
      view.sha256_offset_ = offset;
      if (view.sealed_offset_ == 0) view.sealed_offset_ = offset;
    }
  }
  return view;
}

std::optional<Attribute> MessageView::next(std::size_t& offset) const {
  while (offset < bytes_.size()) {
    const std::size_t at = offset;
    const Attribute attribute = attribute_at(bytes_, at);
    offset = at + 4 + padded(attribute.value.size());
    if (sealed_offset_ == 0 || at <= sealed_offset_) return attribute;
    if (attribute.type == AttributeType::fingerprint) return attribute;
    if (at == sha256_offset_) return attribute;
  }
  return {};
}

std::optional<Bytes> MessageView::find(AttributeType type) const {
  std::size_t offset = header_size;
  while (const auto attribute = next(offset)) {
    if (attribute->type == type) return attribute->value;
  }
  return {};
}

std::expected<Endpoint, Lack> MessageView::xor_address(const Attribute& attribute) const {
  // Cookie and transaction id stand next to each other in the header, in the order of the mask.
  return read_address(attribute.value, magic_cookie >> 16, bytes_.subspan(4, 16));
}

std::expected<Endpoint, Lack> MessageView::xor_address(AttributeType type) const {
  const auto value = find(type);
  if (!value) return std::unexpected(Lack::absent);
  return xor_address(Attribute{type, *value});
}

std::expected<Endpoint, Lack> MessageView::plain_address(AttributeType type) const {
  const auto value = find(type);
  if (!value) return std::unexpected(Lack::absent);
  return plain_address({type, *value});
}

std::expected<Endpoint, Lack> MessageView::plain_address(const Attribute& attribute) const {
  constexpr std::array<std::uint8_t, 16> no_mask{};
  return read_address(attribute.value, 0, no_mask);
}

std::expected<Duration, Lack> MessageView::lifetime() const {
  const auto value = find(AttributeType::lifetime);
  if (!value) return std::unexpected(Lack::absent);
  if (value->size() != 4) return std::unexpected(Lack::malformed);
  return Duration(std::chrono::seconds(ByteReader(*value).u32()));
}

std::expected<ErrorInfo, Lack> MessageView::error() const {
  const auto value = find(AttributeType::error_code);
  if (!value) return std::unexpected(Lack::absent);
  return read_error(*value);
}

std::expected<std::uint16_t, Lack> MessageView::channel_number() const {
  const auto value = find(AttributeType::channel_number);
  if (!value) return std::unexpected(Lack::absent);
  if (value->size() != 4) return std::unexpected(Lack::malformed);
  return ByteReader(*value).u16();
}

std::expected<std::uint8_t, Lack> MessageView::leading_byte(AttributeType type) const {
  const auto value = find(type);
  if (!value) return std::unexpected(Lack::absent);
  if (value->size() != 4) return std::unexpected(Lack::malformed);
  return value->front();
}

std::expected<std::string_view, Lack> MessageView::text(AttributeType type) const {
  const auto value = find(type);
  if (!value) return std::unexpected(Lack::absent);
  if (value->size() > max_text_size) return std::unexpected(Lack::malformed);
  const std::string_view text = as_text(*value);
  return type == AttributeType::software ? without_trailing_nuls(text) : text;
}

std::expected<AddressErrorInfo, Lack> MessageView::address_error(const Attribute& attribute) const {
  const auto error = read_error(attribute.value);
  if (!error) return std::unexpected(error.error());
  const std::uint8_t family = attribute.value.front();
  if (family != 1 && family != 2) return std::unexpected(Lack::malformed);
  return AddressErrorInfo{static_cast<AddressFamily>(family), *error};
}

std::expected<IcmpInfo, Lack> MessageView::icmp() const {
  const auto value = find(AttributeType::icmp);
  if (!value) return std::unexpected(Lack::absent);
  if (value->size() != 8) return std::unexpected(Lack::malformed);
  ByteReader in(*value);
  in.skip(2);
  // 7 bits of type and 9 of code, as the figure has it (PROTOCOL K24).
  const unsigned both = in.u16();
  return IcmpInfo{static_cast<std::uint8_t>(both >> 9), static_cast<std::uint16_t>(both & 0x1ff),
                  in.u32()};
}

std::expected<bool, Lack> MessageView::even_port() const {
  const auto value = find(AttributeType::even_port);
  if (!value) return std::unexpected(Lack::absent);
  if (value->size() != 1) return std::unexpected(Lack::malformed);
  return (value->front() & 0x80) != 0;
}

std::expected<ReservationToken, Lack> MessageView::reservation_token() const {
  const auto value = find(AttributeType::reservation_token);
  if (!value) return std::unexpected(Lack::absent);
  ReservationToken token{};
  if (value->size() != token.size()) return std::unexpected(Lack::malformed);
  std::copy(value->begin(), value->end(), token.begin());
  return token;
}

std::expected<Bytes, Lack> MessageView::userhash() const {
  const auto value = find(AttributeType::userhash);
  if (!value) return std::unexpected(Lack::absent);
  if (value->size() != sizeof(Sha256Digest)) return std::unexpected(Lack::malformed);
  return *value;
}

std::expected<PasswordAlgorithmList, Lack> MessageView::password_algorithms() const {
  const auto value = find(AttributeType::password_algorithms);
  if (!value) return std::unexpected(Lack::absent);
  if (count_algorithms(*value).value_or(0) == 0) return std::unexpected(Lack::malformed);
  return PasswordAlgorithmList(*value);
}

std::expected<PasswordAlgorithmList, Lack> MessageView::password_algorithm() const {
  const auto value = find(AttributeType::password_algorithm);
  if (!value) return std::unexpected(Lack::absent);
  if (count_algorithms(*value) != 1u) return std::unexpected(Lack::malformed);
  return PasswordAlgorithmList(*value);
}

std::optional<PasswordAlgorithm> PasswordAlgorithmList::first_supported() const {
  std::optional<PasswordAlgorithm> first;
  for_each_algorithm(value_, [&](PasswordAlgorithm algorithm, Bytes parameters) {
    const bool known =
        algorithm == PasswordAlgorithm::md5 || algorithm == PasswordAlgorithm::sha256;
    if (!first && known && parameters.empty()) first = algorithm;
  });
  return first;
}

bool PasswordAlgorithmList::contains(PasswordAlgorithm wanted) const {
  bool found = false;
  for_each_algorithm(value_, [&](PasswordAlgorithm algorithm, Bytes parameters) {
    found |= algorithm == wanted && parameters.empty();
  });
  return found;
}

bool MessageView::names_unknown(AttributeType type) const {
  const auto value = find(AttributeType::unknown_attributes);
  if (!value) return false;
  for (ByteReader in(*value); in.left() >= 2;) {
    if (static_cast<AttributeType>(in.u16()) == type) return true;
  }
  return false;
}

// The digest was made when the message ended with this attribute (RFC 8489, sections 14.5 and
// 14.6), so it is taken over a header that says so. The caller's bytes stay as they are.
template <class Digest>
auto MessageView::covered(std::size_t offset, std::size_t value_size, Digest&& digest) const {
  std::array<std::uint8_t, header_size> header{};
  std::copy_n(bytes_.begin(), header_size, header.begin());
  const std::size_t length = offset + 4 + value_size - header_size;
  ByteWriter(MutableBytes(header).subspan(2, 2)).u16(static_cast<std::uint16_t>(length));
  return digest(header, bytes_.subspan(header_size, offset - header_size));
}

bool MessageView::verifies(const IntegrityKey& key) const {
  if (integrity_offset_ == 0) return false;
  const Bytes value = attribute_at(bytes_, integrity_offset_).value;
  if (value.size() != sizeof(Sha1Digest)) return false;
  const Sha1Digest digest = covered(integrity_offset_, value.size(), [&](Bytes header, Bytes rest) {
    return key.digest(header, rest);
  });
  return equal_in_constant_time(digest, value);
}

bool MessageView::verifies_sha256(const IntegrityKey& key, std::size_t shortest) const {
  if (sha256_offset_ == 0) return false;
  const Bytes value = attribute_at(bytes_, sha256_offset_).value;
  if (value.size() < std::max<std::size_t>(shortest, 16) || value.size() > sizeof(Sha256Digest) ||
      value.size() % 4 != 0) {
    return false;
  }
  const Sha256Digest digest = covered(sha256_offset_, value.size(), [&](Bytes header, Bytes rest) {
    return key.digest_sha256(header, rest);
  });
  return equal_in_constant_time(Bytes(digest).first(value.size()), value);
}

bool looks_like_stun(Bytes datagram) {
  ByteReader in(datagram);
  const std::uint8_t first = in.u8();
  in.skip(3);
  return in.u32() == magic_cookie && in.ok() && first <= 3;
}

}  // namespace tickover::stun
