#include "sim/oracles/glance.h"

#include <array>

namespace tickover::sim {
namespace {

constexpr std::size_t header = 20;

std::uint16_t u16(Bytes bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}
std::uint32_t u32(Bytes bytes, std::size_t at) {
  return std::uint32_t{u16(bytes, at)} << 16 | u16(bytes, at + 2);
}

}  // namespace

std::optional<StunGlance> glance_stun(Bytes datagram) {
  if (datagram.size() < header || datagram[0] > 0x3f) return {};
  if (u32(datagram, 4) != 0x2112A442 || u16(datagram, 2) + header != datagram.size()) return {};
  return StunGlance{u16(datagram, 0), datagram.subspan(8, 12), datagram.subspan(header)};
}

std::optional<StunAttribute> StunAttributes::next() {
  if (left_.size() < 4) return {};
  const std::size_t length = u16(left_, 2);
  if (length > left_.size() - 4) return {};
  const StunAttribute result{u16(left_, 0), left_.subspan(4, length)};
  const std::size_t padded = 4 + (length + 3) / 4 * 4;
  const bool is_last = result.type == stun_attribute::message_integrity ||
                       result.type == stun_attribute::message_integrity_sha256;
  left_ = is_last || padded >= left_.size() ? Bytes() : left_.subspan(padded);
  return result;
}

std::optional<Bytes> find_attribute(const StunGlance& message, std::uint16_t type) {
  StunAttributes attributes(message);
  while (const auto attribute = attributes.next()) {
    if (attribute->type == type) return attribute->value;
  }
  return {};
}

std::optional<Endpoint> xor_endpoint(const StunGlance& message, Bytes value) {
  constexpr std::array<std::uint8_t, 4> cookie = {0x21, 0x12, 0xA4, 0x42};
  if (value.size() < 4) return {};
  Endpoint result;
  result.port = static_cast<std::uint16_t>(u16(value, 2) ^ 0x2112);
  if (value[1] == 1 && value.size() == 8) {
    std::array<std::uint8_t, 4> ip{};
    for (std::size_t i = 0; i < 4; ++i) ip[i] = value[4 + i] ^ cookie[i];
    result.ip = IpAddress::v4(ip);
  } else if (value[1] == 2 && value.size() == 20) {
    std::array<std::uint8_t, 16> ip{};
    for (std::size_t i = 0; i < 16; ++i) {
      ip[i] = value[4 + i] ^ (i < 4 ? cookie[i] : message.id[i - 4]);
    }
    result.ip = IpAddress::v6(ip);
  } else {
    return {};
  }
  return result;
}

std::optional<Endpoint> find_endpoint(const StunGlance& message, std::uint16_t type) {
  const auto value = find_attribute(message, type);
  return value ? xor_endpoint(message, *value) : std::nullopt;
}

std::optional<std::uint32_t> find_number(const StunGlance& message, std::uint16_t type) {
  const auto value = find_attribute(message, type);
  if (!value || value->size() != 4) return {};
  return u32(*value, 0);
}

std::uint32_t error_code_of(const StunGlance& message) {
  const auto value = find_attribute(message, stun_attribute::error_code);
  if (!value || value->size() < 4) return 0;
  return (*value)[2] % 8u * 100u + (*value)[3];
}

std::optional<ChannelGlance> glance_channel(Bytes datagram) {
  if (datagram.size() < 4 || datagram[0] < 0x40 || datagram[0] > 0x7f) return {};
  const std::size_t length = u16(datagram, 2);
  if (length > datagram.size() - 4) return {};
  return ChannelGlance{u16(datagram, 0), datagram.subspan(4, length)};
}

}  // namespace tickover::sim
