#include "sim/scenario/printer.h"

#include "sim/scenario/print_conditions.h"
#include "sim/scenario/text.h"
#include "sim/scenario/toml_writer.h"

namespace tickover::sim {
namespace {

std::string duration_value(Duration duration) {
  return toml_quoted(duration_text(duration));
}

/// Adds what differs from the default.
template <class T>
void add_unless(TomlTable& table, std::string_view key, const T& value, const T& usual) {
  if (!(value == usual)) table.add_value(key, value);
}
template <class T>
void add_if(TomlTable& table, std::string_view key, const std::optional<T>& value) {
  if (value) table.add_value(key, *value);
}
void add_if(TomlTable& table, std::string_view key, const std::string& text) {
  if (!text.empty()) table.add_text(key, text);
}

void add_addresses(TomlTable& table, const std::vector<IpAddress>& addresses) {
  std::vector<std::string> texts;
  for (const IpAddress& address : addresses) texts.push_back(address.text());
  if (texts.size() == 1) table.add_text("address", texts.front());
  if (texts.size() > 1) table.add("address", toml_list(texts));
}

std::string_view behaviour_word(NatBehaviour behaviour) {
  switch (behaviour) {
    case NatBehaviour::endpoint_independent:
      return "endpoint-independent";
    case NatBehaviour::address:
      return "address";
    case NatBehaviour::address_and_port:
      return "address-and-port";
  }
  return {};
}

TomlTable nat_table(const NatSpec& nat, const std::string& name) {
  const NatSpec usual;
  TomlTable table;
  add_if(table, "name", name);
  // What kind of NAT it is belongs to the reading, default or not.
  table.add_text("mapping", behaviour_word(nat.mapping));
  table.add_text("filtering", behaviour_word(nat.filtering));
  add_unless(table, "timeout", nat.timeout, usual.timeout);
  add_addresses(table, nat.addresses);
  add_if(table, "behind", nat.behind);
  add_if(table, "filter-timeout", nat.filter_timeout);
  add_if(table, "unreplied-timeout", nat.unreplied_timeout);
  if (nat.hairpins_inside) table.add_text("hairpinning", "inside");
  if (nat.hairpinning != usual.hairpinning) table.add_flag("hairpinning", nat.hairpinning);
  if (nat.inbound_refresh) table.add_flag("inbound-refresh", true);
  if (!nat.outbound_refresh) table.add_flag("outbound-refresh", false);
  if (nat.ports == PortChoice::preserve) table.add_text("ports", "preserve");
  if (nat.ports == PortChoice::overload) table.add_text("ports", "overload");
  if (nat.keeps_parity) table.add_flag("port-parity", true);
  add_unless(table, "port-range", nat.port_range, usual.port_range);
  if (nat.port_block != 0) table.add("port-block", std::to_string(nat.port_block));
  if (!nat.is_paired) table.add_text("pooling", "arbitrary");
  if (!nat.translates) table.add_flag("translate", false);
  if (nat.nat64) table.add_text("nat64", nat.nat64->text());
  return table;
}

void add_driver(TomlTable& table, const DriverSpec& driver) {
  if (driver.kind == DriverKind::lazy) return;
  TomlTable inner;
  inner.add_value(driver.kind == DriverKind::ticking ? "ticking" : "oversleeping", driver.every);
  table.add("driver", inner.inline_text());
}

void add_clock(TomlTable& table, const ClockSpec& clock) {
  const ClockSpec usual;
  TomlTable inner;
  add_unless(inner, "offset", clock.offset, usual.offset);
  if (clock.drift_ppm != 0) inner.add("drift-ppm", std::to_string(clock.drift_ppm));
  add_unless(inner, "wall-offset", clock.wall_offset, usual.wall_offset);
  if (!inner.empty()) table.add("clock", inner.inline_text());
}

TomlTable host_table(const HostSpec& host) {
  TomlTable table;
  table.add_text("name", host.name);
  table.add_text("role", host.role);
  add_addresses(table, host.addresses);
  if (host.count != 1) table.add("count", std::to_string(host.count));
  if (host.groups.size() == 1) table.add_text("group", host.groups.front());
  if (host.groups.size() > 1) table.add("group", toml_list(host.groups));
  for (const Setting& setting : host.settings.entries) table.add_value(setting.key, setting.value);
  if (host.nat) table.add("nat", nat_table(*host.nat, "").inline_text());
  add_if(table, "nat", host.behind);
  add_driver(table, host.driver);
  add_clock(table, host.clock);
  add_unless(table, "start", host.start, Range<Duration>(Duration{}));
  return table;
}

void add_direction(TomlTable& table, std::string_view key, const LinkConditions& conditions) {
  TomlTable inner;
  add_conditions(inner, conditions);
  if (!inner.empty()) table.add(key, inner.inline_text());
}

TomlTable link_table(const LinkSpec& link) {
  TomlTable table;
  table.add("between", toml_list({link.a, link.b}));
  add_conditions(table, link.both);
  add_direction(table, "there", link.there);
  add_direction(table, "back", link.back);
  return table;
}

TomlTable traffic_table(const TrafficSpec& traffic) {
  const TrafficSpec usual;
  TomlTable table;
  table.add_text("from", traffic.from);
  table.add_text("to", traffic.to);
  table.add_value("every", traffic.every);
  add_unless(table, "size", traffic.size, usual.size);
  add_unless(table, "start", traffic.start, usual.start);
  add_if(table, "stop", traffic.stop);
  return table;
}

TomlTable match_table(const PacketMatch& match) {
  TomlTable table;
  add_if(table, "from", match.from);
  add_if(table, "to", match.to);
  add_if(table, "message", match.message);
  add_if(table, "transaction", match.transaction);
  add_if(table, "copy", match.copy);
  return table;
}

/// One overload per action: adds its key.
struct ActionPrinter {
  TomlTable& table;

  void operator()(const Partition& action) const {
    table.add("partition", toml_list({action.a, action.b}));
  }
  void operator()(const Block& action) const {
    TomlTable inner;
    inner.add_text("from", action.from);
    inner.add_text("to", action.to);
    table.add("block", inner.inline_text());
  }
  void operator()(const Drop& action) const {
    table.add("drop", match_table(action.match).inline_text());
  }
  void operator()(const Delay& action) const {
    TomlTable inner = match_table(action.match);
    inner.add_value("by", action.by);
    table.add("delay", inner.inline_text());
  }
  void operator()(const Duplicate& action) const {
    TomlTable inner = match_table(action.match);
    add_unless(inner, "after", action.after, Range<Duration>(Duration{}));
    std::vector<std::string> also;
    for (const Duration more : action.also) also.push_back(duration_text(more));
    if (!also.empty()) inner.add("also", toml_list(also));
    table.add("duplicate", inner.inline_text());
  }
  void operator()(const Corrupt& action) const {
    TomlTable inner = match_table(action.match);
    if (action.bit) inner.add("bit", std::to_string(*action.bit));
    table.add("corrupt", inner.inline_text());
  }
  void operator()(const Truncate& action) const {
    TomlTable inner = match_table(action.match);
    if (action.keep) inner.add("keep", std::to_string(*action.keep));
    table.add("truncate", inner.inline_text());
  }
  void operator()(const Forge& action) const {
    TomlTable inner;
    inner.add_text("from", action.from);
    inner.add_text("to", action.to);
    inner.add_text("text", action.text);
    table.add("forge", inner.inline_text());
  }
  void operator()(const Reboot& action) const { table.add_text("reboot", action.host); }
  void operator()(const NatReset& action) const { table.add_text("nat-reset", action.nat); }
  void operator()(const NatFlap& action) const { table.add_text("nat-flap", action.nat); }
  void operator()(const NatMove& action) const {
    TomlTable inner;
    inner.add_text("nat", action.nat);
    inner.add_text("address", action.address.text());
    table.add("nat-move", inner.inline_text());
  }
  void operator()(const Suspend& action) const { table.add_text("suspend", action.host); }
  void operator()(const Move& action) const {
    TomlTable inner;
    inner.add_text("host", action.host);
    add_addresses(inner, action.addresses);
    add_if(inner, "nat", action.nat);
    add_unless(inner, "dead", action.dead, Range<Duration>(Duration{}));
    table.add("move", inner.inline_text());
  }
  void operator()(const Refuse& action) const {
    table.add("refuse", match_table(action.match).inline_text());
  }
  void operator()(const WallJump& action) const {
    TomlTable inner;
    inner.add_text("host", action.host);
    inner.add_value("by", action.by);
    table.add("wall-jump", inner.inline_text());
  }
  void operator()(const Degrade& action) const {
    TomlTable inner;
    inner.add("between", toml_list({action.a, action.b}));
    add_conditions(inner, action.conditions);
    table.add("degrade", inner.inline_text());
  }
};

TomlTable fault_table(const FaultSpec& fault) {
  TomlTable table;
  add_if(table, "at", fault.at);
  if (fault.after) {
    table.add_text("at",
                   duration_text(fault.after->delay) + " after " + fault.after->sentence.text);
  }
  add_if(table, "every", fault.every);
  add_if(table, "sometimes", fault.sometimes);
  add_if(table, "for", fault.length);
  std::visit(ActionPrinter{table}, fault.action);
  return table;
}

void add_sentences(TomlTable& table, std::string_view key, const std::vector<Sentence>& sentences) {
  std::vector<std::string> texts;
  for (const Sentence& sentence : sentences) texts.push_back(sentence.text);
  if (texts.empty()) return;
  std::string list = toml_list(texts);
  constexpr std::size_t long_line = 80;
  if (texts.size() > 1 && list.size() > long_line) list = toml_tall_list(texts);
  table.add(key, std::move(list));
}

/// A list of inline tables, one to a line where there are several.
template <class T, class Write>
void add_tables(TomlTable& table, std::string_view key, const std::vector<T>& all, Write write) {
  if (all.empty()) return;
  std::string list = all.size() == 1 ? "[" : "[\n  ";
  for (std::size_t i = 0; i < all.size(); ++i) {
    TomlTable inner;
    write(inner, all[i]);
    if (i > 0) list += ",\n  ";
    list += inner.inline_text();
  }
  table.add(key, list + (all.size() == 1 ? "]" : ",\n]"));
}

TomlTable expect_table(const ExpectSpec& expect) {
  TomlTable table;
  add_sentences(table, "finally", expect.finally_);
  add_sentences(table, "always", expect.always);
  add_unless(table, "always-from", expect.always_from, Range<Duration>(Duration{}));
  add_sentences(table, "never", expect.never);
  add_tables(table, "count", expect.count, [](TomlTable& inner, const CountSpec& count) {
    inner.add_text("of", count.of.text);
    inner.add_value("is", count.is);
  });
  add_sentences(table, "within", expect.within);
  add_tables(table, "budget", expect.budget, [](TomlTable& inner, const BudgetSpec& budget) {
    inner.add_text("of", budget.of.text);
    if (budget.most) inner.add("most", std::to_string(*budget.most));
    if (budget.least) inner.add("least", std::to_string(*budget.least));
    if (budget.per) inner.add("per", duration_value(*budget.per));
    if (budget.from) inner.add_text("from", budget.from->text);
    if (budget.until) inner.add_text("until", budget.until->text);
  });
  add_tables(table, "fairness", expect.fairness, [](TomlTable& inner, const FairnessSpec& fair) {
    inner.add_text("of", fair.of.text);
    if (fair.after) inner.add_text("after", fair.after->text);
    if (fair.until) inner.add_text("until", fair.until->text);
    if (fair.at_least) inner.add_value("at-least", Range<Ratio>(*fair.at_least));
    if (fair.at_most) inner.add_value("at-most", Range<Ratio>(*fair.at_most));
  });
  add_tables(table, "probability", expect.probability,
             [](TomlTable& inner, const ProbabilitySpec& spec) {
               const ProbabilitySpec usual;
               inner.add_text("of", spec.of.text);
               inner.add_value(spec.is_least ? "at-least" : "at-most", Range<Ratio>(spec.bound));
               if (spec.margin) inner.add_value("margin", Range<Ratio>(*spec.margin));
               add_unless(inner, "confidence", Range<Ratio>(spec.confidence),
                          Range<Ratio>(usual.confidence));
               if (spec.seeds != usual.seeds) inner.add("seeds", std::to_string(spec.seeds));
             });
  add_sentences(table, "marks", expect.marks);
  if (expect.heal) {
    TomlTable inner;
    inner.add_value("at", expect.heal->at);
    inner.add("within", expect.heal->within ? duration_value(*expect.heal->within) : "\"policy\"");
    table.add("heal", inner.inline_text());
  }
  return table;
}

TomlTable found_table(const Found& found) {
  TomlTable table;
  add_if(table, "oracle", found.oracle);
  add_if(table, "digest", found.digest);
  add_if(table, "version", found.version);
  table.add_text("event", seed_text(found.event));
  return table;
}

std::string opening(const Scenario& scenario) {
  if (scenario.sentence.empty()) return {};
  std::string line = "# " + scenario.sentence;
  for (char& c : line) {
    const auto byte = static_cast<unsigned char>(c);
    const bool control = (byte < 0x20 && c != '\t') || byte == 0x7F;
    if (control) c = ' ';  // a comment is one line
  }
  return line + "\n";
}

}  // namespace

std::string fault_text(const FaultSpec& fault) {
  std::string text = fault_table(fault).block();
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string print(const Scenario& scenario) {
  TomlTable top;
  top.add("format", "1");
  top.add_value("duration", scenario.duration);
  if (scenario.icmp) top.add_flag("icmp", true);
  if (scenario.seed) top.add_text("seed", seed_text(*scenario.seed));
  add_if(top, "caught-by", scenario.caught_by);
  std::string text = opening(scenario) + top.block();
  auto add_block = [&text](std::string_view header, const TomlTable& table) {
    text += "\n" + std::string(header) + "\n" + table.block();
  };
  for (const HostSpec& host : scenario.hosts) add_block("[[host]]", host_table(host));
  for (const NatSpec& nat : scenario.nats) add_block("[[nat]]", nat_table(nat, nat.name));
  for (const LinkSpec& link : scenario.links) add_block("[[link]]", link_table(link));
  for (const TrafficSpec& flow : scenario.traffic) add_block("[[traffic]]", traffic_table(flow));
  for (const FaultSpec& fault : scenario.faults) add_block("[[fault]]", fault_table(fault));
  const TomlTable expect = expect_table(scenario.expect);
  if (!expect.empty()) add_block("[expect]", expect);
  if (scenario.found) add_block("[found]", found_table(*scenario.found));
  return text;
}

}  // namespace tickover::sim
