#include "core/stun/names.h"

#include <array>

namespace tickover::stun {
namespace {

/// In the order of Class.
using Names = std::array<std::string_view, 4>;

constexpr Names binding = {"Binding request", "Binding indication", "Binding success",
                           "Binding error"};
constexpr Names allocate = {"Allocate request", "Allocate indication", "Allocate success",
                            "Allocate error"};
constexpr Names refresh = {"Refresh request", "Refresh indication", "Refresh success",
                           "Refresh error"};
constexpr Names send = {"Send request", "Send indication", "Send success", "Send error"};
constexpr Names data = {"Data request", "Data indication", "Data success", "Data error"};
constexpr Names create_permission = {"CreatePermission request", "CreatePermission indication",
                                     "CreatePermission success", "CreatePermission error"};
constexpr Names channel_bind = {"ChannelBind request", "ChannelBind indication",
                                "ChannelBind success", "ChannelBind error"};
constexpr Names unknown = {"STUN request", "STUN indication", "STUN success", "STUN error"};

const Names& names_of(Method method) {
  switch (method) {
    case Method::binding:
      return binding;
    case Method::allocate:
      return allocate;
    case Method::refresh:
      return refresh;
    case Method::send:
      return send;
    case Method::data:
      return data;
    case Method::create_permission:
      return create_permission;
    case Method::channel_bind:
      return channel_bind;
  }
  return unknown;
}

}  // namespace

std::string_view message_name(MessageType type) {
  return names_of(type.method)[static_cast<std::size_t>(type.message_class) & 3];
}

}  // namespace tickover::stun
