// The links of a plan: which ends they join, and their conditions drawn.
#include <algorithm>
#include <set>
#include <utility>

#include "core/random.h"
#include "sim/world/plan_builder.h"

namespace tickover::sim {
namespace {

constexpr std::size_t most_links = 1'000'000;

}  // namespace

std::vector<NodeIndex> PlanBuilder::link_ends(const std::string& name, Place place) {
  std::vector<NodeIndex> ends;
  const auto named_nat = std::ranges::find(plan_->scenario.nats, name, &NatSpec::name);
  if (named_nat != plan_->scenario.nats.end()) {
    return {
        plan_->node_of_nat(static_cast<std::uint32_t>(named_nat - plan_->scenario.nats.begin()))};
  }
  std::vector<bool> is_in(plan_->nodes.size());
  for (const HostIndex host : plan_->hosts_named(name)) {
    const auto behind = plan_->hosts[host].behind;
    const bool own_nat = behind && *behind >= plan_->scenario.nats.size();
    NodeIndex node = own_nat ? plan_->node_of_nat(*behind) : plan_->node_of_host(host);
    // "any host" means what stands in the public network for it.
    while (name == "*" && plan_->nodes[node].realm) {
      node = plan_->node_of_nat(*plan_->nodes[node].realm);
    }
    if (!is_in[node]) ends.push_back(node);
    is_in[node] = true;
  }
  if (ends.empty()) fail(place, "no host or NAT is called \"" + name + "\"");
  return ends;
}

void PlanBuilder::add_links() {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const LinkSpec& link : plan_->scenario.links) {
    const auto [low, high] = std::minmax({std::string_view(link.a), std::string_view(link.b)});
    if (!seen.emplace(low, high).second) {
      fail(link.place, "two links are between \"" + link.a + "\" and \"" + link.b + "\"");
      return;
    }
  }
  // Exact names win over those of groups, and both over "*": they are added first, and what exists
  // already is left alone.
  const auto is_group = [&](const std::string& name) {
    return !plan_->host_named(name) && plan_->by_name_.contains(name);
  };
  const auto vagueness = [&](const LinkSpec& spec) {
    if (spec.a == "*" || spec.b == "*") return 2;
    return is_group(spec.a) || is_group(spec.b) ? 1 : 0;
  };
  for (int vague = 0; vague <= 2; ++vague) {
    for (const LinkSpec& spec : plan_->scenario.links) {
      if (vagueness(spec) != vague) continue;
      const std::vector<NodeIndex> starts = link_ends(spec.a, spec.place);
      const std::vector<NodeIndex> ends = link_ends(spec.b, spec.place);
      for (const NodeIndex a : starts) {
        for (const NodeIndex b : ends) {
          if (a != b && !error_) add_link(spec, a, b);
        }
      }
    }
  }
}

void PlanBuilder::add_link(const LinkSpec& spec, NodeIndex a, NodeIndex b) {
  if (plan_->direction(a, b) != no_index) return;
  const std::string& name_a = plan_->nodes[a].name;
  const std::string& name_b = plan_->nodes[b].name;
  if (plan_->nodes[a].realm != plan_->nodes[b].realm) {
    const NodeIndex inner = plan_->nodes[a].realm ? a : b;
    const auto outside = plan_->nodes[inner == a ? b : a].realm;
    // The NAT on the way out that is in the network of the other end; the outermost if none is.
    const NatPlan* nat = &plan_->nats[*plan_->nodes[inner].realm];
    for (std::size_t depth = 0; nat->behind && nat->behind != outside; ++depth) {
      if (depth == plan_->nats.size()) break;
      nat = &plan_->nats[*nat->behind];
    }
    const std::string& name = plan_->nodes[inner].name;
    fail(spec.place, "\"" + name + "\" is behind the NAT \"" + nat->name +
                         "\": the link must end there, so write \"" + nat->name +
                         "\" instead of \"" + name + "\"");
    return;
  }
  if (plan_->directions.size() >= 2 * most_links) {
    fail(spec.place, "more than " + std::to_string(most_links) + " links");
    return;
  }
  const std::string path = "link " + name_a + "|" + name_b;
  const Conditions both = overlaid(drawn(spec.both, path), {});
  const auto add = [&](NodeIndex from, NodeIndex to, const LinkConditions& special) {
    const std::string& from_name = plan_->nodes[from].name;
    const std::string& to_name = plan_->nodes[to].name;
    DirectionPlan direction{
        from, to, mix(hash_text(from_name), hash_text(to_name)),
        overlaid(drawn(special, "direction " + from_name + ">" + to_name), both)};
    const auto index = static_cast<std::uint32_t>(plan_->directions.size());
    plan_->directions.push_back(direction);
    plan_->by_ends_.insert({from, to}, index);
  };
  add(a, b, spec.there);
  add(b, a, spec.back);
}

LinkConditions PlanBuilder::drawn(LinkConditions written, const std::string& path) const {
  const auto fix = [&](auto& range, const char* key) { range = draw(range, word(path + key)); };
  const auto fix_if = [&](auto& range, const char* key) {
    if (range) fix(*range, key);
  };
  LinkConditions& c = written;
  fix_if(c.latency, ".latency");
  fix_if(c.loss, ".loss");
  fix_if(c.duplicate, ".duplicate");
  fix_if(c.bandwidth, ".bandwidth");
  fix_if(c.queue_packets, ".queue-packets");
  fix_if(c.queue_bytes, ".queue-bytes");
  fix_if(c.ecn_above, ".ecn-above");
  fix_if(c.mtu, ".mtu");
  fix_if(c.reorder, ".reorder");
  fix_if(c.corrupt, ".corrupt");
  fix_if(c.truncate, ".truncate");
  if (c.codel) {
    fix(c.codel->target, ".codel.target");
    fix(c.codel->interval, ".codel.interval");
  }
  if (c.wander) fix(c.wander->every, ".wander.every");
  if (c.burst_loss) {
    fix(c.burst_loss->good, ".burst-loss.good");
    fix(c.burst_loss->bad, ".burst-loss.bad");
    fix(c.burst_loss->loss_good, ".burst-loss.loss-good");
    fix(c.burst_loss->loss_bad, ".burst-loss.loss-bad");
  }
  if (c.bursts) fix(c.bursts->every, ".bursts.every");
  if (c.flap) {
    fix(c.flap->up, ".flap.up");
    fix(c.flap->down, ".flap.down");
    if (!c.flap->offset) c.flap->offset = Range<Duration>({}, c.flap->up.low + c.flap->down.low);
    fix(*c.flap->offset, ".flap.offset");
  }
  if (c.trace) fix(c.trace->offset, ".trace.offset");
  return written;
}

namespace {

void overlay_weather(const LinkConditions& drawn, Conditions& base) {
  if (const auto& w = drawn.wander) {
    base.wander = {w->by.is_fixed() ? Duration{} : w->by.low, w->by.high, w->every.low};
  }
  if (const auto& b = drawn.burst_loss) {
    base.burst_loss = {b->good.low, b->bad.low, b->loss_good.low, b->loss_bad.low};
  }
  if (const auto& b = drawn.bursts) base.bursts = {b->every.low, b->length.low, b->length.high};
  if (const auto& f = drawn.flap) base.flap = {f->up.low, f->down.low, f->offset->low};
}

/// A latency, percentiles and a trace stand for one another; a table that has a trace beside a
/// latency means that for what the recording lost.
void overlay_latency(const LinkConditions& drawn, Conditions& base) {
  if (drawn.latency || !drawn.percentiles.empty()) base.trace = {};
  if (drawn.latency) {
    base.latency = drawn.latency->low;
    base.percentiles.clear();
  }
  if (!drawn.percentiles.empty()) base.percentiles = drawn.percentiles;
  if (const auto& t = drawn.trace) base.trace = {t->step, t->values, t->offset.low};
}

}  // namespace

Conditions overlaid(const LinkConditions& drawn, Conditions base) {
  const auto put = [](auto& to, const auto& from) {
    if (from) to = from->low;
  };
  const auto put_number = [](std::uint64_t& to, const std::optional<Range<std::int64_t>>& from) {
    if (from) to = static_cast<std::uint64_t>(from->low);
  };
  overlay_latency(drawn, base);
  if (drawn.jitter) {
    base.jitter_low = drawn.jitter->is_fixed() ? Duration{} : drawn.jitter->low;
    base.jitter_high = drawn.jitter->high;
  }
  put(base.loss, drawn.loss);
  put(base.duplicate, drawn.duplicate);
  if (drawn.copies) {
    base.copies_low = static_cast<std::uint32_t>(drawn.copies->low);
    base.copies_high = static_cast<std::uint32_t>(drawn.copies->high);
  }
  if (drawn.copy_spacing) {
    base.spacing_low = drawn.copy_spacing->low;
    base.spacing_high = drawn.copy_spacing->high;
  }
  put_number(base.bandwidth, drawn.bandwidth);
  // A queue in bytes has no limit in packets, unless both are said.
  if (drawn.queue_bytes && !drawn.queue_packets) base.queue_packets = 0;
  put_number(base.queue_packets, drawn.queue_packets);
  put_number(base.queue_bytes, drawn.queue_bytes);
  if (const auto& c = drawn.codel) base.codel = {c->target.low, c->interval.low};
  put(base.ecn_above, drawn.ecn_above);
  put_number(base.mtu, drawn.mtu);
  put(base.reorder, drawn.reorder);
  if (drawn.reorder_delay) {
    base.reorder_low = drawn.reorder_delay->low;
    base.reorder_high = drawn.reorder_delay->high;
  }
  put(base.corrupt, drawn.corrupt);
  put(base.truncate, drawn.truncate);
  overlay_weather(drawn, base);
  return base;
}

}  // namespace tickover::sim
