#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/world/world.h"

namespace tickover::sim {

/// How much a line matters. Trace lines tell of what happens all the time (each datagram, each
/// wake-up), info lines of what changes, warnings of what the network or a fault took away.
enum class Weight : std::uint8_t { trace, info, warning, error };
std::string_view name_of(Weight weight);

/// What a reader wants to see first of a long run: faults, then what they do to candidates; last
/// the data that was lost, and what is renewed as it should be.
enum class Interest : std::uint8_t { routine, ordinary, telling, turning };

/// One line about a step, in words.
struct StoryLine {
  Weight weight = Weight::trace;
  std::string message;  // "alice sends Refresh request 3, copy 2 to relay: lost (loss)"
  Interest interest = Interest::ordinary;
};

/// What a step did, as a person would tell it; appended to `lines`. The same world, the same words.
void tell(const Step& step, const World& world, std::vector<StoryLine>& lines);

/// What a machine told, in words.
StoryLine tell(const Notice& notice, std::string_view host);

/// "Refresh request 3, copy 2", or "datagram" for what no link named.
std::string packet_text(const World& world, HostIndex sender, bool has_id, const PacketId& id);

/// Seconds with nine digits: "12.345678901".
std::string seconds_text(Instant time);
/// "1.5s", "40s", "2min 3s": rounded to three digits after the point, for people.
std::string short_text(Duration duration);
/// The run's virtual time as RFC 3339 with nanoseconds; runs start at 2026-01-01T00:00:00Z.
std::string rfc3339_text(Instant time);

}  // namespace tickover::sim
