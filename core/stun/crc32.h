#pragma once

#include <cstdint>

#include "core/bytes.h"

namespace tickover::stun {

/// CRC-32 of ITU V.42 (polynomial 0x04C11DB7, reflected, inverted at both ends), which is what
/// FINGERPRINT is made of (RFC 8489, section 14.7). `crc32("123456789")` is 0xCBF43926.
std::uint32_t crc32(Bytes bytes);

}  // namespace tickover::stun
