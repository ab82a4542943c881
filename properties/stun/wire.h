#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/stun/message_view.h"
#include "core/stun/message_writer.h"

// A small vocabulary for tests that speak about bytes.
namespace tickover::stun::wire {

using Buffer = std::vector<std::uint8_t>;

inline Buffer copy(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

/// Bytes from hexadecimal digits; anything else separates.
inline Buffer hex(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  Buffer bytes;
  bool half = false;
  for (const char c : text) {
    const std::size_t digit = digits.find(c);
    if (digit == std::string_view::npos) continue;
    if (!half) bytes.push_back(0);
    bytes.back() = static_cast<std::uint8_t>(bytes.back() * 16u + digit);
    half = !half;
  }
  return bytes;
}

/// Appends an attribute behind a message, correct in its lengths and wrong in all else.
inline void smuggle(Buffer& message, AttributeType type, Bytes value) {
  const auto type_bits = static_cast<unsigned>(type);
  message.push_back(static_cast<std::uint8_t>(type_bits >> 8));
  message.push_back(static_cast<std::uint8_t>(type_bits & 0xff));
  message.push_back(static_cast<std::uint8_t>(value.size() >> 8));
  message.push_back(static_cast<std::uint8_t>(value.size() & 0xff));
  message.insert(message.end(), value.begin(), value.end());
  while (message.size() % 4 != 0) message.push_back(0);
  message[2] = static_cast<std::uint8_t>((message.size() - header_size) >> 8);
  message[3] = static_cast<std::uint8_t>((message.size() - header_size) & 0xff);
}

inline std::vector<AttributeType> visible_types(const MessageView& view) {
  std::vector<AttributeType> types;
  view.for_each([&](const Attribute& attribute) { types.push_back(attribute.type); });
  return types;
}

/// A message of one attribute of any content.
inline Buffer with_attribute(AttributeType type, Bytes value) {
  Buffer buffer(header_size + 4 + value.size() + 3);
  MessageWriter writer(buffer, {Method::binding, Class::success}, TransactionId{});
  writer.add(type, value);
  return copy(writer.bytes());
}

}  // namespace tickover::stun::wire
