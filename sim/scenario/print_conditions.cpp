#include "sim/scenario/print_conditions.h"

#include "sim/scenario/text.h"

namespace tickover::sim {
namespace {

template <class T>
void add_if(TomlTable& table, std::string_view key, const std::optional<T>& value) {
  if (value) table.add_value(key, *value);
}

std::string percentile_table(const std::vector<LatencyPoint>& points) {
  TomlTable table;
  for (const LatencyPoint& point : points) {
    table.add_text("p" + std::to_string(point.percent), duration_text(point.latency));
  }
  return table.inline_text();
}

std::string trace_table(const TraceSpec& trace) {
  TomlTable table;
  table.add_text("step", duration_text(trace.step));
  std::vector<std::string> values;
  for (const auto& value : trace.values) values.push_back(value ? duration_text(*value) : "lost");
  table.add("values", toml_list(values));
  if (trace.offset != Range<Duration>(Duration{})) table.add_value("offset", trace.offset);
  return table.inline_text();
}

void add_weather(TomlTable& table, const LinkConditions& c) {
  if (c.wander) {
    TomlTable inner;
    inner.add_value("by", c.wander->by);
    inner.add_value("every", c.wander->every);
    table.add("wander", inner.inline_text());
  }
  if (c.burst_loss) {
    TomlTable inner;
    inner.add_value("good", c.burst_loss->good);
    inner.add_value("bad", c.burst_loss->bad);
    inner.add_value("loss-good", c.burst_loss->loss_good);
    inner.add_value("loss-bad", c.burst_loss->loss_bad);
    table.add("burst-loss", inner.inline_text());
  }
  if (c.bursts) {
    TomlTable inner;
    inner.add_value("every", c.bursts->every);
    inner.add_value("for", c.bursts->length);
    table.add("bursts", inner.inline_text());
  }
  if (c.flap) {
    TomlTable inner;
    inner.add_value("up", c.flap->up);
    inner.add_value("down", c.flap->down);
    add_if(inner, "offset", c.flap->offset);
    table.add("flap", inner.inline_text());
  }
  if (c.trace) table.add("trace", trace_table(*c.trace));
}

}  // namespace

void add_conditions(TomlTable& table, const LinkConditions& conditions) {
  add_if(table, "latency", conditions.latency);
  if (!conditions.percentiles.empty()) {
    table.add("latency", percentile_table(conditions.percentiles));
  }
  add_if(table, "jitter", conditions.jitter);
  add_if(table, "loss", conditions.loss);
  add_weather(table, conditions);
  add_if(table, "duplicate", conditions.duplicate);
  add_if(table, "copies", conditions.copies);
  add_if(table, "copy-spacing", conditions.copy_spacing);
  if (conditions.bandwidth) {
    table.add_text("bandwidth", rate_range_text(*conditions.bandwidth));
  }
  add_if(table, "queue-packets", conditions.queue_packets);
  add_if(table, "queue-bytes", conditions.queue_bytes);
  if (conditions.codel) {
    TomlTable inner;
    inner.add_value("target", conditions.codel->target);
    inner.add_value("interval", conditions.codel->interval);
    table.add("codel", inner.inline_text());
  }
  add_if(table, "ecn-above", conditions.ecn_above);
  add_if(table, "mtu", conditions.mtu);
  add_if(table, "reorder", conditions.reorder);
  add_if(table, "reorder-delay", conditions.reorder_delay);
  add_if(table, "corrupt", conditions.corrupt);
  add_if(table, "truncate", conditions.truncate);
}

}  // namespace tickover::sim
