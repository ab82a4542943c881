#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace tickover::sim {

/// Digests as their documents write them down: whole message in memory, no tricks, no library.
/// For judging only; see wire_decoder.h.

/// RFC 3174.
std::array<std::uint8_t, 20> naive_sha1(std::vector<std::uint8_t> message);
/// RFC 6234.
std::array<std::uint8_t, 32> naive_sha256(std::vector<std::uint8_t> message);
/// RFC 1321.
std::array<std::uint8_t, 16> naive_md5(std::vector<std::uint8_t> message);
/// RFC 2104 with SHA-1.
std::array<std::uint8_t, 20> naive_hmac_sha1(std::vector<std::uint8_t> key,
                                             std::span<const std::uint8_t> message);
/// RFC 2104 with SHA-256.
std::array<std::uint8_t, 32> naive_hmac_sha256(std::vector<std::uint8_t> key,
                                               std::span<const std::uint8_t> message);
/// The CRC-32 of ITU V.42.
std::uint32_t naive_crc32(std::span<const std::uint8_t> message);

}  // namespace tickover::sim
