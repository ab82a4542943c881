#pragma once

#include <cstdint>
#include <vector>

#include "core/time.h"

namespace tickover::sim {

/// The wake-up time of every host, and who is first: a tournament tree with one leaf per host.
/// Moving a deadline replaces it, so however often a host changes its mind, nothing piles up.
class Deadlines {
 public:
  Deadlines() = default;
  /// `tie_breaks[host]` orders hosts that wake at the same instant.
  explicit Deadlines(const std::vector<std::uint64_t>& tie_breaks) {
    while (leaves_ < tie_breaks.size()) leaves_ *= 2;
    entries_.assign(leaves_, Entry{});
    for (std::size_t i = 0; i < tie_breaks.size(); ++i) entries_[i].tie_break = tie_breaks[i];
    winners_.assign(leaves_, 0);
    for (std::size_t node = leaves_; node-- > 1;)
      winners_[node] = better(child(2 * node), child(2 * node + 1));
  }

  Instant earliest() const { return entries_.empty() ? Instant::never() : entries_[first()].at; }
  std::uint32_t first() const { return leaves_ == 1 ? 0 : winners_[1]; }
  Instant at(std::uint32_t host) const { return entries_[host].at; }
  std::uint64_t tie_break(std::uint32_t host) const { return entries_[host].tie_break; }

  /// Instant::never() for no deadline.
  void set(std::uint32_t host, Instant at) {
    if (entries_[host].at == at) return;
    entries_[host].at = at;
    for (std::size_t node = (leaves_ + host) / 2; node >= 1; node /= 2) {
      const std::uint32_t winner = better(child(2 * node), child(2 * node + 1));
      if (winners_[node] == winner && winner != host) break;
      winners_[node] = winner;
    }
  }

  bool operator==(const Deadlines&) const = default;

 private:
  struct Entry {
    Instant at = Instant::never();
    std::uint64_t tie_break = ~std::uint64_t{0};
    bool operator==(const Entry&) const = default;
  };
  std::uint32_t child(std::size_t node) const {
    return node >= leaves_ ? static_cast<std::uint32_t>(node - leaves_) : winners_[node];
  }
  std::uint32_t better(std::uint32_t a, std::uint32_t b) const {
    const Entry& x = entries_[a];
    const Entry& y = entries_[b];
    if (x.at != y.at) return x.at < y.at ? a : b;
    if (x.tie_break != y.tie_break) return x.tie_break < y.tie_break ? a : b;
    return a < b ? a : b;
  }

  std::size_t leaves_ = 1;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> winners_;
};

}  // namespace tickover::sim
