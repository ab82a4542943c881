#include "properties/world/invented_talk.h"

#include "properties/world/small_world.h"

namespace tickover::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Ratio percent(std::uint64_t p) {
  return Ratio(static_cast<std::uint32_t>(p), 100);
}

FaultSpec invented_fault(Choices& choices) {
  const PacketMatch questions{"alice", "bob", "question", {}, {}};
  const FaultAction actions[] = {Partition{"alice", "bob"},
                                 Block{"bob", "alice"},
                                 Drop{questions},
                                 Delay{questions, Duration(milliseconds(70))},
                                 Duplicate{questions, Duration(milliseconds(40))},
                                 Corrupt{questions},
                                 Forge{"bob", "alice", "nobody said this"},
                                 Reboot{"bob"},
                                 Reboot{"alice"},
                                 NatReset{"alice"},
                                 WallJump{"alice", Duration(seconds(3'600))},
                                 Degrade{"alice", "bob", invented_conditions(choices)}};
  const auto at = ms(choices.below(1'500));
  const auto lasts = ms(choices.below(800));
  return fault(at, lasts, actions[choices.below(std::size(actions))]);
}

}  // namespace

Duration ms(std::uint64_t count) {
  return milliseconds(static_cast<std::int64_t>(count));
}

LinkConditions invented_conditions(Choices& choices) {
  LinkConditions c;
  c.latency = Range<Duration>(ms(choices.below(60)));
  c.jitter = Range<Duration>(Duration{}, ms(choices.below(30)));
  c.loss = Range<Ratio>(percent(choices.below(40)));
  c.duplicate = Range<Ratio>(percent(choices.below(30)));
  c.reorder = Range<Ratio>(percent(choices.below(30)));
  c.corrupt = Range<Ratio>(percent(choices.below(20)));
  return c;
}

LinkConditions invented_weather(Choices& choices) {
  LinkConditions c = invented_conditions(choices);
  if (choices.below(2) == 1) {
    c.latency.reset();
    c.percentiles = {{0, ms(choices.below(20))}, {50, ms(20)}, {100, ms(20 + choices.below(90))}};
  }
  if (choices.below(2) == 1) c.wander = WanderSpec{{Duration{}, ms(choices.below(60))}, ms(100)};
  if (choices.below(2) == 1) c.burst_loss = BurstLossSpec{ms(300), ms(1 + choices.below(200))};
  if (choices.below(2) == 1) c.bursts = BurstsSpec{ms(500), ms(choices.below(300))};
  if (choices.below(2) == 1) c.flap = FlapSpec{ms(400), ms(1 + choices.below(200)), {}};
  if (choices.below(4) == 3) c.trace = TraceSpec{ms(30), {ms(1), {}, ms(choices.below(50))}, {}};
  c.copies = Range<std::int64_t>(1, 1 + static_cast<std::int64_t>(choices.below(3)));
  c.copy_spacing = Range<Duration>(Duration{}, ms(choices.below(20)));
  c.truncate = Range<Ratio>(percent(choices.below(20)));
  if (choices.below(2) == 1) {
    c.bandwidth = static_cast<std::int64_t>(5'000 + choices.below(50'000));
    c.queue_packets = static_cast<std::int64_t>(1 + choices.below(5));
    c.ecn_above = ms(choices.below(20));
    if (choices.below(2) == 1) c.codel = CodelSpec{.target = ms(1 + choices.below(20))};
  }
  return c;
}

Scenario invented_talk(Choices& choices) {
  Scenario s = small_talk(invented_weather(choices));
  s.hosts[0].nat = NatSpec{.timeout = ms(200 + choices.below(1'000))};
  s.hosts[0].clock.drift_ppm = static_cast<std::int64_t>(choices.below(400));
  s.hosts.push_back(talker("carol", "bob"));
  s.links.push_back(link("carol", "bob", invented_weather(choices)));
  for (std::uint64_t n = choices.below(4); n > 0; --n) s.faults.push_back(invented_fault(choices));
  return s;
}

}  // namespace tickover::sim
