#include "sim/live/impairment.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "core/random.h"
#include "sim/live/driver.h"
#include "sim/world/orders.h"

namespace tickover::sim::live {
namespace {

/// Where a host's datagrams come out of the NATs before it.
NodeIndex outside(const Plan& plan, HostIndex host) {
  NodeIndex node = plan.node_of_host(host);
  for (auto nat = plan.hosts[host].behind; nat; nat = plan.nats[*nat].behind) {
    node = plan.node_of_nat(*nat);
  }
  return node;
}

constexpr Fate passes{.copies = 1};

}  // namespace

Impairment::Impairment(std::shared_ptr<const Plan> plan, Part part)
    : plan_(std::move(plan)),
      part_(std::move(part)),
      faults_(plan_->directions.size()),
      queues_(plan_->directions.size()),
      matches_(plan_->faults.size()) {
  for (std::uint32_t i = 0; i < plan_->faults.size(); ++i) {
    const FaultPlan& fault = plan_->faults[i];
    if (!fault.present || fault.is_named || !can_do(*fault.spec)) continue;
    for (const std::uint32_t direction : fault.directions) faults_[direction].push_back(i);
  }
}

bool Impairment::can_do(const FaultSpec& fault) {
  if (fault.after) return false;
  struct {
    bool operator()(const Partition&) const { return true; }
    bool operator()(const Block&) const { return true; }
    bool operator()(const Drop&) const { return true; }
    bool operator()(const Delay&) const { return true; }
    bool operator()(const Duplicate&) const { return true; }
    bool operator()(const Corrupt&) const { return true; }
    bool operator()(const Truncate&) const { return true; }
    bool operator()(const Refuse&) const { return true; }
    bool operator()(const Degrade&) const { return true; }
    bool operator()(const Forge&) const { return false; }
    bool operator()(const Reboot&) const { return false; }
    bool operator()(const NatReset&) const { return false; }
    bool operator()(const NatFlap&) const { return false; }
    bool operator()(const NatMove&) const { return false; }
    bool operator()(const Suspend&) const { return false; }
    bool operator()(const Move&) const { return false; }
    bool operator()(const WallJump&) const { return false; }
  } words;
  return std::visit(words, fault.action);
}

std::uint32_t Impairment::direction_between(const Plan& plan, HostIndex from, HostIndex to) {
  return plan.direction(outside(plan, from), outside(plan, to));
}

bool Impairment::is_front(const Endpoint& local) const {
  return part_.fronts.empty() || std::ranges::find(part_.fronts, local) != part_.fronts.end();
}

Impairment::Route Impairment::route(const Endpoint& local, const Endpoint& remote) const {
  if (!part_.fronts.empty()) {
    const auto owner = plan_->owner({}, remote.ip);
    const std::uint32_t known =
        owner ? plan_->direction(outside(*plan_, part_.self), *owner) : no_index;
    if (known != no_index) return {known, {}};
    if (!is_front(local)) return {};
  }
  // Whoever has but one far end goes on counting when that moves to another address.
  return {direction_between(*plan_, part_.self, part_.other),
          part_.fronts.empty() ? IpAddress() : remote.ip};
}

Impairment::Conversation& Impairment::conversation(const Route& route) {
  const auto key = std::pair(route.direction, route.whose);
  if (conversations_.size() >= most_conversations && !conversations_.contains(key)) {
    conversations_.clear();
  }
  // The first on a link has the dice of the file's host.
  auto at = conversations_.find(key);
  if (at == conversations_.end()) {
    const auto number = static_cast<std::uint64_t>(std::ranges::count(
        conversations_, route.direction, [](const auto& each) { return each.first.first; }));
    at = conversations_.emplace(key, Conversation{number, {}, {}}).first;
  }
  return at->second;
}

bool Impairment::stands(const FaultPlan& fault, Instant now) const {
  if (fault.stands) return true;
  if (now < fault.begin || fault.is_over_at_once()) return false;
  if (fault.end == Instant::never()) return true;
  Duration since = now - fault.begin;
  if (fault.every > Duration{}) since = since - fault.every * (since / fault.every);
  return since < fault.end - fault.begin;
}

Fate Impairment::judge(const Driver& driver, std::uint64_t conversation, Crossing crossing,
                       AddressFamily family) {
  const std::uint32_t direction = last_.direction;
  const std::string_view kind_name = driver.machine().kind_name(last_.kind);
  ConditionsNow conditions(plan_->directions[direction].conditions);
  Orders orders{.healed = crossing.now >= plan_->heal_at};
  const auto apply = [&](std::uint32_t index) {
    const FaultPlan& fault = plan_->faults[index];
    const auto meant = [&](const PacketMatch& match) {
      return is_meant(fault, match, kind_name, last_);
    };
    if (obey(fault, last_, std::ref(meant), orders, conditions)) ++matches_[index];
  };
  if (!orders.healed) {
    for (const std::uint32_t index : faults_[direction]) {
      if (stands(plan_->faults[index], crossing.now)) apply(index);
    }
  }
  visit_named_faults(*plan_, last_, orders.healed, apply);
  if (orders.refuse) return {.dropped = DropReason::send_refused};
  const Crossing keys = crossing_of(*plan_, last_, family);
  // The first to come plays the host of the file; others have dice of their own.
  crossing.key = conversation == 0 ? keys.key : mix(keys.key, conversation);
  crossing.direction_key = keys.direction_key;
  crossing.link_key = keys.link_key;
  crossing.overhead = keys.overhead;
  crossing.queue = &queues_[direction];
  Fate fate = decide_fate(*conditions, orders, crossing);
  choose_bit(fate, orders, crossing.size);
  return fate;
}

Fate Impairment::outgoing(const Driver& driver, const Send& send, Bytes payload, Instant now) {
  const Route way = route(send.local, send.remote);
  has_last_ = way.direction != no_index;
  if (!has_last_) return passes;
  Conversation& names = conversation(way);
  last_ = names.there.name(way.direction, driver.machine().label(payload), names.back);
  return judge(driver, names.number,
               {.now = now,
                .size = static_cast<std::uint32_t>(payload.size()),
                .dont_fragment = send.dont_fragment,
                .is_ecn_capable = send.ecn != Ecn::not_ect},
               send.remote.family());
}

Fate Impairment::incoming(const Driver& driver, const Datagram& datagram, Instant now) {
  const Route way = route(datagram.local, datagram.remote);
  has_last_ = way.direction != no_index;
  if (!has_last_) return passes;
  Conversation& names = conversation(way);
  last_ =
      names.back.name(way.direction ^ 1u, driver.machine().label(datagram.payload), names.there);
  return judge(driver, names.number,
               {.now = now,
                .size = static_cast<std::uint32_t>(datagram.payload.size()),
                .dont_fragment = datagram.dont_fragment,
                .is_ecn_capable = datagram.ecn != Ecn::not_ect},
               datagram.remote.family());
}

}  // namespace tickover::sim::live
