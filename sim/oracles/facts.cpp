#include "sim/oracles/facts.h"

#include <algorithm>

namespace tickover::sim {

RunFacts::RunFacts(const Plan& plan) : index_(plan), hosts_(plan.hosts.size()) {
  for (const FlowPlan& flow : plan.flows) flows_.push_back({flow.from, flow.to, {}, {}});
}

bool RunFacts::is_ready(HostIndex host, const Endpoint& peer) const {
  return std::ranges::binary_search(hosts_[host].ready, peer);
}

std::optional<RunFacts::Hearing> RunFacts::hearing(const Step& step, const Notice& notice) const {
  const auto origin = index_.find(notice.payload);
  if (!origin) return {};
  const Flow& flow = flows_[origin->flow];
  if (step.host == flow.to) return Hearing{origin->flow, false};
  if (step.host == flow.from) return Hearing{origin->flow, true};
  return {};
}

void RunFacts::take(const Step& step) {
  if (step.kind == StepKind::fault) ++version_;
  if (step.kind == StepKind::start && step.host != no_index) {
    hosts_[step.host] = {};
    ++version_;
  }
  for (const Notice& notice : step.notices) take(step, notice);
}

void RunFacts::take(const Step& step, const Notice& notice) {
  Host& host = hosts_[step.host];
  switch (notice.kind) {
    case Notice::Kind::received: {
      const auto heard = hearing(step, notice);
      if (!heard) return;
      Flow& flow = flows_[heard->flow];
      (heard->echo ? flow.echoed : flow.arrived) = step.time;
      return;
    }
    case Notice::Kind::candidate_added:
      host.candidates.push_back(notice.local);
      break;
    case Notice::Kind::candidate_removed:
      std::erase(host.candidates, notice.local);
      if (host.candidates.empty()) host.ready.clear();
      break;
    case Notice::Kind::peer_ready: {
      const auto at = std::ranges::lower_bound(host.ready, notice.remote);
      if (at == host.ready.end() || *at != notice.remote) host.ready.insert(at, notice.remote);
      break;
    }
    case Notice::Kind::peer_lost:
      std::erase(host.ready, notice.remote);
      break;
    default:
      return;
  }
  ++version_;
}

}  // namespace tickover::sim
