#include "sim/oracles/naive_digest.h"

#include <bit>
#include <cstddef>

namespace tickover::sim {
namespace {

using Message = std::vector<std::uint8_t>;
using Word = std::uint32_t;

/// The padding that SHA-1 and MD5 share: a one bit, zeros, and the length in bits; the length is
/// written high byte first or low byte first.
void pad(Message& message, bool high_first) {
  const std::uint64_t bits = std::uint64_t{message.size()} * 8;
  message.push_back(0x80);
  while (message.size() % 64 != 56) message.push_back(0);
  for (unsigned i = 0; i < 8; ++i) {
    const unsigned shift = high_first ? 56 - 8 * i : 8 * i;
    message.push_back(static_cast<std::uint8_t>(bits >> shift & 255));
  }
}

// RFC 1321, section 3.4: floor(2^32 * |sin(i + 1)|).
constexpr Word md5_sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
constexpr int md5_turns[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

/// What each byte leaves after division by the polynomial, bit by bit.
constexpr std::array<Word, 256> remainders = [] {
  std::array<Word, 256> table{};
  for (Word byte = 0; byte < 256; ++byte) {
    Word rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = rest % 2 == 1 ? rest / 2 ^ 0xedb88320 : rest / 2;
    table[byte] = rest;
  }
  return table;
}();

}  // namespace

std::array<std::uint8_t, 20> naive_sha1(Message message) {
  pad(message, true);
  std::array<Word, 5> h = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  for (std::size_t block = 0; block < message.size(); block += 64) {
    std::array<Word, 80> w{};
    for (std::size_t i = 0; i < 64; ++i) w[i / 4] = w[i / 4] * 256 + message[block + i];
    for (std::size_t i = 16; i < 80; ++i) {
      w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    }
    auto [a, b, c, d, e] = h;
    for (std::size_t i = 0; i < 80; ++i) {
      const Word f = i < 20   ? (b & c) | (~b & d)
                     : i < 40 ? b ^ c ^ d
                     : i < 60 ? (b & c) | (b & d) | (c & d)
                              : b ^ c ^ d;
      constexpr Word k[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
      const Word next = std::rotl(a, 5) + f + e + w[i] + k[i / 20];
      e = d;
      d = c;
      c = std::rotl(b, 30);
      b = a;
      a = next;
    }
    h = {h[0] + a, h[1] + b, h[2] + c, h[3] + d, h[4] + e};
  }
  std::array<std::uint8_t, 20> digest{};
  for (std::size_t i = 0; i < 20; ++i) {
    digest[i] = static_cast<std::uint8_t>(h[i / 4] >> (24 - 8 * (i % 4)) & 255);
  }
  return digest;
}

std::array<std::uint8_t, 16> naive_md5(Message message) {
  pad(message, false);
  std::array<Word, 4> h = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  for (std::size_t block = 0; block < message.size(); block += 64) {
    std::array<Word, 16> x{};
    for (std::size_t i = 64; i-- > 0;) x[i / 4] = x[i / 4] * 256 + message[block + i];
    auto [a, b, c, d] = h;
    for (std::size_t i = 0; i < 64; ++i) {
      const Word f = i < 16   ? (b & c) | (~b & d)
                     : i < 32 ? (b & d) | (c & ~d)
                     : i < 48 ? b ^ c ^ d
                              : c ^ (b | ~d);
      const std::size_t k = i < 16 ? i : i < 32 ? 5 * i + 1 : i < 48 ? 3 * i + 5 : 7 * i;
      const Word next = b + std::rotl(a + f + x[k % 16] + md5_sines[i], md5_turns[i / 16][i % 4]);
      a = d;
      d = c;
      c = b;
      b = next;
    }
    h = {h[0] + a, h[1] + b, h[2] + c, h[3] + d};
  }
  std::array<std::uint8_t, 16> digest{};
  for (std::size_t i = 0; i < 16; ++i) {
    digest[i] = static_cast<std::uint8_t>(h[i / 4] >> (8 * (i % 4)) & 255);
  }
  return digest;
}

std::array<std::uint8_t, 20> naive_hmac_sha1(Message key, std::span<const std::uint8_t> message) {
  if (key.size() > 64) {
    const auto digest = naive_sha1(key);
    key.assign(digest.begin(), digest.end());
  }
  key.resize(64, 0);
  Message inner;
  Message outer;
  for (const std::uint8_t byte : key) {
    inner.push_back(byte ^ 0x36);
    outer.push_back(byte ^ 0x5c);
  }
  inner.insert(inner.end(), message.begin(), message.end());
  const auto digest = naive_sha1(inner);
  outer.insert(outer.end(), digest.begin(), digest.end());
  return naive_sha1(outer);
}

std::uint32_t naive_crc32(std::span<const std::uint8_t> message) {
  std::uint32_t crc = 0xffffffff;
  for (const std::uint8_t byte : message) crc = crc / 256 ^ remainders[(crc ^ byte) % 256];
  return crc ^ 0xffffffff;
}

}  // namespace tickover::sim
