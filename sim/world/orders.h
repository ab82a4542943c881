#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <variant>

#include "sim/network/link.h"
#include "sim/network/packet_id.h"
#include "sim/world/plan.h"

namespace tickover::sim {

/// Whether a fault on packets means the datagram of that name, whose sender calls its kind
/// `kind_name`.
bool is_meant(const FaultPlan& fault, const PacketMatch& match, std::string_view kind_name,
              const PacketId& id);

/// The conditions of a link as the faults of the moment leave them. What several of them say is put
/// over what it was one after the other.
class ConditionsNow {
 public:
  explicit ConditionsNow(const Conditions& own) : own_(&own), now_(&own) {}
  ConditionsNow(const ConditionsNow&) = delete;
  ConditionsNow& operator=(const ConditionsNow&) = delete;

  void degrade(const FaultPlan& fault, std::uint32_t direction);
  const Conditions& operator*() const { return *now_; }
  const Conditions* operator->() const { return now_; }

 private:
  const Conditions* own_;
  const Conditions* now_;  // `own_`, of the only fault, or `mixed_`
  std::optional<Conditions> mixed_;
};

/// Adds what `fault`, which stands, asks of a datagram on one of its directions; `is_meant` says
/// whether its match fits. False if it asks nothing.
bool obey(const FaultPlan& fault, const PacketId& id,
          const std::function<bool(const PacketMatch&)>& is_meant, Orders& orders,
          ConditionsNow& conditions);

/// Calls `visit` with the index of every fault that is the fate of the datagram of that name, but
/// for its kind. A healed network does nobody harm any more, but it is as slow as it was.
template <class Visit>
void visit_named_faults(const Plan& plan, const PacketId& id, bool healed, Visit&& visit) {
  const std::vector<NamedFault>& named = plan.named_faults;
  if (named.empty()) return;
  const NamedFault first{id.direction, id.transaction, id.copy, 0};
  for (auto at = std::ranges::lower_bound(named, first); at != named.end(); ++at) {
    if (at->direction != id.direction || at->transaction != id.transaction || at->copy != id.copy) {
      break;
    }
    if (healed && !std::holds_alternative<Delay>(plan.faults[at->fault].spec->action)) continue;
    visit(at->fault);
  }
}

/// One datagram of a plan before its link: the keys by which its dice are thrown, and its headers.
/// Its time, size, marks and queue are for the caller to say.
Crossing crossing_of(const Plan& plan, const PacketId& id, AddressFamily family);

/// Says which bit of `size` bytes is bent, if any is.
void choose_bit(Fate& fate, const Orders& orders, std::size_t size);

}  // namespace tickover::sim
