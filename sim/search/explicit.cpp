#include "sim/search/explicit.h"

#include <algorithm>
#include <utility>

#include "sim/search/spec_members.h"

namespace tickover::sim {
namespace {

Range<std::int64_t> number(std::uint64_t low, std::uint64_t high) {
  return {static_cast<std::int64_t>(low), static_cast<std::int64_t>(high)};
}

/// Every key there is, also those that say what is so without them.
LinkConditions all_of(const Conditions& c) {
  LinkConditions all;
  all.latency = Range<Duration>(c.latency);
  all.percentiles = c.percentiles;
  all.jitter = Range<Duration>(c.jitter_low, c.jitter_high);
  all.wander = WanderSpec{Range<Duration>(c.wander.low, c.wander.high), c.wander.every};
  all.loss = Range<Ratio>(c.loss);
  all.burst_loss = BurstLossSpec{c.burst_loss.good, c.burst_loss.bad, c.burst_loss.loss_good,
                                 c.burst_loss.loss_bad};
  all.bursts = BurstsSpec{c.bursts.every, Range<Duration>(c.bursts.low, c.bursts.high)};
  all.flap = FlapSpec{c.flap.up, c.flap.down, Range<Duration>(c.flap.offset)};
  all.trace = TraceSpec{c.trace.step, c.trace.values, c.trace.offset};
  all.duplicate = Range<Ratio>(c.duplicate);
  all.copies = number(c.copies_low, c.copies_high);
  all.copy_spacing = Range<Duration>(c.spacing_low, c.spacing_high);
  all.bandwidth = number(c.bandwidth, c.bandwidth);
  all.queue_packets = number(c.queue_packets, c.queue_packets);
  all.queue_bytes = number(c.queue_bytes, c.queue_bytes);
  if (c.codel.interval > Duration{}) all.codel = CodelSpec{c.codel.target, c.codel.interval};
  if (c.ecn_above) all.ecn_above = Range<Duration>(*c.ecn_above);
  all.mtu = number(c.mtu, c.mtu);
  all.reorder = Range<Ratio>(c.reorder);
  all.reorder_delay = Range<Duration>(c.reorder_low, c.reorder_high);
  all.corrupt = Range<Ratio>(c.corrupt);
  all.truncate = Range<Ratio>(c.truncate);
  return all;
}

/// What differs from the simplest network, and the latency in any case.
LinkConditions written(const Conditions& c) {
  LinkConditions said = all_of(c);
  const LinkConditions usual = all_of(Conditions{});
  for_each_member(condition_members, [&](auto member) {
    if (said.*member == usual.*member) (said.*member).reset();
  });
  if (c.percentiles.empty()) said.latency = Range<Duration>(c.latency);
  // Some keys are only understood beside others.
  const LinkConditions all = all_of(c);
  if (said.copies || said.copy_spacing) said.duplicate = all.duplicate;
  if (said.queue_bytes) said.queue_packets = all.queue_packets;
  if (c.queue_packets == 0) said.queue_packets.reset();
  if (!said.bandwidth) {
    said.queue_packets.reset();
    said.queue_bytes.reset();
    said.ecn_above.reset();
    said.codel.reset();
  }
  return said;
}

/// The keys that `spec` has, with the values that were drawn.
LinkConditions drawn(const LinkConditions& spec, const Conditions& c) {
  LinkConditions said = all_of(c);
  for_each_member(condition_members, [&](auto member) {
    if (!(spec.*member)) (said.*member).reset();
  });
  said.percentiles = spec.percentiles;
  return said;
}

template <class T>
void fix(std::optional<Range<T>>& range, const std::optional<T>& value) {
  if (range && value) range = Range<T>(*value);
}

void fix_nat(NatSpec& spec, const NatPlan& plan) {
  spec.addresses = plan.addresses;
  spec.timeout = Range<Duration>(plan.timeout);
  fix(spec.filter_timeout, plan.filter_timeout);
  fix(spec.unreplied_timeout, plan.unreplied_timeout);
}

HostSpec said_host(const HostSpec& spec, const HostPlan& host, const Plan& plan) {
  HostSpec said = spec;
  const bool is_member = spec.count > 1;
  const bool is_known = std::ranges::find(spec.groups, spec.name) != spec.groups.end();
  if (is_member && !is_known) said.groups.insert(said.groups.begin(), spec.name);
  said.name = host.info.name;
  said.count = 1;
  said.addresses = host.info.addresses;
  said.settings = host.settings;
  said.start = Range<Duration>(host.start);
  said.driver.every = Range<Duration>(host.driver_every);
  if (host.driver == DriverKind::lazy) said.driver = spec.driver;
  said.clock.offset = Range<Duration>(host.clock.read(Instant{}).since_origin());
  said.clock.wall_offset =
      Range<Duration>(host.clock.read_wall(Instant{}).since_epoch() - HostClock::epoch);
  if (said.nat) fix_nat(*said.nat, plan.nats[*host.behind]);
  return said;
}

void say_hosts(Scenario& scenario, const Plan& plan) {
  scenario.hosts.clear();
  std::size_t next = 0;
  for (const HostSpec& spec : plan.scenario.hosts) {
    for (std::int64_t member = 1; member <= spec.count; ++member) {
      scenario.hosts.push_back(said_host(spec, plan.hosts[next++], plan));
    }
  }
  for (std::size_t i = 0; i < scenario.nats.size(); ++i) fix_nat(scenario.nats[i], plan.nats[i]);
}

void say_links(Scenario& scenario, const Plan& plan) {
  scenario.links.clear();
  for (std::uint32_t i = 0; i + 1 < plan.directions.size(); i += 2) {
    LinkSpec link{.a = plan.from_name(i), .b = plan.to_name(i)};
    const LinkConditions there = written(plan.directions[i].conditions);
    const LinkConditions back = written(plan.directions[i + 1].conditions);
    if (there == back) {
      link.both = there;
    } else {
      link.there = there;
      link.back = back;
    }
    scenario.links.push_back(std::move(link));
  }
}

void say_traffic(Scenario& scenario, const Plan& plan) {
  scenario.traffic.clear();
  for (const FlowPlan& flow : plan.flows) {
    TrafficSpec said{.from = plan.hosts[flow.from].info.name,
                     .to = plan.hosts[flow.to].info.name,
                     .every = flow.every,
                     .size = std::int64_t{flow.size},
                     .start = flow.start};
    if (flow.stop != Duration::max()) said.stop = Range<Duration>(flow.stop);
    scenario.traffic.push_back(std::move(said));
  }
}

/// Puts the values drawn for one host into what befalls it.
struct Said {
  const FaultPlan& fault;
  const Plan& plan;

  std::string host() const { return plan.hosts[fault.host].info.name; }
  /// The first of a group whose NAT it is; who names no group means one already.
  std::string behind_nat(const std::string& name) const {
    if (plan.host_named(name)) return name;
    for (const HostIndex member : plan.hosts_named(name)) {
      if (plan.hosts[member].behind == fault.nat) return plan.hosts[member].info.name;
    }
    return name;
  }

  void operator()(Delay& action) const { action.by = Range<Duration>(fault.amount); }
  void operator()(Duplicate& action) const { action.after = Range<Duration>(fault.amount); }
  void operator()(Forge& action) const {
    action.from = plan.hosts[fault.from_host].info.name;
    action.to = host();
  }
  void operator()(Reboot& action) const { action.host = host(); }
  void operator()(Suspend& action) const { action.host = host(); }
  void operator()(NatReset& action) const { action.nat = behind_nat(action.nat); }
  void operator()(NatFlap& action) const { action.nat = behind_nat(action.nat); }
  void operator()(Move& action) const { action.dead = Range<Duration>(fault.amount); }
  void operator()(WallJump& action) const {
    action.host = host();
    action.by = Range<Duration>(fault.amount);
  }
  void operator()(Degrade& action) const {
    if (fault.conditions.empty()) return;
    action.conditions = drawn(action.conditions, fault.conditions.front());
  }
  template <class Other>
  void operator()(Other&) const {}  // nothing is drawn for it, and it may name a group
};

void say_faults(Scenario& scenario, const Plan& plan) {
  scenario.faults.clear();
  for (const FaultPlan& fault : plan.faults) {
    FaultSpec said = *fault.spec;
    if (said.at) said.at = Range<Duration>(fault.begin.since_origin());
    if (said.length && fault.end != Instant::never()) {
      said.length = Range<Duration>(fault.end - fault.begin);
    }
    if (said.every) said.every = Range<Duration>(fault.every);
    // One that this run leaves out keeps its place: others of its kind are told by their number.
    if (said.sometimes) said.sometimes = Range<Ratio>(Ratio());
    if (fault.present) said.sometimes.reset();
    std::visit(Said{fault, plan}, said.action);
    scenario.faults.push_back(std::move(said));
  }
}

}  // namespace

Scenario with_all_said(const Plan& plan) {
  Scenario scenario = plan.scenario;
  scenario.seed = plan.seed;
  scenario.found.reset();
  scenario.duration = Range<Duration>(plan.duration);
  say_hosts(scenario, plan);
  say_links(scenario, plan);
  say_traffic(scenario, plan);
  say_faults(scenario, plan);
  scenario.expect.always_from = Range<Duration>(plan.always_from.since_origin());
  if (scenario.expect.heal) {
    scenario.expect.heal->at = Range<Duration>(plan.heal_at.since_origin());
    scenario.expect.heal->within = plan.heal_within;
  }
  return scenario;
}

}  // namespace tickover::sim
