#pragma once

#include <tuple>

#include "sim/scenario/scenario.h"

namespace tickover::sim {

/// What may be said of a link in one direction, but for percentiles: each is optional. Latency
/// comes last, because most else is measured by it.
inline constexpr std::tuple condition_members = {
    &LinkConditions::jitter,       &LinkConditions::wander,    &LinkConditions::loss,
    &LinkConditions::burst_loss,   &LinkConditions::bursts,    &LinkConditions::flap,
    &LinkConditions::trace,        &LinkConditions::duplicate, &LinkConditions::copies,
    &LinkConditions::copy_spacing, &LinkConditions::bandwidth, &LinkConditions::queue_packets,
    &LinkConditions::queue_bytes,  &LinkConditions::codel,     &LinkConditions::ecn_above,
    &LinkConditions::mtu,          &LinkConditions::reorder,   &LinkConditions::reorder_delay,
    &LinkConditions::corrupt,      &LinkConditions::truncate,  &LinkConditions::latency};

/// What may be said of a NAT, but for its name.
inline constexpr std::tuple nat_members = {
    &NatSpec::mapping,          &NatSpec::filtering,       &NatSpec::timeout,
    &NatSpec::addresses,        &NatSpec::behind,          &NatSpec::hairpinning,
    &NatSpec::inbound_refresh,  &NatSpec::filter_timeout,  &NatSpec::unreplied_timeout,
    &NatSpec::outbound_refresh, &NatSpec::hairpins_inside, &NatSpec::is_paired,
    &NatSpec::keeps_parity,     &NatSpec::ports,           &NatSpec::port_range,
    &NatSpec::port_block,       &NatSpec::translates,      &NatSpec::nat64};

/// Calls `visit` with each pointer to a member, in their order.
template <class Members, class Visit>
void for_each_member(const Members& members, Visit visit) {
  std::apply([&](auto... member) { (visit(member), ...); }, members);
}

}  // namespace tickover::sim
