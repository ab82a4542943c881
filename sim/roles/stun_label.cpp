#include <array>

#include "core/random.h"
#include "core/stun/names.h"
#include "core/stun/types.h"
#include "sim/roles/roles.h"

namespace tickover::sim {
namespace {

using stun::Class;
using stun::Method;

constexpr std::array methods = {Method::binding, Method::allocate, Method::refresh,
                                Method::create_permission, Method::channel_bind};
constexpr std::uint16_t channel_data_kind = 0x4000;
constexpr std::uint16_t datagram_kind = 0xFFFF;

}  // namespace

Label stun_label(Bytes datagram) {
  ByteReader reader(datagram);
  const std::uint16_t first = reader.u16();
  reader.u16();
  const std::uint32_t cookie = reader.u32();
  if (datagram.size() >= 4 && first >= 0x4000 && first < 0x5000) return {channel_data_kind};
  const std::uint32_t id_high = reader.u32();
  const std::uint64_t id_low = reader.u64();
  if (!reader.ok() || first > 0x3FFF || cookie != stun::magic_cookie) return {datagram_kind};
  switch (stun::MessageType::decoded(first).message_class) {
    case stun::Class::indication:
      return {first};
    case stun::Class::request:
      return {first, Label::Part::request, mix(id_high, id_low)};
    default:
      return {first, Label::Part::answer, mix(id_high, id_low)};
  }
}

std::string_view stun_kind_name(std::uint16_t kind) {
  if (kind == channel_data_kind) return "ChannelData";
  if (kind > 0x3FFF) return "datagram";
  return stun::message_name(stun::MessageType::decoded(kind));
}

std::vector<std::string> stun_messages() {
  std::vector<std::string> names = {"ChannelData", "datagram"};
  for (const Method method : methods) {
    for (const Class message_class : {Class::request, Class::success, Class::error}) {
      names.emplace_back(stun::message_name({method, message_class}));
    }
  }
  names.emplace_back(stun::message_name({Method::send, Class::indication}));
  names.emplace_back(stun::message_name({Method::data, Class::indication}));
  return names;
}

std::vector<std::string> turn_client_messages() {
  std::vector<std::string> names = {"ChannelData"};
  for (const Method method : methods) {
    if (method != Method::binding) {
      names.emplace_back(stun::message_name({method, Class::request}));
    }
  }
  names.emplace_back(stun::message_name({Method::send, Class::indication}));
  return names;
}

std::vector<std::string> turn_server_messages() {
  std::vector<std::string> names = {"ChannelData", "datagram"};
  for (const Method method : methods) {
    for (const Class message_class : {Class::success, Class::error}) {
      names.emplace_back(stun::message_name({method, message_class}));
    }
  }
  names.emplace_back(stun::message_name({Method::data, Class::indication}));
  return names;
}

}  // namespace tickover::sim
