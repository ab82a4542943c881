#pragma once

#include <string_view>

#include "core/stun/types.h"

namespace tickover::stun {

/// How logs, reports and fault files call a message: "Binding request", "Allocate success",
/// "Refresh error", "Send indication"; "STUN request" and so on for methods not in Method. Static
/// text.
std::string_view message_name(MessageType type);

}  // namespace tickover::stun
