#include "sim/oracles/candidates.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/oracles/words.h"
#include "sim/world/world.h"

namespace tickover::sim {

void CandidateProtocol::observe(const Step& step, const World& world) {
  if (step.host == no_index) return;
  if (step.kind == StepKind::start) hosts_[step.host].clear();
  for (const Notice& notice : step.notices) take(step, world, notice);
}

void CandidateProtocol::take(const Step& step, const World& world, const Notice& notice) {
  Current& current = hosts_[step.host];
  const HostPlan& plan = world.plan().hosts[step.host];
  const std::string& name = plan.info.name;
  switch (notice.kind) {
    case Notice::Kind::candidate_added: {
      judged();
      const auto same = std::ranges::find(current, notice.local.family(), &Endpoint::family);
      if (same != current.end()) {
        return broken(step, fmt::format("{} announces {} while it still has {}", name,
                                        notice.local.text(), same->text()));
      }
      current.push_back(notice.local);
      return;
    }
    case Notice::Kind::candidate_removed: {
      judged();
      const auto at = std::ranges::find(current, notice.local);
      if (at == current.end()) {
        return broken(step, fmt::format("{} takes back {}, which it has not announced", name,
                                        notice.local.text()));
      }
      current.erase(at);
      return;
    }
    case Notice::Kind::received:
    case Notice::Kind::peer_ready:
      // Only who announces addresses depends on them.
      if (plan.role->port != 0 || !current.empty()) return;
      return broken(step, fmt::format("{} says \"{}\" about {}, but it has no candidate", name,
                                      notice.name, notice.remote.text()));
    default:
      return;
  }
}

}  // namespace tickover::sim
