#include "sim/search/spell_out.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "core/check.h"

namespace tickover::sim {
namespace {

bool touches_datagrams(const FaultAction& action) {
  return std::holds_alternative<Partition>(action) || std::holds_alternative<Block>(action) ||
         std::holds_alternative<Drop>(action) || std::holds_alternative<Delay>(action) ||
         std::holds_alternative<Duplicate>(action) || std::holds_alternative<Corrupt>(action) ||
         std::holds_alternative<Truncate>(action) || std::holds_alternative<Degrade>(action);
}

LinkConditions without_dice(const LinkConditions& conditions) {
  // The MTU is no matter of dice, and who must not fragment is told of it by ICMP, which takes what
  // is usual.
  auto latency = conditions.latency;
  if (!conditions.percentiles.empty()) latency = median_of(conditions.percentiles);
  return {.latency = latency, .mtu = conditions.mtu};
}

/// The scenario with plain links. Draws are keyed by what they are of, so the others stay.
Scenario plain(const Plan& plan, LinkFaults faults) {
  Scenario scenario = plan.scenario;
  scenario.seed = plan.seed;
  for (LinkSpec& link : scenario.links) {
    link.both = without_dice(link.both);
    link.there = without_dice(link.there);
    link.back = without_dice(link.back);
  }
  // What is computed from jitter must not move with it.
  if (scenario.expect.heal) scenario.expect.heal->within = plan.heal_within;
  if (faults == LinkFaults::spell_out) {
    std::erase_if(scenario.faults,
                  [](const FaultSpec& fault) { return touches_datagrams(fault.action); });
  }
  for (FaultSpec& fault : scenario.faults) {
    auto* degrade = std::get_if<Degrade>(&fault.action);
    if (degrade == nullptr) continue;
    degrade->conditions = without_dice(degrade->conditions);
    // A bad link must be bad somehow.
    if (!degrade->conditions.latency) degrade->conditions.loss = Range<Ratio>(Ratio());
  }
  return scenario;
}

/// Collects, in a driven world, what must be said of the datagrams that went another way.
class Speaker final : public Watcher {
 public:
  explicit Speaker(std::vector<FaultSpec>& faults) : faults_(faults) {}

  void see(const Step& step, const World& world) override {
    for (const ReplacedFate& replaced : step.replaced) {
      const SentRecord& sent = step.sent[replaced.sent];
      // Somebody who sends again what others said may use a name twice; a fault has it once.
      const PacketId& id = sent.id;
      if (!names_.insert({id.direction, id.kind, id.transaction, id.copy}).second) continue;
      say(name_of(sent, step.host, world), replaced.fate, sent.fate);
    }
  }
  std::uint64_t said() const { return said_; }

 private:
  static PacketMatch name_of(const SentRecord& sent, HostIndex sender, const World& world) {
    return {.from = world.plan().from_name(sent.id.direction),
            .to = world.plan().to_name(sent.id.direction),
            .message = std::string(world.kind_name(sender, sent.id.kind)),
            .transaction = Range<std::int64_t>(sent.id.transaction),
            .copy = Range<std::int64_t>(sent.id.copy)};
  }

  /// How much later than the first each further copy comes.
  static std::vector<Duration> copies_of(const Fate& fate) {
    std::vector<Duration> after;
    for (std::uint8_t copy = 1; copy < fate.copies; ++copy) {
      after.push_back(fate.delay[copy] - fate.delay[0]);
    }
    return after;
  }

  /// What leads from the fate that the plain link decides to the one that came about.
  void say(const PacketMatch& match, const Fate& own, const Fate& actual) {
    const std::size_t before = faults_.size();
    const auto add = [&](FaultAction action) {
      faults_.push_back({.at = {}, .length = {}, .action = std::move(action), .place = {}});
    };
    if (actual.dropped != DropReason::none) {
      if (own.dropped == DropReason::none) add(Drop{match});
    } else {
      if (actual.delay[0] != own.delay[0]) {
        add(Delay{match, Range<Duration>(actual.delay[0] - own.delay[0])});
      }
      if (copies_of(actual) != copies_of(own) && actual.copies > 1) {
        std::vector<Duration> after = copies_of(actual);
        const Duration first = after.front();
        after.erase(after.begin());
        add(Duplicate{match, Range<Duration>(first), std::move(after)});
      }
      if (actual.corrupted && (!own.corrupted || own.corrupt_bit != actual.corrupt_bit)) {
        add(Corrupt{match, static_cast<std::int64_t>(actual.corrupt_bit)});
      }
      if (actual.truncated && (!own.truncated || own.kept != actual.kept)) {
        add(Truncate{match, static_cast<std::int64_t>(actual.kept)});
      }
    }
    if (faults_.size() != before) ++said_;
  }

  std::vector<FaultSpec>& faults_;
  std::set<std::tuple<std::uint32_t, std::uint16_t, std::uint32_t, std::uint32_t>> names_;
  std::uint64_t said_ = 0;
};

}  // namespace

void FateRecorder::see(const Step& step, const World&) {
  for (const SentRecord& sent : step.sent) {
    if (sent.has_id) fates_.push_back({sent.id, sent.fate});
  }
}

SpelledOut spell_out(const Plan& plan, const std::shared_ptr<const Fates>& fates, Instant until,
                     LinkFaults faults, const RoleRegistry& registry, const RunLimits& limits) {
  SpelledOut result{plain(plan, faults), 0};
  const auto bare = make_plan(result.scenario, plan.seed, registry);
  CHECK(bare.has_value());  // plain links cannot make a sound scenario unsound
  World world(*bare, {}, fates);
  Speaker speaker(result.scenario.faults);
  run_until(world, until, limits, {&speaker});
  result.said = speaker.said();
  return result;
}

}  // namespace tickover::sim
