#include "sim/search/invent_links.h"

namespace tickover::sim {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

Duration invent_length(Choices& choices, Duration low, Duration high) {
  const std::int64_t scale = std::int64_t{1} << choices.below(11);
  const auto step = static_cast<std::int64_t>(choices.below(1'001));
  return low + (high - low) / scale * Ratio(static_cast<std::uint32_t>(step), 1'000);
}

void add_weather(Choices& choices, LinkConditions& c) {
  const auto length = [&](Duration low, Duration high) {
    return invent_length(choices, low, high);
  };
  switch (choices.below(6)) {
    case 1:
      c.percentiles = {{0, c.latency->low},
                       {90, c.latency->low + length({}, milliseconds(100))},
                       {100, c.latency->low + milliseconds(500)}};
      c.latency.reset();
      break;
    case 2:
      c.wander =
          WanderSpec{{Duration{}, length({}, milliseconds(300))}, length(seconds(1), seconds(20))};
      break;
    case 3:
      c.burst_loss =
          BurstLossSpec{length(seconds(1), minutes(1)), length(milliseconds(10), seconds(20)),
                        Ratio(static_cast<std::uint32_t>(choices.below(101)), 1'000), Ratio(1, 1)};
      break;
    case 4:
      c.bursts = BurstsSpec{Duration(minutes(1)), length({}, seconds(50))};
      break;
    case 5:
      c.flap = FlapSpec{length(seconds(5), minutes(2)), length(milliseconds(1), seconds(50)), {}};
      break;
    default:
      break;
  }
}

void add_bottleneck(Choices& choices, LinkConditions& c) {
  c.bandwidth = std::int64_t{256'000} << choices.below(6);
  c.queue_packets = std::int64_t{20} + static_cast<std::int64_t>(choices.below(20));
  if (choices.below(2) == 1) c.ecn_above = invent_length(choices, {}, milliseconds(50));
  if (choices.below(4) == 3) c.codel = CodelSpec{};
  if (choices.below(2) == 1) c.mtu = std::int64_t{1'280};
  if (c.duplicate) {
    c.copies = Range<std::int64_t>(1, 1 + static_cast<std::int64_t>(choices.below(3)));
    c.copy_spacing = Range<Duration>({}, invent_length(choices, {}, seconds(1)));
  }
}

}  // namespace tickover::sim
