// What the scenario does to the world: starts, faults, the heal, and application traffic.
#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "core/check.h"
#include "core/random.h"
#include "sim/oracles/expectation.h"
#include "sim/world/world.h"

namespace tickover::sim {

void write_payload(MutableBytes out, std::uint64_t flow_key, std::uint64_t number) {
  ByteWriter writer(out);
  writer.u64(flow_key);
  writer.u64(number);
  CHECK(writer.ok());
  // As Random::fill does, but a word at a time: byte by byte this is a twentieth of a sweep.
  Random filler(mix(flow_key, number));
  MutableBytes rest = out.subspan(writer.size());
  if constexpr (std::endian::native == std::endian::little) {
    for (; rest.size() >= sizeof(std::uint64_t); rest = rest.subspan(sizeof(std::uint64_t))) {
      const std::uint64_t word = filler.word();
      std::memcpy(rest.data(), &word, sizeof word);
    }
  }
  filler.fill(rest);
}

void World::schedule_scenario() {
  const auto push = [&](Instant at, QueuedEvent::Class c, std::uint64_t key, std::uint32_t index,
                        std::uint32_t detail) {
    queue_.push({at, QueuedEvent::order_of(c, scramble(mix(plan_->seed, key))), 0, index, detail});
  };
  for (HostIndex i = 0; i < plan_->hosts.size(); ++i) {
    const HostPlan& host = plan_->hosts[i];
    push(Instant::at(host.start), QueuedEvent::Class::start, host.key, i, 0);
  }
  for (std::uint32_t i = 0; i < plan_->faults.size(); ++i) {
    const FaultPlan& fault = plan_->faults[i];
    if (!fault.present) continue;
    if (fault.stands) {
      fault_active_[i] = !fault.is_named;
      continue;
    }
    if (fault.after) {
      fault_waits_[i] = 1;
      if (!facts_) facts_.emplace(*plan_);
    } else {
      schedule_fault(i, Instant{});
    }
  }
  if (plan_->heal_at != Instant::never()) {
    push(plan_->heal_at, QueuedEvent::Class::fault, ~std::uint64_t{0}, no_index, 0);
  }
  list_active_faults();
  for (std::uint32_t i = 0; i < plan_->flows.size(); ++i) {
    const FlowPlan& flow = plan_->flows[i];
    if (flow.start >= flow.stop) continue;
    push(Instant::at(flow.start), QueuedEvent::Class::command, flow.key, i, 0);
  }
}

void World::schedule_fault(std::uint32_t index, Instant from) {
  const FaultPlan& fault = plan_->faults[index];
  const auto push = [&](Instant at, std::uint32_t detail) {
    const std::uint64_t key = scramble(mix(plan_->seed, mix(fault.key, detail)));
    queue_.push({at, QueuedEvent::order_of(QueuedEvent::Class::fault, key), 0, index, detail});
  };
  push(from + fault.begin.since_origin(), 0);
  if (fault.end != Instant::never() && !fault.is_over_at_once()) {
    push(from + fault.end.since_origin(), 1);
  }
}

void World::look_for_triggers() {
  facts_->take(step_.value);
  const FaultSpec* asked = nullptr;  // what befalls each of a group waits for the same thing
  bool happened = false;
  for (std::uint32_t i = 0; i < fault_waits_.size(); ++i) {
    if (!fault_waits_[i]) continue;
    if (asked != plan_->faults[i].spec) {
      asked = plan_->faults[i].spec;
      const Expectation& after = *plan_->faults[i].after;
      happened = after.is_state() ? why_not(after, *facts_, *this, now_).empty()
                                  : occurrences(after, *facts_, step_.value, *this) > 0;
    }
    if (!happened) continue;
    fault_waits_[i] = 0;
    schedule_fault(i, now_);
  }
}

void World::change_fault(std::uint32_t index, bool begins) {
  begin(StepKind::fault, 0);
  step_.value.fault = index;
  step_.value.fault_begins = begins;
  if (index == no_index) return heal();
  // After the heal only those end that are still to be undone.
  if (healed_ && (begins || !fault_active_[index])) return;
  const FaultPlan& fault = plan_->faults[index];
  fault_active_[index] = begins && !fault.is_over_at_once();
  list_active_faults();
  if (!begins) return end_fault(index);
  if (fault.every > Duration{}) {
    schedule_fault(index, now_ + fault.every - fault.begin.since_origin());
  }
  apply_instant(index);
  // What lasts no time at all is undone in the same step.
  if (fault.is_over_at_once()) end_fault(index);
}

/// What is to be undone when a fault is over, by its time or by the heal.
void World::end_fault(std::uint32_t index) {
  const FaultPlan& fault = plan_->faults[index];
  const FaultAction& action = fault.spec->action;
  if (std::holds_alternative<Reboot>(action)) {
    restart(fault.host);
  } else if (std::holds_alternative<NatFlap>(action)) {
    if (other_like(index) == no_index) {
      nats_[fault.nat].flap_back(plan_->nats[fault.nat], now_);
    }
  } else if (std::holds_alternative<NatMove>(action)) {
    end_nat_move(index);
  } else if (std::holds_alternative<Suspend>(action)) {
    resume(fault.host);
  } else if (std::holds_alternative<Move>(action)) {
    end_move(index);
  }
}

void World::suspend(HostIndex index) {
  Host& host = hosts_[index];
  if (host.halts++ > 0) return;
  ++host.sleeps;
  host.asleep_since = host.clock.read(now_);
  deadlines_.set(index, Instant::never());
}

void World::resume(HostIndex index) {
  Host& host = hosts_[index];
  if (--host.halts > 0) return;
  host.clock.resume(now_, *host.asleep_since);
  host.asleep_since.reset();
  if (!host.up) return restart(index);
  // Its two clocks are another way apart than before.
  give(index, WallClock{host.clock.read_wall(now_)});
  for (const SocketAnswer& answer : std::exchange(host.unheard, {})) give(answer);
  // And its network may be another.
  for (const Endpoint& socket : std::exchange(host.lost_asleep, {})) {
    give(index, SocketClosed{socket});
  }
  if (std::exchange(host.moved_asleep, false)) give(index, AddressesChanged{host.addresses});
}

bool World::is_held_down(HostIndex host) const {
  for (std::uint32_t i = 0; i < fault_active_.size(); ++i) {
    const FaultPlan& fault = plan_->faults[i];
    if (fault_active_[i] && fault.host == host &&
        std::holds_alternative<Reboot>(fault.spec->action)) {
      return true;
    }
  }
  return false;
}

void World::restart(HostIndex host) {
  // Before its first start there is nothing to start again.
  if (now_ < Instant::at(plan_->hosts[host].start)) return;
  queue_.push({now_,
               QueuedEvent::order_of(QueuedEvent::Class::start,
                                     scramble(mix(plan_->seed, plan_->hosts[host].key))),
               0, host, 0});
}

/// What a fault does at the moment when it begins, beside what it asks for while it lasts.
void World::apply_instant(std::uint32_t index) {
  const FaultPlan& fault = plan_->faults[index];
  const FaultAction& action = fault.spec->action;
  if (std::holds_alternative<Reboot>(action)) {
    ++fault_matches_[index];
    take_down(fault.host);
  } else if (std::holds_alternative<NatReset>(action)) {
    ++fault_matches_[index];
    nats_[fault.nat].reset();
  } else if (std::holds_alternative<WallJump>(action)) {
    ++fault_matches_[index];
    Host& host = hosts_[fault.host];
    host.clock.jump_wall(fault.amount);
    if (is_up(fault.host)) give(fault.host, WallClock{host.clock.read_wall(now_)});
  } else if (std::holds_alternative<NatFlap>(action)) {
    ++fault_matches_[index];
    nats_[fault.nat].flap(now_);
  } else if (const auto* moved = std::get_if<NatMove>(&action)) {
    ++fault_matches_[index];
    nats_[fault.nat].move({moved->address});
  } else if (std::holds_alternative<Suspend>(action)) {
    ++fault_matches_[index];
    suspend(fault.host);
  } else if (std::holds_alternative<Move>(action)) {
    ++fault_matches_[index];
    move_host(index, true, fault.amount > Duration{});
  } else if (std::holds_alternative<Forge>(action)) {
    if (forge(fault)) ++fault_matches_[index];
  }
}

void World::take_down(HostIndex index) {
  Host& host = hosts_[index];
  host.up = false;
  host.machine = AnyMachine();
  host.sockets.clear();
  host.deadline.reset();
  host.announced.clear();
  host.unheard.clear();
  host.lost_asleep.clear();
  host.moved_asleep = false;
  deadlines_.set(index, Instant::never());
  // What it was told to expect is forgotten with everything else.
  for (std::size_t i = 0; i < flows_.size(); ++i) {
    if (plan_->flows[i].to == index) flows_[i].reached.reset();
  }
}

void World::heal() {
  healed_ = true;
  for (std::uint32_t i = 0; i < fault_active_.size(); ++i) {
    if (!fault_active_[i]) continue;
    fault_active_[i] = 0;
    const FaultPlan& fault = plan_->faults[i];
    // Who has moved for good stays, unless to nowhere.
    const auto* moved = std::get_if<Move>(&fault.spec->action);
    const bool is_somewhere =
        (moved && !moved->addresses.empty()) || std::holds_alternative<NatMove>(fault.spec->action);
    if (fault.end == Instant::never() && is_somewhere) {
      fault_active_[i] = 1;  // it may still be on its way
      continue;
    }
    if (moved || std::holds_alternative<Suspend>(fault.spec->action)) {
      // A host is given something then, and each host has a step of its own.
      fault_active_[i] = 1;
      const std::uint64_t key = scramble(mix(plan_->seed, mix(fault.key, 1)));
      queue_.push({now_, QueuedEvent::order_of(QueuedEvent::Class::fault, key), 0, i, 1});
      continue;
    }
    end_fault(i);
  }
  list_active_faults();
}

void World::list_active_faults() {
  for (auto& list : direction_faults_) list.clear();
  for (std::uint32_t i = 0; i < fault_active_.size(); ++i) {
    if (!fault_active_[i]) continue;
    for (const std::uint32_t direction : plan_->faults[i].directions) {
      direction_faults_[direction].push_back(i);
    }
  }
}

bool World::forge(const FaultPlan& fault) {
  const Host& victim = hosts_[fault.host];
  if (victim.sockets.empty()) return false;
  const auto& text = std::get<Forge>(fault.spec->action).text;
  const Host& blamed = hosts_[fault.from_host];
  const Endpoint own = !blamed.sockets.empty()
                           ? blamed.sockets.front()
                           : Endpoint{plan_->hosts[fault.from_host].info.addresses.front(), 1};
  const auto nat64 = plan_->hosts[fault.host].nat64;
  const Endpoint source =
      nat64 ? Nat::seen_from(plan_->nats[*nat64], victim.sockets.front(), own) : own;
  const std::uint32_t index = new_flight();
  Flight& flight = flights_[index];
  const Bytes bytes = as_bytes(text);
  flight.bytes.assign(bytes.begin(), bytes.end());
  flight.digest = Digest::of(bytes);
  flight.source = source;
  flight.destination = victim.sockets.front();
  flight.node = plan_->node_of_host(fault.host);
  flight.sender = fault.from_host;
  flight.forged = true;
  flight.cause = steps_;
  flight.sent_at = now_;
  flight.hop_limit = Send{}.hop_limit;
  queue_.push({now_, QueuedEvent::order_of(QueuedEvent::Class::delivery, fault.key), 0, index, 0});
  ++counts_.forged;
  ++counts_.in_flight;
  return true;
}

void World::run_flow(std::uint32_t index, bool is_reach_done) {
  begin(StepKind::command, 0);
  const FlowPlan& plan = plan_->flows[index];
  Flow& flow = flows_[index];
  Step& step = step_.value;
  step.flow = index;
  step.host = plan.from;
  const auto to = reachable_from(plan.from, plan.to);
  auto from = to ? reachable_at(plan.from, to->family()) : std::nullopt;
  if (!from) from = reachable_at(plan.from);
  const auto command_order = [&](std::uint64_t key) {
    return QueuedEvent::order_of(QueuedEvent::Class::command, scramble(mix(plan_->seed, key)));
  };
  const bool announces = plan_->hosts[plan.to].role->port == 0;
  const auto give_command = [&](HostIndex host, const Command& command) {
    step.host = host;
    step.host_now = hosts_[host].clock.read(now_);
    if (!is_up(host)) return;
    step.touched = true;
    step.deadline_before = hosts_[host].deadline;
    step.command_accepted = hosts_[host].machine.handle_command(command, step.host_now);
    drain(host);
  };
  // A receiver behind a relay must expect the sender before anything can get through to it.
  if (announces && !is_reach_done && from && flow.reached != from && is_up(plan.to)) {
    step.command_is_reach = true;
    step.command_to = *from;
    give_command(plan.to, ReachCommand{*from});
    // A refusal is not for ever: the next datagram asks again.
    if (step.command_accepted) flow.reached = from;
    queue_.push({now_, command_order(plan.key), 0, index, 1});
    return;
  }
  if (to) {
    const std::uint64_t number = flow.next + 1;
    step.command_possible = true;
    step.command_to = as_found_by(plan.from, *to);
    step.origin = {index, number};
    payload_.value.resize(plan.size);
    write_payload(payload_.value, plan.key, number);
    step.command_payload = payload_.value;
    give_command(plan.from, SendCommand{step.command_to, payload_.value});
  }
  ++flow.next;
  const Instant next = now_ + plan.every;
  if (next.since_origin() < plan.stop) queue_.push({next, command_order(plan.key), 0, index, 0});
}

}  // namespace tickover::sim
