#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "core/address.h"
#include "core/bytes.h"
#include "core/random.h"
#include "core/time.h"

namespace tickover::sim {

/// A rolling 64-bit hash: one bit of any word changed changes it, and so does the order.
class Digest {
 public:
  std::uint64_t value() const { return scramble(state_); }

  void add(std::uint64_t word) { state_ = mix(state_ ^ word, rotate(state_) + word); }
  void add(std::uint64_t a, std::uint64_t b) { state_ = mix(state_ ^ a, rotate(state_) + b); }
  void add(Instant t) { add(static_cast<std::uint64_t>(t.since_origin().count())); }
  void add(const Endpoint& e) { add(stable_hash(e)); }
  /// Every byte counts.
  void add(Bytes bytes) {
    add(bytes.size(), 0x62797465);
    std::size_t i = 0;
    for (; i + 16 <= bytes.size(); i += 16) add(load(&bytes[i], 8), load(&bytes[i + 8], 8));
    const std::size_t left = bytes.size() - i;
    if (left > 8) {
      add(load(&bytes[i], 8), load(&bytes[i + 8], left - 8));
    } else if (left > 0) {
      add(load(&bytes[i], left));
    }
  }

  /// The digest of `bytes` alone, to be added more than once for the price of one.
  static std::uint64_t of(Bytes bytes) {
    Digest digest;
    digest.add(bytes);
    return digest.value();
  }

  bool operator==(const Digest&) const = default;

 private:
  static constexpr std::uint64_t rotate(std::uint64_t x) { return (x << 29) | (x >> 35); }
  static std::uint64_t load(const std::uint8_t* from, std::size_t count) {
    std::uint64_t word = 0;
    if constexpr (std::endian::native == std::endian::little) {
      std::memcpy(&word, from, count);
    } else {
      for (std::size_t i = count; i-- > 0;) word = (word << 8) | from[i];
    }
    return word;
  }

  std::uint64_t state_ = 0x7469636B6F766572;
};

}  // namespace tickover::sim
