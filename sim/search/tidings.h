#pragma once

#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

#include "core/random.h"
#include "sim/search/single_faults.h"

namespace tickover::sim {

/// What applications were told, and when. Who, what and about whom must be the same for two tidings
/// to be compared; the first is compared with the first, and so on.
class Tidings final : public Watcher {
 public:
  void see(const Step& step, const World&) override {
    for (const Notice& notice : step.notices) {
      const bool is_data = notice.kind == Notice::Kind::received;
      const std::uint64_t what = is_data ? Digest::of(notice.payload) : hash_text(notice.name);
      told_[{step.host, what, stable_hash(notice.remote)}].push_back(step.time);
    }
  }

  void compare(const Tidings& without, FaultEffect& effect) const {
    for (const auto& [what, times] : without.told_) {
      const auto here = told_.find(what);
      const std::size_t count = here == told_.end() ? 0 : here->second.size();
      if (count < times.size()) effect.missing += times.size() - count;
      for (std::size_t i = 0; i < std::min(count, times.size()); ++i) {
        if (here->second[i] > times[i]) {
          effect.recovery = std::max(effect.recovery, here->second[i] - times[i]);
        }
      }
    }
    for (const auto& [what, times] : told_) {
      const auto there = without.told_.find(what);
      const std::size_t count = there == without.told_.end() ? 0 : there->second.size();
      if (times.size() > count) effect.extra += times.size() - count;
    }
  }

 private:
  std::map<std::tuple<HostIndex, std::uint64_t, std::uint64_t>, std::vector<Instant>> told_;
};

/// What becomes of the scenario with those faults, beside the run without them.
FaultEffect effect_of(const Scenario& scenario, const std::vector<FaultSpec>& faults,
                      std::uint64_t seed, const RoleRegistry& registry, const Tidings& without,
                      const RunLimits& limits);

}  // namespace tickover::sim
