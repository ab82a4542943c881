#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "sim/role.h"

namespace tickover::sim {

/// How the hosts are driven, whatever the file says of them; nothing leaves it to the file.
using DriverChoice = std::optional<DriverSpec>;

/// "lazy", "ticking=1ms", "oversleeping=50ms..200ms": the words of a host's `driver`.
std::expected<DriverSpec, std::string> parse_driver(std::string_view text);
/// The same text again.
std::string driver_text(const DriverSpec& driver);

/// " --driver ticking=1ms", for a line that replays a run; empty without a choice.
std::string driver_option(const DriverChoice& driver);

/// Drives every host so but attackers, which are part of the weather and no machines under test.
/// What situations arise depends on who is woken when, so none is demanded any more.
void drive(Scenario& scenario, const DriverChoice& driver, const RoleRegistry& registry);

}  // namespace tickover::sim
