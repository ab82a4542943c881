#pragma once

#include <cstdint>

#include "core/time.h"
#include "sim/scenario/scenario.h"
#include "sim/search/choices.h"

namespace tickover::sim {

Duration ms(std::uint64_t count);

/// What happens to each packet for itself.
LinkConditions invented_conditions(Choices& choices);
/// The same, and what has memory: functions of the link and the time, and the queue.
LinkConditions invented_weather(Choices& choices);

/// alice (behind a NAT) and carol ask bob, with every kind of mishap.
Scenario invented_talk(Choices& choices);

}  // namespace tickover::sim
