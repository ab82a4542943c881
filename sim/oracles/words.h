#pragma once

#include <string>

#include "sim/world/plan.h"

namespace tickover::sim {

// The words that breaches are written in.

inline const std::string& name_of(const Plan& plan, HostIndex host) {
  return plan.hosts[host].info.name;
}
/// "12.345s"; as many digits as it needs.
std::string time_text(Duration d);
inline std::string time_text(Instant t) {
  return time_text(t.since_origin());
}

}  // namespace tickover::sim
