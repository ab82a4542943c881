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
  for (const HostIndex host : plan_->hosts_named(name)) {
    const auto behind = plan_->hosts[host].behind;
    const bool own_nat = behind && *behind >= plan_->scenario.nats.size();
    NodeIndex node = own_nat ? plan_->node_of_nat(*behind) : plan_->node_of_host(host);
    // "any host" means what stands in the public network for it.
    while (name == "*" && plan_->nodes[node].realm) {
      node = plan_->node_of_nat(*plan_->nodes[node].realm);
    }
    if (std::ranges::find(ends, node) == ends.end()) ends.push_back(node);
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
  // Exact names win over "*": they are added first, and what exists already is left alone.
  for (const bool wild : {false, true}) {
    for (const LinkSpec& spec : plan_->scenario.links) {
      if ((spec.a == "*" || spec.b == "*") != wild) continue;
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
  const Conditions both = drawn(spec.both, {}, path);
  const auto add = [&](NodeIndex from, NodeIndex to, const LinkConditions& special) {
    const std::string& from_name = plan_->nodes[from].name;
    const std::string& to_name = plan_->nodes[to].name;
    DirectionPlan direction{from, to, mix(hash_text(from_name), hash_text(to_name)),
                            drawn(special, both, "direction " + from_name + ">" + to_name)};
    const auto index = static_cast<std::uint32_t>(plan_->directions.size());
    plan_->directions.push_back(direction);
    plan_->by_ends_.insert({from, to}, index);
  };
  add(a, b, spec.there);
  add(b, a, spec.back);
}

Conditions PlanBuilder::drawn(const LinkConditions& written, Conditions base,
                              const std::string& path) const {
  const auto one = [&](const auto& range, const char* key) {
    return draw(range, word(path + key));
  };
  const auto number = [&](const Range<std::int64_t>& range, const char* key) {
    return static_cast<std::uint64_t>(one(range, key));
  };
  if (written.latency) {
    base.latency = one(*written.latency, ".latency");
    base.percentiles.clear();
  }
  if (!written.percentiles.empty()) base.percentiles = written.percentiles;
  if (written.jitter) {
    base.jitter_low = written.jitter->is_fixed() ? Duration{} : written.jitter->low;
    base.jitter_high = written.jitter->high;
  }
  if (written.loss) base.loss = one(*written.loss, ".loss");
  if (written.duplicate) base.duplicate = one(*written.duplicate, ".duplicate");
  if (written.copies) {
    base.copies_low = static_cast<std::uint32_t>(written.copies->low);
    base.copies_high = static_cast<std::uint32_t>(written.copies->high);
  }
  if (written.copy_spacing) {
    base.spacing_low = written.copy_spacing->low;
    base.spacing_high = written.copy_spacing->high;
  }
  if (written.bandwidth) base.bandwidth = number(*written.bandwidth, ".bandwidth");
  // A queue in bytes has no limit in packets, unless both are said.
  if (written.queue_bytes && !written.queue_packets) base.queue_packets = 0;
  if (written.queue_packets) base.queue_packets = number(*written.queue_packets, ".queue-packets");
  if (written.queue_bytes) base.queue_bytes = number(*written.queue_bytes, ".queue-bytes");
  if (const auto& c = written.codel) {
    base.codel = {one(c->target, ".codel.target"), one(c->interval, ".codel.interval")};
  }
  if (written.ecn_above) base.ecn_above = one(*written.ecn_above, ".ecn-above");
  if (written.mtu) base.mtu = number(*written.mtu, ".mtu");
  if (written.reorder) base.reorder = one(*written.reorder, ".reorder");
  if (written.reorder_delay) {
    base.reorder_low = written.reorder_delay->low;
    base.reorder_high = written.reorder_delay->high;
  }
  if (written.corrupt) base.corrupt = one(*written.corrupt, ".corrupt");
  if (written.truncate) base.truncate = one(*written.truncate, ".truncate");
  draw_weather(written, base, path);
  return base;
}

void PlanBuilder::draw_weather(const LinkConditions& written, Conditions& base,
                               const std::string& path) const {
  const auto one = [&](const auto& range, const char* key) {
    return draw(range, word(path + key));
  };
  if (const auto& w = written.wander) {
    base.wander = {w->by.is_fixed() ? Duration{} : w->by.low, w->by.high,
                   one(w->every, ".wander.every")};
  }
  if (const auto& b = written.burst_loss) {
    base.burst_loss = {one(b->good, ".burst-loss.good"), one(b->bad, ".burst-loss.bad"),
                       one(b->loss_good, ".burst-loss.loss-good"),
                       one(b->loss_bad, ".burst-loss.loss-bad")};
  }
  if (const auto& b = written.bursts) {
    base.bursts = {one(b->every, ".bursts.every"), b->length.low, b->length.high};
  }
  if (const auto& f = written.flap) {
    base.flap = {one(f->up, ".flap.up"), one(f->down, ".flap.down"), {}};
    const Range<Duration> anywhere({}, base.flap.up + base.flap.down);
    base.flap.offset = one(f->offset.value_or(anywhere), ".flap.offset");
  }
  if (const auto& t = written.trace) {
    base.trace = {t->step, t->values, one(t->offset, ".trace.offset")};
  }
}

}  // namespace tickover::sim
