// The faults of a plan: their instants drawn, their names resolved to what they touch.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/random.h"
#include "sim/oracles/expectation.h"
#include "sim/scenario/nearest.h"
#include "sim/world/messages.h"
#include "sim/world/plan_builder.h"

namespace tickover::sim {
namespace {

std::string key_of(const PacketMatch& m) {
  const auto range = [](const std::optional<Range<std::int64_t>>& r) {
    return r ? std::to_string(r->low) + ".." + std::to_string(r->high) : std::string("any");
  };
  return m.from + ">" + m.to + " " + m.message + " " + range(m.transaction) + " " + range(m.copy);
}

/// What a fault's draws are keyed by: its words, so that removing another fault leaves it alone.
std::string key_of(const FaultAction& action) {
  struct {
    std::string operator()(const Partition& f) const { return f.a + "|" + f.b; }
    std::string operator()(const Block& f) const { return f.from + ">" + f.to; }
    std::string operator()(const Drop& f) const { return key_of(f.match); }
    std::string operator()(const Delay& f) const { return key_of(f.match); }
    std::string operator()(const Duplicate& f) const { return key_of(f.match); }
    std::string operator()(const Corrupt& f) const { return key_of(f.match); }
    std::string operator()(const Truncate& f) const { return key_of(f.match); }
    std::string operator()(const Forge& f) const { return f.from + ">" + f.to + " " + f.text; }
    std::string operator()(const Reboot& f) const { return f.host; }
    std::string operator()(const NatReset& f) const { return f.nat; }
    std::string operator()(const NatFlap& f) const { return f.nat; }
    std::string operator()(const NatMove& f) const { return f.nat + " " + f.address.text(); }
    std::string operator()(const Suspend& f) const { return f.host; }
    std::string operator()(const Move& f) const {
      std::string words = f.host + " " + f.nat;
      for (const IpAddress& ip : f.addresses) words += " " + ip.text();
      return words;
    }
    std::string operator()(const Refuse& f) const { return key_of(f.match); }
    std::string operator()(const WallJump& f) const { return f.host; }
    std::string operator()(const Degrade& f) const { return f.a + "|" + f.b; }
  } words;
  return "fault " + std::to_string(action.index()) + " " + std::visit(words, action);
}

}  // namespace

/// Links of who is behind a NAT begin at that NAT.
std::string PlanBuilder::outer_hint(const std::string& name) const {
  const auto host = plan_->host_named(name);
  auto nat = host ? plan_->hosts[*host].behind : std::nullopt;
  if (!nat) return {};
  while (plan_->nats[*nat].behind) nat = plan_->nats[*nat].behind;
  const std::string& outer = plan_->nats[*nat].name;
  if (outer == name) return {};
  return fmt::format(": {0} is behind the NAT {1}, so write {1} instead of {0}", quoted(name),
                     quoted(outer));
}

/// The hosts behind that NAT, also those behind another one in between.
std::vector<HostIndex> PlanBuilder::behind(std::uint32_t nat) const {
  std::vector<HostIndex> inside;
  for (HostIndex host = 0; host < plan_->hosts.size(); ++host) {
    auto outer = plan_->hosts[host].behind;
    while (outer && *outer != nat) outer = plan_->nats[*outer].behind;
    if (outer) inside.push_back(host);
  }
  return inside;
}

std::vector<std::uint32_t> PlanBuilder::directions_between(const std::string& from,
                                                           const std::string& to, Place place) {
  std::vector<std::uint32_t> result;
  const auto ends = [&](const std::string& name) {
    return name.empty() ? std::vector<NodeIndex>() : link_ends(name, place);
  };
  const std::vector<NodeIndex> starts = ends(from);
  const std::vector<NodeIndex> stops = ends(to);
  if (from.empty() || to.empty()) {
    // Any other end will do.
    const auto marked = [&](const std::vector<NodeIndex>& nodes) {
      std::vector<bool> fits(plan_->nodes.size(), nodes.empty());
      for (const NodeIndex node : nodes) fits[node] = true;
      return fits;
    };
    const std::vector<bool> may_start = marked(starts);
    const std::vector<bool> may_stop = marked(stops);
    for (std::uint32_t i = 0; i < plan_->directions.size(); ++i) {
      const DirectionPlan& direction = plan_->directions[i];
      if (may_start[direction.from] && may_stop[direction.to]) result.push_back(i);
    }
  } else {
    for (const NodeIndex a : starts) {
      for (const NodeIndex b : stops) {
        const std::uint32_t direction = plan_->direction(a, b);
        if (direction != no_index) result.push_back(direction);
      }
    }
  }
  if (result.empty()) {
    fail(place, "no link leads" + (from.empty() ? "" : " from \"" + from + "\"") +
                    (to.empty() ? "" : " to \"" + to + "\"") + outer_hint(from) + outer_hint(to));
  }
  return result;
}

std::vector<std::uint32_t> PlanBuilder::both_directions(const std::string& a, const std::string& b,
                                                        Place place) {
  std::vector<std::uint32_t> result = directions_between(a, b, place);
  for (std::size_t i = 0, n = result.size(); i < n; ++i) result.push_back(result[i] ^ 1u);
  std::ranges::sort(result);
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

HostIndex PlanBuilder::one_host(const std::string& name, Place place) {
  const auto host = plan_->host_named(name);
  if (!host) fail(place, "no host is called \"" + name + "\"");
  return host.value_or(0);
}

std::vector<FaultAction> PlanBuilder::for_each_member(const FaultAction& action) const {
  const auto members = [&](const std::string& name) {
    std::vector<std::string> names;
    if (!plan_->host_named(name) && name != "*") {
      for (const HostIndex host : plan_->hosts_named(name)) {
        names.push_back(plan_->hosts[host].info.name);
      }
    }
    if (names.empty()) names.push_back(name);
    return names;
  };
  std::vector<FaultAction> each;
  const auto vary = [&](auto fault, auto member) {
    for (std::string& name : members(fault.*member)) {
      fault.*member = std::move(name);
      each.emplace_back(fault);
    }
  };
  if (const auto* reboot = std::get_if<Reboot>(&action)) vary(*reboot, &Reboot::host);
  if (const auto* suspend = std::get_if<Suspend>(&action)) vary(*suspend, &Suspend::host);
  if (const auto* jump = std::get_if<WallJump>(&action)) vary(*jump, &WallJump::host);
  if (const auto* reset = std::get_if<NatReset>(&action)) vary(*reset, &NatReset::nat);
  if (const auto* flap = std::get_if<NatFlap>(&action)) vary(*flap, &NatFlap::nat);
  if (const auto* forge = std::get_if<Forge>(&action)) {
    for (const std::string& from : members(forge->from)) {
      Forge one = *forge;
      one.from = from;
      vary(one, &Forge::to);
    }
  }
  if (each.empty()) each.push_back(action);
  return each;
}

/// A fault that names what its hosts never send would never match.
void PlanBuilder::check_message(const PacketMatch& match, Place place) {
  if (match.message.empty()) return;
  std::vector<HostIndex> senders = plan_->hosts_named(match.from.empty() ? "*" : match.from);
  std::string who = quoted(match.from);
  const auto nat = std::ranges::find(plan_->scenario.nats, match.from, &NatSpec::name);
  if (nat != plan_->scenario.nats.end()) {
    senders = behind(static_cast<std::uint32_t>(nat - plan_->scenario.nats.begin()));
    who = "who is behind " + who;
  } else if (match.from.empty() || match.from == "*") {
    const std::vector<HostIndex> receivers = plan_->hosts_named(match.to);
    if (receivers.size() == 1) std::erase(senders, receivers.front());
    who = "nobody";
  }
  const std::vector<std::string> known = messages_of(*plan_, senders);
  if (known.empty() || is_message(match.message, known)) return;
  fail(place, fmt::format("{} sends {} message {}{}", who, who == "nobody" ? "a" : "no",
                          quoted(match.message), message_hint(match.message, known)));
}

void PlanBuilder::add_faults() {
  std::map<std::string, std::size_t> twins;
  for (const FaultSpec& spec : plan_->scenario.faults) {
    std::set<std::uint32_t> nats;  // what befalls a NAT befalls it once
    for (const FaultAction& action : for_each_member(spec.action)) {
      add_fault(spec, action, twins[key_of(action)]++);
      if (error_) return;
      const std::uint32_t nat = plan_->faults.back().nat;
      if (nat != no_index && !nats.insert(nat).second) plan_->faults.pop_back();
    }
  }
  std::ranges::sort(plan_->named_faults);
}

/// A fault that stands for one datagram is found by its name, not among those that are active.
void PlanBuilder::add_name(FaultPlan& fault) {
  const bool is_one = fault.transaction_low >= 0 && fault.copy_low >= 0 &&
                      fault.transaction_low == fault.transaction_high &&
                      fault.copy_low == fault.copy_high;
  if (!fault.stands || !is_one || !fault.present) return;
  fault.is_named = true;
  const auto index = static_cast<std::uint32_t>(plan_->faults.size());
  for (const std::uint32_t direction : fault.directions) {
    plan_->named_faults.push_back({direction, fault.transaction_low, fault.copy_low, index});
  }
}

void PlanBuilder::add_fault_time(FaultPlan& fault, const FaultSpec& spec, const std::string& path) {
  fault.begin = Instant::at(spec.at ? draw(*spec.at, word(path + ".at")) : Duration{});
  if (spec.after) {
    auto after = parse_statement(spec.after->sentence, *plan_);
    if (!after) return fail(after.error().place, after.error().what);
    fault.after = std::make_shared<const Expectation>(std::move(*after));
    fault.begin = Instant::at(spec.after->delay);
  }
  fault.end =
      spec.length ? fault.begin + draw(*spec.length, word(path + ".for")) : Instant::never();
  if (spec.every) fault.every = draw(*spec.every, word(path + ".every"));
  if (spec.sometimes) {
    fault.present =
        happens(word(path + ".sometimes"), draw(*spec.sometimes, word(path + ".sometimes.ratio")));
  }
}

std::uint32_t PlanBuilder::nat_of(const std::string& name, Place place) {
  const auto nat = std::ranges::find(plan_->nats, name, &NatPlan::name);
  if (nat != plan_->nats.end()) return static_cast<std::uint32_t>(nat - plan_->nats.begin());
  const auto host = plan_->host_named(name);
  if (host && plan_->hosts[*host].behind) return *plan_->hosts[*host].behind;
  fail(place, "no NAT is called \"" + name + "\", and no host of that name has one");
  return 0;
}

void PlanBuilder::add_host_fault(FaultPlan& fault, const FaultSpec& spec, const FaultAction& action,
                                 const std::string& path) {
  const auto ends_at_once = [&] {
    if (!spec.length) fault.end = fault.begin;
  };
  if (const auto* g = std::get_if<Forge>(&action)) {
    fault.from_host = one_host(g->from, spec.place);
    fault.host = one_host(g->to, spec.place);
    ends_at_once();
  } else if (const auto* r = std::get_if<Reboot>(&action)) {
    fault.host = one_host(r->host, spec.place);
    ends_at_once();
  } else if (const auto* n = std::get_if<NatReset>(&action)) {
    fault.nat = nat_of(n->nat, spec.place);
    fault.end = fault.begin;
  } else if (const auto* f = std::get_if<NatFlap>(&action)) {
    fault.nat = nat_of(f->nat, spec.place);
  } else if (const auto* m = std::get_if<NatMove>(&action)) {
    fault.nat = nat_of(m->nat, spec.place);
    if (!error_) own(plan_->nats[fault.nat].behind, m->address, plan_->node_of_nat(fault.nat));
  } else if (const auto* z = std::get_if<Suspend>(&action)) {
    fault.host = one_host(z->host, spec.place);
  } else if (const auto* w = std::get_if<WallJump>(&action)) {
    fault.host = one_host(w->host, spec.place);
    fault.amount = draw(w->by, word(path + ".by"));
    fault.end = fault.begin;
  } else if (const auto* t = std::get_if<Move>(&action)) {
    fault.host = one_host(t->host, spec.place);
    fault.amount = draw(t->dead, word(path + ".dead"));
    fault.behind = plan_->hosts[fault.host].behind;
    if (!t->nat.empty()) {
      fault.behind = nat_called(t->nat, "\"" + t->host + "\"", spec.place);
    }
    for (const IpAddress& ip : t->addresses) {
      if (!error_) own_outwards(fault.behind, ip, plan_->node_of_host(fault.host));
    }
  }
}

void PlanBuilder::add_fault(const FaultSpec& spec, const FaultAction& action, std::size_t number) {
  const std::string path = key_of(action) + "#" + std::to_string(number);
  FaultPlan fault;
  fault.key = hash_text(path);
  fault.spec = &spec;
  add_fault_time(fault, spec, path);
  const auto match = [&](const PacketMatch& m) {
    fault.directions = directions_between(m.from, m.to, spec.place);
    fault.stands = !spec.at && !spec.length && !spec.after && !spec.every;
    check_message(m, spec.place);
    if (m.transaction) {
      fault.transaction_low = m.transaction->low;
      fault.transaction_high = m.transaction->high;
    }
    if (m.copy) {
      fault.copy_low = m.copy->low;
      fault.copy_high = m.copy->high;
    }
  };
  if (const auto* f = std::get_if<Partition>(&action)) {
    fault.directions = both_directions(f->a, f->b, spec.place);
  } else if (const auto* b = std::get_if<Block>(&action)) {
    fault.directions = directions_between(b->from, b->to, spec.place);
  } else if (const auto* d = std::get_if<Drop>(&action)) {
    match(d->match);
  } else if (const auto* l = std::get_if<Delay>(&action)) {
    match(l->match);
    fault.amount = draw(l->by, word(path + ".by"));
  } else if (const auto* u = std::get_if<Duplicate>(&action)) {
    match(u->match);
    fault.amount = draw(u->after, word(path + ".after"));
  } else if (const auto* c = std::get_if<Corrupt>(&action)) {
    match(c->match);
  } else if (const auto* t = std::get_if<Truncate>(&action)) {
    match(t->match);
  } else if (const auto* no = std::get_if<Refuse>(&action)) {
    match(no->match);
    plan_->has_refusals = true;
  } else if (const auto* g2 = std::get_if<Degrade>(&action)) {
    fault.directions = both_directions(g2->a, g2->b, spec.place);
    fault.degraded = drawn(g2->conditions, path);
    for (const std::uint32_t direction : fault.directions) {
      fault.conditions.push_back(overlaid(fault.degraded, plan_->directions[direction].conditions));
    }
  }
  if (fault.directions.empty()) add_host_fault(fault, spec, action, path);
  add_name(fault);
  plan_->faults.push_back(std::move(fault));
}

}  // namespace tickover::sim
