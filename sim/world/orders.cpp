// What the faults of the moment, and those that name one datagram, ask of a link.
#include "sim/world/orders.h"

#include <algorithm>

#include "core/random.h"
#include "sim/world/world.h"

namespace tickover::sim {
namespace {

// The headers of IP and UDP before a payload (RFC 791, RFC 8200, RFC 768).
constexpr std::uint32_t ipv4_overhead = 20 + 8;
constexpr std::uint32_t ipv6_overhead = 40 + 8;

}  // namespace

Orders World::orders_for(std::uint32_t direction, HostIndex sender, const PacketId& id,
                         ConditionsNow& conditions) {
  Orders orders{.healed = healed_};
  if (!healed_) {
    for (const std::uint32_t fault : direction_faults_[direction]) {
      obey(fault, sender, id, orders, conditions);
    }
  }
  visit_named_faults(*plan_, id, healed_,
                     [&](std::uint32_t fault) { obey(fault, sender, id, orders, conditions); });
  return orders;
}

bool World::is_meant(const FaultPlan& fault, const PacketMatch& match, HostIndex sender,
                     const PacketId& id) const {
  return sim::is_meant(fault, match, hosts_[sender].machine.kind_name(id.kind), id);
}

void World::obey(std::uint32_t index, HostIndex sender, const PacketId& id, Orders& orders,
                 ConditionsNow& conditions) {
  const FaultPlan& fault = plan_->faults[index];
  const auto meant = [&](const PacketMatch& match) { return is_meant(fault, match, sender, id); };
  if (sim::obey(fault, id, std::ref(meant), orders, conditions)) ++fault_matches_[index];
}

bool is_meant(const FaultPlan& fault, const PacketMatch& match, std::string_view kind_name,
              const PacketId& id) {
  const auto within = [](std::int64_t low, std::int64_t high, std::uint32_t value) {
    return low < 0 || (low <= value && value <= high);
  };
  if (!within(fault.transaction_low, fault.transaction_high, id.transaction)) return false;
  if (!within(fault.copy_low, fault.copy_high, id.copy)) return false;
  if (match.message.empty()) return true;
  // "Refresh" names every class of that method, "Refresh success" just one.
  return kind_name.starts_with(match.message) &&
         (kind_name.size() == match.message.size() || kind_name[match.message.size()] == ' ');
}

bool obey(const FaultPlan& fault, const PacketId& id,
          const std::function<bool(const PacketMatch&)>& is_meant, Orders& orders,
          ConditionsNow& conditions) {
  const FaultAction& action = fault.spec->action;
  const auto matches = [&](const auto* on) { return on && is_meant(on->match); };
  if (std::holds_alternative<Partition>(action) || std::holds_alternative<Block>(action)) {
    orders.partition = true;
  } else if (std::holds_alternative<Degrade>(action)) {
    conditions.degrade(fault, id.direction);
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
    return false;
  }
  return true;
}

void ConditionsNow::degrade(const FaultPlan& fault, std::uint32_t direction) {
  if (now_ == own_) {
    const auto at = std::ranges::find(fault.directions, direction);
    now_ = &fault.conditions[static_cast<std::size_t>(at - fault.directions.begin())];
  } else {
    mixed_ = overlaid(fault.degraded, *now_);
    now_ = &*mixed_;
  }
}

Crossing crossing_of(const Plan& plan, const PacketId& id, AddressFamily family) {
  const std::uint64_t there = plan.directions[id.direction].key;
  const std::uint64_t back = plan.directions[id.direction ^ 1u].key;
  return {.key = mix(plan.seed, id.hash(there)),
          .direction_key = mix(plan.seed, there),
          .link_key = mix(plan.seed, there ^ back),
          .overhead = family == AddressFamily::ipv4 ? ipv4_overhead : ipv6_overhead};
}

void choose_bit(Fate& fate, const Orders& orders, std::size_t size) {
  if (!fate.corrupted || size == 0) return;
  const std::uint64_t bits = std::uint64_t{size} * 8;
  fate.corrupt_bit =
      orders.corrupt_bit ? *orders.corrupt_bit % bits : scale_below(fate.corrupt_word, bits);
}

}  // namespace tickover::sim
