#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/world/plan.h"

namespace tickover::sim {

// What datagrams can be called, by who sends them.

/// What one of the hosts may say (Role::messages), "datagram" included where it may; empty: they
/// may say anything. Beside somebody's own machines a relay passes on what those say.
std::vector<std::string> messages_of(const Plan& plan, const std::vector<HostIndex>& hosts);

/// Whether one of them is called so; "Refresh" is each of its classes.
bool is_message(std::string_view name, const std::vector<std::string>& messages);

/// What was perhaps meant by a name that is none of them, to follow what is said of it: the nearest
/// one, or those of the same method, or all.
std::string message_hint(std::string_view name, const std::vector<std::string>& messages);

/// Why such a host never gets this from the relay: only who asks is answered. Empty if it may.
std::string why_unanswered(std::string_view name, const Plan& plan,
                           const std::vector<HostIndex>& receivers);

}  // namespace tickover::sim
