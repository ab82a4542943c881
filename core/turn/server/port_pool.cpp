#include "core/turn/server/port_pool.h"

#include <algorithm>
#include <bit>

#include "core/check.h"

namespace tickover::turn {
namespace {

constexpr std::uint64_t bit(std::size_t index) {
  return std::uint64_t{1} << (index % 64);
}

}  // namespace

PortPool::PortPool(const ServerConfig& config)
    : first_(config.first_relay_port),
      count_(static_cast<std::size_t>(config.last_relay_port - config.first_relay_port) + 1) {
  for (const IpAddress& ip : config.relay_addresses) {
    Block block{ip, std::vector<std::uint64_t>((count_ + 63) / 64)};
    for (std::size_t i = count_; i < block.taken.size() * 64; ++i) mark(block, i);
    for (const Endpoint& own : config.listen) {
      const bool clashes = own.ip == ip || own.ip == IpAddress::unspecified(ip.family());
      if (clashes && own.port >= first_ && own.port <= config.last_relay_port) {
        mark(block, static_cast<std::size_t>(own.port - first_));
      }
    }
    blocks_.push_back(std::move(block));
  }
}

void PortPool::mark(Block& block, std::size_t index) {
  block.taken[index / 64] |= bit(index);
}

bool PortPool::supports(AddressFamily family) const {
  return std::ranges::any_of(blocks_, [&](const Block& b) { return b.ip.family() == family; });
}

bool PortPool::has(AddressFamily family, PortKind kind) const {
  return std::ranges::any_of(blocks_, [&](const Block& block) {
    return block.ip.family() == family && free_from(block, 0, kind);
  });
}

std::uint64_t PortPool::blocked(const Block& block, std::size_t word, PortKind kind) const {
  const std::uint64_t taken = block.taken[word];
  if (kind == PortKind::any) return taken;
  const std::uint64_t odd = first_ % 2 == 0 ? 0xaaaa'aaaa'aaaa'aaaa : 0x5555'5555'5555'5555;
  if (kind == PortKind::even) return taken | odd;
  const std::uint64_t next = word + 1 < block.taken.size() ? block.taken[word + 1] : 1;
  return taken | odd | taken >> 1 | next << 63;
}

std::optional<std::size_t> PortPool::free_from(const Block& block, std::size_t start,
                                               PortKind kind) const {
  const std::size_t words = block.taken.size();
  // The first word is looked at twice: from `start` on, and at the end from its beginning.
  std::uint64_t before_start = bit(start) - 1;
  for (std::size_t i = 0; i <= words; ++i) {
    const std::size_t word = (start / 64 + i) % words;
    const auto index =
        static_cast<std::size_t>(std::countr_one(blocked(block, word, kind) | before_start));
    if (index < 64) return word * 64 + index;
    before_start = 0;
  }
  return {};
}

std::optional<Endpoint> PortPool::take(AddressFamily family, Random& random, PortKind kind) {
  for (Block& block : blocks_) {
    if (block.ip.family() != family) continue;
    const auto index = free_from(block, static_cast<std::size_t>(random.below(count_)), kind);
    if (!index) continue;
    mark(block, *index);
    ++in_use_;
    if (kind == PortKind::even_pair) {
      mark(block, *index + 1);
      ++in_use_;
    }
    return Endpoint{block.ip, static_cast<std::uint16_t>(first_ + *index)};
  }
  return {};
}

void PortPool::release(const Endpoint& taken) {
  const auto block = std::ranges::find(blocks_, taken.ip, &Block::ip);
  CHECK(block != blocks_.end() && taken.port >= first_);
  const auto index = static_cast<std::size_t>(taken.port - first_);
  CHECK(index < count_ && (block->taken[index / 64] & bit(index)) != 0);
  block->taken[index / 64] &= ~bit(index);
  --in_use_;
}

}  // namespace tickover::turn
