#pragma once

#include "core/time.h"
#include "sim/scenario/link_spec.h"
#include "sim/search/choices.h"

namespace tickover::sim {

/// In [low, high], the more likely the shorter.
Duration invent_length(Choices& choices, Duration low, Duration high);

/// What changes with time, and latencies with a tail. The conditions have a latency.
void add_weather(Choices& choices, LinkConditions& conditions);

/// Narrow, but never too narrow for what the flows of an invented world send.
void add_bottleneck(Choices& choices, LinkConditions& conditions);

}  // namespace tickover::sim
