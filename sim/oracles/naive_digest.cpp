#include "sim/oracles/naive_digest.h"

#include <bit>
#include <cstddef>
#include <utility>

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

// RFC 6234, section 5.1: the fractions of the cube roots of the first 64 primes.
constexpr Word sha256_roots[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

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

std::array<std::uint8_t, 32> naive_sha256(Message message) {
  pad(message, true);
  std::array<Word, 8> h = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                           0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  for (std::size_t block = 0; block < message.size(); block += 64) {
    std::array<Word, 64> w{};
    for (std::size_t i = 0; i < 64; ++i) w[i / 4] = w[i / 4] * 256 + message[block + i];
    for (std::size_t i = 16; i < 64; ++i) {
      const Word s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
      const Word s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    auto [a, b, c, d, e, f, g, last] = h;
    for (std::size_t i = 0; i < 64; ++i) {
      const Word s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
      const Word one = last + s1 + ((e & f) ^ (~e & g)) + sha256_roots[i] + w[i];
      const Word s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
      const Word two = s0 + ((a & b) ^ (a & c) ^ (b & c));
      last = g;
      g = f;
      f = e;
      e = d + one;
      d = c;
      c = b;
      b = a;
      a = one + two;
    }
    h = {h[0] + a, h[1] + b, h[2] + c, h[3] + d, h[4] + e, h[5] + f, h[6] + g, h[7] + last};
  }
  std::array<std::uint8_t, 32> digest{};
  for (std::size_t i = 0; i < 32; ++i) {
    digest[i] = static_cast<std::uint8_t>(h[i / 4] >> (24 - 8 * (i % 4)) & 255);
  }
  return digest;
}

namespace {

template <class Hash>
auto naive_hmac(Message key, std::span<const std::uint8_t> message, Hash&& hash) {
  if (key.size() > 64) {
    const auto digest = hash(key);
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
  const auto digest = hash(inner);
  outer.insert(outer.end(), digest.begin(), digest.end());
  return hash(outer);
}

}  // namespace

std::array<std::uint8_t, 20> naive_hmac_sha1(Message key, std::span<const std::uint8_t> message) {
  return naive_hmac(std::move(key), message, naive_sha1);
}

std::array<std::uint8_t, 32> naive_hmac_sha256(Message key, std::span<const std::uint8_t> message) {
  return naive_hmac(std::move(key), message, naive_sha256);
}

std::uint32_t naive_crc32(std::span<const std::uint8_t> message) {
  std::uint32_t crc = 0xffffffff;
  for (const std::uint8_t byte : message) crc = crc / 256 ^ remainders[(crc ^ byte) % 256];
  return crc ^ 0xffffffff;
}

}  // namespace tickover::sim
