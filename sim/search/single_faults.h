#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/search/run_case.h"

namespace tickover::sim {

/// What can befall one datagram.
enum class SingleFault : std::uint8_t { lost, late, doubled, reordered, corrupted, truncated };
inline constexpr std::size_t single_faults = 6;
std::string_view name_of(SingleFault fault);

/// What became of a run in which one thing befell one datagram, beside the run in which it did not.
struct FaultCell {
  std::optional<FaultSpec> fault;  // nothing: it cannot befall this datagram
  ExitCode exit = ExitCode::held;
  std::string oracle;  // that broke; empty if none did
  /// How much later than without the fault anything was told to an application, at most.
  Duration recovery;
  std::uint64_t missing = 0;  // of what was told without the fault
  std::uint64_t extra = 0;    // that was not told without it
};

struct FaultRow {
  PacketMatch packet;
  Instant sent;
  std::array<FaultCell, single_faults> cells;
};

struct FaultMatrix {
  Outcome without;  // the run that nothing befalls, but what the scenario says
  std::vector<FaultRow> rows;
  std::uint64_t left_out = 0;  // datagrams beyond the limit
  std::uint64_t runs = 0;
};

struct FaultOptions {
  Duration late = std::chrono::milliseconds(1'100);  // longer than the usual first RTO of anybody
  std::string message;                               // only this kind: "Refresh"; empty: all
  std::uint64_t most_rows = 200;
  unsigned jobs = 1;
  RunLimits limits;
  /// Called before each run, on the thread that runs it.
  std::function<void(const FaultSpec&)> before;
};

/// One run for each datagram on a link and each thing that can befall it. A datagram is reordered
/// if the next one on its way, sent within the time that counts as late, overtakes it.
FaultMatrix run_single_faults(const Scenario& scenario, std::uint64_t seed,
                              const RoleRegistry& registry, const FaultOptions& options);

}  // namespace tickover::sim
