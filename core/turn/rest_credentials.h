#pragma once

#include <array>
#include <string_view>

#include "core/stun/integrity.h"

namespace tickover::turn {

using RestPassword = std::array<char, 28>;

/// The password of a user who is valid until a date: base64(HMAC-SHA1(secret, username)), where the
/// name is the date in seconds since 1970, then a colon and any text (both optional). The custom of
/// TURN services with a REST API.
RestPassword rest_password(const stun::IntegrityKey& secret, std::string_view username);

}  // namespace tickover::turn
