#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/address.h"
#include "core/random.h"
#include "core/turn/server/config.h"

namespace tickover::turn {

/// What EVEN-PORT can ask of a port (RFC 8656, section 18.7).
enum class PortKind {
  any,
  even,
  even_pair,  // even, and the next one is free as well
};

/// The relay ports of every relay address: which are taken, and a random one that is not.
class PortPool {
 public:
  /// Ports on which the server itself listens are never given out.
  explicit PortPool(const ServerConfig& config);

  bool supports(AddressFamily family) const;
  /// Whether `take` would give one.
  bool has(AddressFamily family, PortKind kind) const;
  /// A random free port on the first address of the family that has one (RFC 8656, section 7.2:
  /// hard to guess); nothing if there is none. Of a pair both are taken, and the even one is told.
  /// At most one look at every 64 ports.
  std::optional<Endpoint> take(AddressFamily family, Random& random, PortKind kind = PortKind::any);
  /// `taken` must be what `take` gave, or the odd one of a pair (CHECK).
  void release(const Endpoint& taken);
  std::size_t in_use() const { return in_use_; }

  bool operator==(const PortPool&) const = default;

 private:
  struct Block {
    IpAddress ip;
    std::vector<std::uint64_t> taken;  // one bit a port; those past the range are set
    bool operator==(const Block&) const = default;
  };
  void mark(Block& block, std::size_t index);
  /// Of the 64 ports of a word, those that are taken or not of this kind.
  std::uint64_t blocked(const Block& block, std::size_t word, PortKind kind) const;
  std::optional<std::size_t> free_from(const Block& block, std::size_t start, PortKind kind) const;

  std::uint16_t first_;
  std::size_t count_;
  std::vector<Block> blocks_;
  std::size_t in_use_ = 0;
};

}  // namespace tickover::turn
