#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/scenario/nearest.h"
#include "sim/scenario/parts.h"
#include "sim/scenario/text.h"

namespace tickover::sim {
namespace {

constexpr std::size_t most_copies_by_fault = 3;

PacketMatch read_match(const Fields& fields, Reading& reading) {
  PacketMatch match;
  match.from = read_name(fields, "from", Names::Accept::hosts_or_nat, reading);
  match.to = read_name(fields, "to", Names::Accept::hosts_or_nat, reading);
  match.message = fields.text("message");
  if (fields.has("message") && fields.value("message") && match.message.empty()) {
    reading.problems.error(fields.place("message"),
                           "`message`: a name is expected; left out, it is any message");
  }
  fields.read("transaction", match.transaction);
  fields.read("copy", match.copy);
  return match;
}

FaultAction read_partition(const Fields& fault, Reading& reading) {
  const auto ends = read_ends(fault, "partition", Names::Accept::ends, reading);
  return ends ? Partition{ends->a, ends->b} : Partition{};
}
FaultAction read_reboot(const Fields& fault, Reading& reading) {
  return Reboot{read_name(fault, "reboot", Names::Accept::hosts, reading)};
}
FaultAction read_nat_reset(const Fields& fault, Reading& reading) {
  return NatReset{read_name(fault, "nat-reset", Names::Accept::hosts_or_nat, reading)};
}

FaultAction read_block(const Fields& fields, Reading& reading) {
  return Block{read_name(fields, "from", Names::Accept::hosts_or_nat, reading),
               read_name(fields, "to", Names::Accept::hosts_or_nat, reading)};
}
FaultAction read_drop(const Fields& fields, Reading& reading) {
  return Drop{read_match(fields, reading)};
}
FaultAction read_delay(const Fields& fields, Reading& reading) {
  Delay delay{read_match(fields, reading), {}};
  fields.read("by", delay.by);
  return delay;
}
FaultAction read_duplicate(const Fields& fields, Reading& reading) {
  Duplicate duplicate{read_match(fields, reading), {}};
  fields.read("after", duplicate.after);
  for (const std::string& word :
       fields.get<std::vector<std::string>>("also").value_or(std::vector<std::string>{})) {
    const auto also = parse_duration(word);
    if (also) duplicate.also.push_back(*also);
    if (!also) reading.problems.error(fields.place("also"), "`also`: " + also.error().what);
  }
  if (duplicate.also.size() > most_copies_by_fault - 1) {
    reading.problems.error(fields.place("also"), "`also`: at most two more copies are made");
  }
  return duplicate;
}
FaultAction read_corrupt(const Fields& fields, Reading& reading) {
  Corrupt corrupt{read_match(fields, reading), {}};
  if (const auto bit = fields.get<Range<std::int64_t>>("bit")) corrupt.bit = bit->low;
  return corrupt;
}
FaultAction read_truncate(const Fields& fields, Reading& reading) {
  Truncate truncate{read_match(fields, reading), {}};
  if (const auto keep = fields.get<Range<std::int64_t>>("keep")) truncate.keep = keep->low;
  return truncate;
}
FaultAction read_forge(const Fields& fields, Reading& reading) {
  return Forge{read_name(fields, "from", Names::Accept::hosts, reading),
               read_name(fields, "to", Names::Accept::hosts, reading), fields.text("text")};
}
FaultAction read_wall_jump(const Fields& fields, Reading& reading) {
  WallJump jump{read_name(fields, "host", Names::Accept::hosts, reading), {}};
  fields.read("by", jump.by);
  return jump;
}
FaultAction read_nat_flap(const Fields& fault, Reading& reading) {
  return NatFlap{read_name(fault, "nat-flap", Names::Accept::hosts_or_nat, reading)};
}
FaultAction read_nat_move(const Fields& fields, Reading& reading) {
  NatMove move{read_name(fields, "nat", Names::Accept::hosts_or_nat, reading), {}};
  const std::vector<IpAddress> addresses = read_addresses(fields);
  if (addresses.size() == 1 && addresses.front().family() == AddressFamily::ipv4) {
    move.address = addresses.front();
  } else if (!addresses.empty()) {
    reading.problems.error(fields.place("address"), "`address`: one IPv4 address is expected");
  }
  return move;
}
FaultAction read_suspend(const Fields& fault, Reading& reading) {
  return Suspend{read_name(fault, "suspend", Names::Accept::hosts, reading)};
}
FaultAction read_move(const Fields& fields, Reading& reading) {
  Move move;
  move.host = read_name(fields, "host", Names::Accept::one_host, reading);
  move.addresses = read_addresses(fields);
  move.nat = read_name(fields, "nat", Names::Accept::nat, reading);
  fields.read("dead", move.dead);
  return move;
}
FaultAction read_refuse(const Fields& fields, Reading& reading) {
  return Refuse{read_match(fields, reading)};
}
FaultAction read_degrade(const Fields& fields, Reading& reading) {
  Degrade degrade;
  if (const auto ends = read_ends(fields, "between", Names::Accept::ends, reading)) {
    degrade.a = ends->a;
    degrade.b = ends->b;
  }
  degrade.conditions = read_conditions(fields, reading);
  const bool changes = std::any_of(condition_keys().begin(), condition_keys().end(),
                                   [&](const KeySpec& key) { return fields.has(key.name); });
  if (!changes) {
    reading.problems.error(fields.place(), "`degrade` needs a condition, such as `loss`");
  }
  return degrade;
}

struct Action {
  std::string_view key;
  /// From the fields of the action's own table, or of the fault if the action is no table.
  FaultAction (*read)(const Fields& fields, Reading& reading);
};
constexpr std::array<Action, 17> actions{{{"partition", read_partition},
                                          {"block", read_block},
                                          {"drop", read_drop},
                                          {"delay", read_delay},
                                          {"duplicate", read_duplicate},
                                          {"corrupt", read_corrupt},
                                          {"truncate", read_truncate},
                                          {"forge", read_forge},
                                          {"reboot", read_reboot},
                                          {"nat-reset", read_nat_reset},
                                          {"wall-jump", read_wall_jump},
                                          {"degrade", read_degrade},
                                          {"nat-flap", read_nat_flap},
                                          {"nat-move", read_nat_move},
                                          {"suspend", read_suspend},
                                          {"move", read_move},
                                          {"refuse", read_refuse}}};

const Action* find_action(std::string_view key) {
  const auto found = std::find_if(actions.begin(), actions.end(),
                                  [key](const Action& action) { return action.key == key; });
  return found == actions.end() ? nullptr : &*found;
}

/// A fault does one thing.
void check_single_action(const TomlNode& table, Problems& problems) {
  const TomlEntry* first = nullptr;
  bool unknown_key = false;
  for (const TomlEntry& entry : table.entries) {
    unknown_key = unknown_key || !find_key(fault_keys(), entry.key);
    if (!find_action(entry.key)) continue;
    if (!first) {
      first = &entry;
      continue;
    }
    problems.error(entry.place, fmt::format("a fault does one thing, found `{}` besides `{}`",
                                            entry.key, first->key));
  }
  // An unknown key is reported already, and was probably meant to be the action.
  if (first || unknown_key) return;
  problems.error(table.place, fmt::format("a fault needs an action: {}", listed(fault_actions())));
}

/// "4min", or "2s after alice has an allocation".
void read_begin(const Fields& fields, FaultSpec& fault, Problems& problems) {
  constexpr std::string_view after = " after ";
  fields.read("at", fault.at);
  fields.read("every", fault.every);
  fields.read("sometimes", fault.sometimes);
  const std::string text = fields.text("at");
  const std::size_t middle = text.find(after);
  if (middle == std::string::npos) return;
  const auto delay = parse_duration(std::string_view(text).substr(0, middle));
  if (delay && *delay >= Duration{}) {
    fault.after = After{*delay, {text.substr(middle + after.size()), fields.place("at")}};
  } else {
    problems.error(fields.place("at"), delay ? "`at`: the time after something is not below 0"
                                             : "`at`: " + delay.error().what);
  }
}

/// What is over when it has begun, if it has no length of its own.
bool ends_at_once(const TomlNode& table) {
  constexpr std::string_view moments[] = {"forge", "reboot", "nat-reset", "wall-jump"};
  return !table.find("for") &&
         std::ranges::any_of(moments, [&](std::string_view key) { return table.find(key); });
}

FaultSpec read_fault(const TomlNode& table, Reading& reading) {
  const Fields fields(table, fault_keys(), "a fault", reading.problems);
  check_single_action(table, reading.problems);
  FaultSpec fault;
  fault.place = table.place;
  read_begin(fields, fault, reading.problems);
  fields.read("for", fault.length);
  const bool ends = fault.every && fault.length && fault.length->high < fault.every->low;
  if (fault.every && !ends && !ends_at_once(table)) {
    reading.problems.error(fields.place("every"),
                           "`every` needs a shorter `for`: each ends before the next");
  }
  for (const TomlEntry& entry : table.entries) {
    const Action* action = find_action(entry.key);
    const TomlNode* node = action ? fields.node(entry.key) : nullptr;
    if (!node) continue;
    const KeySpec* key = find_key(fault_keys(), entry.key);
    if (key->type == ValueType::table) {
      const Fields inner(*node, key->children, fmt::format("`{}`", entry.key), reading.problems);
      fault.action = action->read(inner, reading);
    } else {
      fault.action = action->read(fields, reading);
    }
  }
  return fault;
}

}  // namespace

const std::vector<std::string>& fault_actions() {
  static const std::vector<std::string> words = [] {
    std::vector<std::string> all;
    for (const Action& action : actions) all.emplace_back(action.key);
    return all;
  }();
  return words;
}

void read_faults(const Fields& top, Scenario& scenario, Reading& reading) {
  const TomlNode* faults = top.node("fault");
  if (!faults) return;
  for (const TomlNode& table : faults->items) {
    scenario.faults.push_back(read_fault(table, reading));
  }
}

}  // namespace tickover::sim
