#pragma once

#include <string>
#include <string_view>

#include "sim/search/run_case.h"

namespace tickover::sim {

/// What a failure is filed under: the oracle, or how the run stopped.
std::string failure_id(const Outcome& outcome);

/// A sentence without what differs from seed to seed: whatever holds a digit is "#", and the names
/// of hosts are "host". "alice waits until 1.57s" becomes "host waits until #".
std::string shape_of(std::string_view sentence, const Plan& plan);

/// What failures of one cause are one failure by: the oracle and, of an expectation, the shape of
/// its sentence. `P6 heal "host has an allocation"`.
std::string failure_kind(const Outcome& outcome, const Plan& plan);

/// By what a sweep tells failures apart before it has made them small: the oracle, the line of a
/// sentence that broke, and the shape of what is said, in which what is said of several hosts
/// counts once. Runs that differ from themselves are all of one shape.
std::string failure_shape(const Outcome& outcome, const Plan& plan);

}  // namespace tickover::sim
