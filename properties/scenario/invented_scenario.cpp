#include "properties/scenario/invented_scenario.h"

#include <algorithm>

#include "sim/scenario/mark.h"

namespace tickover::sim {

std::string ScenarioMaker::odd_text() {
  static const std::vector<std::string> pieces = {"alice",
                                                  " ",
                                                  "\"",
                                                  "\\",
                                                  "'",
                                                  "\n",
                                                  "\t",
                                                  "#",
                                                  "=",
                                                  "]",
                                                  "ü",
                                                  "\x7f",
                                                  "\x01",
                                                  "\xe2\x80\xa8",
                                                  "\xf0\x9f\x98\x80",
                                                  "'''",
                                                  "..",
                                                  "\"\"\"",
                                                  "\r",
                                                  "{",
                                                  "x",
                                                  "\xc2\x85",
                                                  "\xef\xbb\xbf",
                                                  "1%"};
  std::string text = "t";
  for (std::uint64_t i = below(6); i > 0; --i) text += pick(pieces);
  return text;
}

std::string ScenarioMaker::new_name() {
  static const std::vector<std::string> stems = {"alice", "1.5",      "\"q\"", "back\\slash", "ü",
                                                 "a=b",   "[[host]]", "#hash", "true",        "'"};
  // A number after a dot keeps names apart, and none is a member of a group.
  return pick(stems) + "." + std::to_string(hosts_.size() + nats_.size());
}

Duration ScenarioMaker::duration(std::int64_t least) {
  static const std::vector<std::int64_t> scales = {
      1, 1'000, 500'000, 1'000'000, 100'000'000, 1'000'000'000, 60'000'000'000, 3'600'000'000'000};
  const std::int64_t scale = scales[below(scales.size())];
  const auto count = static_cast<std::int64_t>(below(100));
  const bool negative = least < 0 && maybe();
  return Duration::nanoseconds(negative ? -count * scale : std::max(count * scale, least));
}

Range<Duration> ScenarioMaker::durations(std::int64_t least) {
  const Duration a = duration(least);
  const Duration b = maybe() ? a : duration(least);
  return {std::min(a, b), std::max(a, b)};
}

Range<std::int64_t> ScenarioMaker::integers(std::int64_t least, std::int64_t most) {
  const auto span = static_cast<std::uint64_t>(most - least) + 1;
  const auto a = least + static_cast<std::int64_t>(below(span));
  const auto b = maybe() ? a : least + static_cast<std::int64_t>(below(span));
  return {std::min(a, b), std::max(a, b)};
}

Range<Ratio> ScenarioMaker::probabilities() {
  auto one = [this] {
    const auto denominator = static_cast<std::uint32_t>(1 + below(maybe() ? 4'000'000'000 : 100));
    return Ratio(static_cast<std::uint32_t>(below(std::uint64_t{denominator} + 1)), denominator);
  };
  const Ratio a = one();
  const Ratio b = maybe() ? a : one();
  return {std::min(a, b), std::max(a, b)};
}

NatSpec ScenarioMaker::nat() {
  NatSpec nat;
  if (maybe())
    nat.addresses = {IpAddress::v4({203, 0, 113, static_cast<std::uint8_t>(below(256))})};
  nat.mapping = behaviour();
  nat.filtering = behaviour();
  sometimes(nat.timeout, [&] { return durations(1); });
  nat.hairpinning = maybe();
  nat.inbound_refresh = maybe();
  if (maybe()) nat.filter_timeout = durations(1);
  if (maybe()) nat.unreplied_timeout = durations(1);
  nat.outbound_refresh = maybe();
  nat.hairpins_inside = nat.hairpinning && maybe();
  nat.translates = maybe();
  if (nat.translates) {
    nat.is_paired = maybe();
    nat.keeps_parity = maybe();
    nat.ports = static_cast<PortChoice>(below(3));
    sometimes(nat.port_range, [&] { return integers(1, 60'000); });
    if (nat.port_range.is_fixed()) nat.port_range.high += 100;
    if (maybe()) nat.port_block = nat.port_range.high - nat.port_range.low + 1;
  }
  if (maybe() && !nats_.empty()) nat.behind = pick(nats_);
  return nat;
}

Settings ScenarioMaker::settings() {
  Settings settings;
  settings.entries.push_back({"relay", singles_.front(), {}});
  if (maybe()) settings.entries.push_back({"username", odd_text(), {}});
  if (maybe()) settings.entries.push_back({"transport", std::string("udp"), {}});
  if (maybe()) settings.entries.push_back({"refresh", durations(), {}});
  if (maybe()) settings.entries.push_back({"retries", integers(0, 9), {}});
  if (maybe()) settings.entries.push_back({"keep", maybe(), {}});
  if (maybe()) settings.entries.push_back({"chance", probabilities(), {}});
  if (maybe()) {
    Settings backoff;
    const auto part = static_cast<std::uint32_t>(1 + below(9));
    const Range<Ratio> factor(Ratio(part, part),
                              Ratio(part + static_cast<std::uint32_t>(below(9)), part));
    if (maybe()) backoff.entries.push_back({"factor", factor, {}});
    if (maybe()) backoff.entries.push_back({"first", durations(), {}});
    if (maybe()) backoff.entries.push_back({"via", singles_.front(), {}});
    settings.entries.push_back({"backoff", backoff, {}});
  }
  if (maybe()) settings.entries.push_back({"peers", std::vector<std::string>{odd_text(), "b"}, {}});
  return settings;
}

HostSpec ScenarioMaker::host() {
  HostSpec host;
  host.name = new_name();
  host.role = hosts_.empty() || maybe() ? "peer" : "turn-client";
  if (host.role == "turn-client") host.settings = settings();
  if (!hosts_.empty()) sometimes(host.count, [&] { return std::int64_t(1 + below(3)); });
  if (maybe()) host.groups = {"crowd"};
  if (maybe()) host.groups.push_back("some.of:them");
  if (maybe()) {
    const auto block = static_cast<std::uint8_t>(hosts_.size());
    host.addresses = {IpAddress::v4({10, block, 0, 1}), IpAddress::v6({0x20, 1, block})};
  }
  if (maybe()) {
    host.nat = nat();
  } else if (maybe() && !nats_.empty()) {
    host.behind = pick(nats_);
  }
  host.driver.kind = static_cast<DriverKind>(below(3));
  if (host.driver.kind != DriverKind::lazy) host.driver.every = durations(1);
  sometimes(host.clock.offset, [&] { return durations(-1); });
  sometimes(host.clock.drift_ppm, [&] { return std::int64_t(below(1000)) - 500; });
  sometimes(host.clock.wall_offset, [&] { return durations(-1); });
  sometimes(host.start, [&] { return durations(); });
  hosts_.push_back(host.name);
  if (host.count == 1) singles_.push_back(host.name);
  return host;
}

LinkConditions ScenarioMaker::conditions() {
  LinkConditions conditions;
  sometimes(conditions.latency, [&] { return durations(); });
  sometimes(conditions.jitter, [&] { return durations(); });
  sometimes(conditions.loss, [&] { return probabilities(); });
  sometimes(conditions.duplicate, [&] { return probabilities(); });
  sometimes(conditions.reorder, [&] { return probabilities(); });
  sometimes(conditions.reorder_delay, [&] { return durations(); });
  sometimes(conditions.corrupt, [&] { return probabilities(); });
  sometimes(conditions.truncate, [&] { return probabilities(); });
  if (conditions.duplicate) {
    sometimes(conditions.copies, [&] { return integers(1, 3); });
    sometimes(conditions.copy_spacing, [&] { return durations(); });
  }
  sometimes(conditions.bandwidth, [&] { return integers(1, 3'000'000'000); });
  if (conditions.bandwidth) {
    sometimes(conditions.queue_packets, [&] { return integers(1, 200); });
    sometimes(conditions.queue_bytes, [&] { return integers(1, 1'000'000); });
    if (maybe()) conditions.codel = CodelSpec{durations(1), durations(1)};
    sometimes(conditions.ecn_above, [&] { return durations(); });
  }
  sometimes(conditions.mtu, [&] { return integers(68, 65'535); });
  add_weather(conditions);
  return conditions;
}

void ScenarioMaker::add_weather(LinkConditions& c) {
  if (!c.latency && maybe()) {
    const Duration low = duration();
    c.percentiles = {{50, low}, {99, low}, {100, low + duration()}};
  }
  if (maybe()) c.wander = WanderSpec{durations(), durations(1)};
  if (maybe()) c.burst_loss = BurstLossSpec{durations(1), durations(1), probabilities(), {}};
  if (maybe()) {
    const Duration length = duration();
    c.bursts = BurstsSpec{length + duration(1), length};
  }
  if (maybe()) c.flap = FlapSpec{durations(1), durations(1), {}};
  if (c.flap) sometimes(c.flap->offset, [&] { return durations(); });
  if (maybe()) c.trace = TraceSpec{duration(1), {duration(), {}, duration()}, durations()};
}

LinkSpec ScenarioMaker::link() {
  LinkSpec link;
  link.a = pick(hosts_);
  link.b = "*";
  link.both = conditions();
  sometimes(link.there, [&] { return conditions(); });
  sometimes(link.back, [&] { return conditions(); });
  return link;
}

TrafficSpec ScenarioMaker::traffic() {
  TrafficSpec traffic;
  traffic.from = pick(hosts_);
  traffic.to = pick(hosts_);
  traffic.every = durations(1);
  traffic.size = integers(16, 1500);
  sometimes(traffic.start, [&] { return durations(); });
  if (maybe()) traffic.stop = Range<Duration>(traffic.start.high + duration());
  return traffic;
}

PacketMatch ScenarioMaker::match() {
  PacketMatch match;
  if (maybe()) match.from = pick(nats_.empty() || maybe() ? hosts_ : nats_);
  if (maybe()) match.to = pick(hosts_);
  if (maybe()) match.message = odd_text();
  if (maybe()) match.transaction = integers(0, 9);
  if (maybe()) match.copy = integers(1, 9);
  return match;
}

FaultAction ScenarioMaker::action() {
  const std::string a = pick(hosts_);
  switch (below(17)) {
    case 0:
      return Partition{a, "*"};
    case 1:
      return Block{a, pick(hosts_)};
    case 2:
      return Drop{match()};
    case 3:
      return Delay{match(), durations(-1)};
    case 4:
      return Duplicate{match(), durations(-1)};
    case 11:
      return Truncate{match(), maybe() ? std::optional<std::int64_t>(below(99)) : std::nullopt};
    case 12:
      return NatFlap{nats_.empty() ? a : pick(nats_)};
    case 13:
      return NatMove{a, IpAddress::v4({203, 0, 113, static_cast<std::uint8_t>(below(256))})};
    case 14:
      return Suspend{a};
    case 15:
      return Refuse{match()};
    case 16: {
      Move move{pick(singles_), {}, maybe() && !nats_.empty() ? pick(nats_) : "", durations()};
      if (maybe()) move.addresses = {IpAddress::v4({10, 9, 9, 9}), IpAddress::v6({0x20, 1, 9})};
      return move;
    }
    case 5: {
      Corrupt corrupt{match(), {}};
      if (maybe()) corrupt.bit = static_cast<std::int64_t>(below(12'000));
      return corrupt;
    }
    case 6:
      return Forge{a, pick(hosts_), odd_text()};
    case 7:
      return Reboot{a};
    case 8:
      return NatReset{nats_.empty() ? a : pick(nats_)};
    case 9:
      return WallJump{a, durations(-1)};
    default: {
      LinkConditions changed = conditions();
      changed.loss = probabilities();
      return Degrade{a, "*", changed};
    }
  }
}

std::vector<Sentence> ScenarioMaker::sentences() {
  std::vector<Sentence> sentences;
  for (std::uint64_t i = below(3); i > 0; --i) sentences.push_back({odd_text(), {}});
  return sentences;
}

ExpectSpec ScenarioMaker::expect() {
  ExpectSpec expect;
  expect.finally_ = sentences();
  expect.always = sentences();
  sometimes(expect.always_from, [&] { return durations(); });
  expect.never = sentences();
  for (std::uint64_t i = below(3); i > 0; --i) {
    expect.count.push_back({{odd_text(), {}}, integers(0, 9)});
  }
  expect.within = sentences();
  for (std::uint64_t i = below(3); i > 0; --i) {
    BudgetSpec budget{.of = {odd_text(), {}}, .most = static_cast<std::int64_t>(below(99))};
    if (maybe()) budget.least = 1 + static_cast<std::int64_t>(below(99));
    if (budget.least > budget.most) budget.most.reset();
    if (maybe()) budget.per = duration(1);
    if (maybe()) budget.from = Sentence{odd_text(), {}};
    if (maybe()) budget.until = Sentence{odd_text(), {}};
    expect.budget.push_back(std::move(budget));
  }
  for (std::uint64_t i = below(3); i > 0; --i) {
    FairnessSpec fair{.of = {odd_text(), {}}};
    if (maybe()) fair.after = Sentence{odd_text(), {}};
    if (maybe()) fair.until = Sentence{odd_text(), {}};
    if (maybe()) fair.at_most = Ratio(5, 6);
    if (!fair.at_most || maybe())
      fair.at_least = Ratio(1, static_cast<std::uint32_t>(2 + below(9)));
    expect.fairness.push_back(std::move(fair));
  }
  for (std::uint64_t i = below(3); i > 0; --i) {
    ProbabilitySpec spec{.of = {odd_text(), {}}, .bound = Ratio(1, 3), .is_least = maybe()};
    if (maybe()) spec.margin = Ratio(1, static_cast<std::uint32_t>(4 + below(99)));
    if (maybe()) spec.confidence = Ratio(999, 1'000);
    if (maybe()) spec.seeds = static_cast<std::int64_t>(1 + below(99));
    expect.probability.push_back(std::move(spec));
  }
  for (const std::string& mark : mark_names()) {
    if (below(8) == 0) expect.marks.push_back({mark, {}});
  }
  if (maybe()) {
    HealSpec heal{.at = durations()};
    sometimes(heal.within, [&] { return duration(); });
    expect.heal = heal;
  }
  return expect;
}

Scenario ScenarioMaker::make() {
  Scenario scenario;
  sometimes(scenario.sentence, [&] { return std::string("# It \"holds\" = ü"); });
  sometimes(scenario.duration, [&] { return durations(1); });
  scenario.icmp = maybe();
  if (maybe()) scenario.seed = maybe() ? random_.word() : below(5);
  if (maybe()) scenario.caught_by = odd_text();
  for (std::uint64_t i = below(3); i > 0; --i) {
    NatSpec outer = nat();
    outer.name = new_name();
    nats_.push_back(outer.name);
    scenario.nats.push_back(outer);
  }
  for (NatSpec& each : scenario.nats) each.addresses.clear();
  for (std::uint64_t i = below(4) + 1; i > 0; --i) scenario.hosts.push_back(host());
  if (maybe()) scenario.links.push_back(link());
  for (std::uint64_t i = below(3); i > 0; --i) scenario.traffic.push_back(traffic());
  for (std::uint64_t i = below(5); i > 0; --i) {
    FaultSpec fault{.action = action()};
    sometimes(fault.at, [&] { return durations(); });
    sometimes(fault.length, [&] { return durations(); });
    if (maybe()) fault.sometimes = probabilities();
    if (!fault.at && maybe()) fault.after = After{duration(), {odd_text(), {}}};
    if (fault.length && maybe()) fault.every = Range<Duration>(fault.length->high + duration(1));
    scenario.faults.push_back(fault);
  }
  scenario.expect = expect();
  if (maybe()) scenario.found = Found{odd_text(), odd_text(), odd_text(), random_.word()};
  return scenario;
}

}  // namespace tickover::sim
