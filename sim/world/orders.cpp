// What the faults of the moment, and those that name one datagram, ask of a link.
#include <algorithm>

#include "sim/world/world.h"

namespace tickover::sim {

Orders World::orders_for(std::uint32_t direction, HostIndex sender, const PacketId& id,
                         const Conditions*& conditions) {
  Orders orders{.healed = healed_};
  if (!healed_) {
    for (const std::uint32_t fault : direction_faults_[direction]) {
      obey(fault, sender, id, orders, conditions);
    }
  }
  const std::vector<NamedFault>& named = plan_->named_faults;
  if (named.empty()) return orders;
  const NamedFault first{direction, id.transaction, id.copy, 0};
  for (auto at = std::ranges::lower_bound(named, first); at != named.end(); ++at) {
    if (at->direction != direction || at->transaction != id.transaction || at->copy != id.copy) {
      break;
    }
    // A healed network does nobody harm any more, but it is as slow as it was.
    const FaultAction& action = plan_->faults[at->fault].spec->action;
    if (healed_ && !std::holds_alternative<Delay>(action)) continue;
    obey(at->fault, sender, id, orders, conditions);
  }
  return orders;
}

bool World::is_meant(const FaultPlan& fault, const PacketMatch& match, HostIndex sender,
                     const PacketId& id) const {
  const auto within = [](std::int64_t low, std::int64_t high, std::uint32_t value) {
    return low < 0 || (low <= value && value <= high);
  };
  if (!within(fault.transaction_low, fault.transaction_high, id.transaction)) return false;
  if (!within(fault.copy_low, fault.copy_high, id.copy)) return false;
  if (match.message.empty()) return true;
  // "Refresh" names every class of that method, "Refresh success" just one.
  const std::string_view name = hosts_[sender].machine.kind_name(id.kind);
  return name.starts_with(match.message) &&
         (name.size() == match.message.size() || name[match.message.size()] == ' ');
}

void World::obey(std::uint32_t index, HostIndex sender, const PacketId& id, Orders& orders,
                 const Conditions*& conditions) {
  const FaultPlan& fault = plan_->faults[index];
  const FaultAction& action = fault.spec->action;
  const auto matches = [&](const auto* on) { return on && is_meant(fault, on->match, sender, id); };
  if (std::holds_alternative<Partition>(action) || std::holds_alternative<Block>(action)) {
    orders.partition = true;
  } else if (std::holds_alternative<Degrade>(action)) {
    const auto at = std::ranges::find(fault.directions, id.direction);
    conditions = &fault.conditions[static_cast<std::size_t>(at - fault.directions.begin())];
  } else if (matches(std::get_if<Drop>(&action))) {
    orders.drop = true;
  } else if (matches(std::get_if<Refuse>(&action))) {
    orders.refuse = true;
  } else if (matches(std::get_if<Delay>(&action))) {
    orders.delay += fault.amount;
  } else if (const auto* twice = std::get_if<Duplicate>(&action); matches(twice)) {
    // Of several such faults the last one says it all.
    orders.duplicates = 1;
    orders.duplicate_after[0] = fault.amount;
    for (const Duration also : twice->also) {
      if (orders.duplicates < most_fate_copies - 1)
        orders.duplicate_after[orders.duplicates++] = also;
    }
  } else if (const auto* flip = std::get_if<Corrupt>(&action); matches(flip)) {
    orders.corrupt = true;
    if (flip->bit) orders.corrupt_bit = static_cast<std::uint64_t>(*flip->bit);
  } else if (const auto* cut = std::get_if<Truncate>(&action); matches(cut)) {
    orders.truncate = true;
    if (cut->keep) orders.keep = static_cast<std::uint32_t>(*cut->keep);
  } else {
    return;
  }
  ++fault_matches_[index];
}

}  // namespace tickover::sim
