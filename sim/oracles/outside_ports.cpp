#include "sim/oracles/outside_ports.h"

#include <algorithm>

namespace tickover::sim {
namespace {

constexpr std::size_t most_for_each_host = 16;

}  // namespace

OutsidePorts::OutsidePorts(const Plan& plan) {
  const bool some = std::ranges::any_of(plan.nats, [](const NatPlan& n) { return n.translates; });
  if (some) most_ = most_for_each_host * plan.hosts.size();
}

void OutsidePorts::note(const Step& step) {
  if (most_ == 0) return;
  for (const SentRecord& sent : step.sent) {
    if (sent.seen_source == sent.local || sent.seen_source == Endpoint{}) continue;
    auto at = std::ranges::lower_bound(used_, sent.seen_source, {}, &Use::outside);
    if (at == used_.end() || at->outside != sent.seen_source) {
      if (used_.size() == most_) {
        used_.erase(std::ranges::min_element(used_, {}, &Use::step));
        at = std::ranges::lower_bound(used_, sent.seen_source, {}, &Use::outside);
      }
      at = used_.insert(at, Use{.outside = sent.seen_source});
    }
    at->host = step.host;
    at->step = step.number;
  }
}

std::optional<HostIndex> OutsidePorts::latest(const Endpoint& outside) const {
  const auto at = std::ranges::lower_bound(used_, outside, {}, &Use::outside);
  if (at == used_.end() || at->outside != outside) return {};
  return at->host;
}

}  // namespace tickover::sim
