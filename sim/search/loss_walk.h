#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "sim/search/exhaust.h"
#include "sim/search/rehearsal.h"

namespace tickover::sim {

/// How a history fails that does not reach its goal.
inline constexpr const char* too_late = "not in time";

/// What a walk goes by: the same for all walkers.
struct LossRules {
  std::shared_ptr<const Plan> plan;  // without losses of its own
  Rehearsed row;
  std::uint64_t losses = 0;  // the most in one history
  Duration bound;
  RunLimits limits;
  std::function<void(const std::vector<LostDatagram>*)> walking;  // ExhaustOptions

  bool is_cancelled() const { return limits.cancel != nullptr && limits.cancel->load(); }
};

/// Who of several walkers takes which part of the tree. All of them walk its top, and number the
/// parts below alike.
class Claims {
 public:
  /// True for the first who asks.
  bool take(std::size_t part);

 private:
  std::mutex mutex_;
  std::vector<bool> taken_;
};

/// What a walker met; that of several adds up.
struct LossTally {
  Certificate sum;  // its counts
  /// The history that failed with the fewest losses; of several, the first by their names.
  struct Failing {
    std::vector<LostDatagram> losses;
    std::string failure;
    Instant end;
  };
  std::optional<Failing> shortest;

  void add(const LossTally& other);
  void add(Failing failing);
};

/// Walks its share of all loss histories of the row. What all walkers do alike is counted by the
/// one that `is_first`, so that the counts do not tell how many there were.
LossTally walk_losses(const LossRules& rules, Claims& claims, bool is_first);

}  // namespace tickover::sim
