#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/bytes.h"
#include "core/ratio.h"

namespace tickover {

__extension__ using Uint128 = unsigned __int128;

/// Mixes two words into one by a folded 128-bit product: fast, the same everywhere, and not
/// cryptographic. The building block of every keyed draw and of the run's digest.
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const Uint128 product = static_cast<Uint128>(a ^ 0x9E3779B97F4A7C15u) * (b ^ 0xD1B54A32D192ED03u);
  const auto low = static_cast<std::uint64_t>(product);
  const auto high = static_cast<std::uint64_t>(product >> 64);
  // The sum keeps a word whose partner cancels its constant from vanishing.
  return (low ^ high) + (a << 1) + (b ^ (b >> 29));
}

/// Spreads every bit of `x` over the whole word (the finaliser of splitmix64).
constexpr std::uint64_t scramble(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

constexpr std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = text.size();
  for (const char c : text) hash = mix(hash, static_cast<unsigned char>(c));
  return scramble(hash);
}

/// Uniform in [0, bound) from a uniform word; 0 if `bound` is 0.
constexpr std::uint64_t scale_below(std::uint64_t word, std::uint64_t bound) {
  return static_cast<std::uint64_t>((static_cast<Uint128>(word) * bound) >> 64);
}

/// True with probability `p` for a uniform word: never for 0, always for 1.
constexpr bool happens(std::uint64_t word, Ratio p) {
  return scale_below(word, p.denominator()) < p.numerator();
}

/// Randomness as a value: the words are a function of the key and of how many were drawn before.
/// Copies continue alike. In simulation the key comes from seed and host name; live it is secret,
/// and nobody who sees some words can tell others. Machines cannot tell the two apart.
class Random {
 public:
  using SecretKey = std::array<std::uint8_t, 32>;

  constexpr explicit Random(std::uint64_t key = 0) : key_{scramble(key ^ 0xA0761D6478BD642Fu)} {}
  /// A cryptographic generator: SHA-256 of the key and a counter, eight bytes of each digest. Who
  /// learns the key knows all its words, also those of before; so it never leaves the process.
  static Random secure(const SecretKey& key);

  constexpr std::uint64_t word() {
    ++drawn_;
    if (is_secure_) [[unlikely]] {
      return secure_word();
    }
    return scramble(mix(key_[0], drawn_));
  }
  /// Uniform in [0, bound); `bound` > 0.
  constexpr std::uint64_t below(std::uint64_t bound) { return scale_below(word(), bound); }
  constexpr bool chance(Ratio p) { return happens(word(), p); }
  void fill(MutableBytes out) {
    for (std::size_t i = 0; i < out.size(); i += 8) {
      std::uint64_t w = word();
      for (std::size_t j = i; j < out.size() && j < i + 8; ++j, w >>= 8) {
        out[j] = static_cast<std::uint8_t>(w & 0xff);
      }
    }
  }
  /// An independent generator for one purpose; drawing from it leaves this one alone. Secure if
  /// this one is.
  constexpr Random split(std::uint64_t purpose) const {
    if (is_secure_) [[unlikely]] {
      return secure_split(purpose);
    }
    return Random(mix(key_[0], purpose));
  }

  constexpr bool operator==(const Random&) const = default;

 private:
  // Defined where the digests are, in core/stun/integrity.cpp.
  std::uint64_t secure_word() const;
  Random secure_split(std::uint64_t purpose) const;

  std::array<std::uint64_t, 4> key_;  // only the first word counts unless it is secure
  std::uint64_t drawn_ = 0;
  bool is_secure_ = false;
};

}  // namespace tickover
