#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/search/run_case.h"

namespace tickover::sim {

/// What can befall one datagram.
enum class SingleFault : std::uint8_t { lost, late, doubled, reordered, corrupted, truncated };
inline constexpr std::size_t single_faults = 6;
std::string_view name_of(SingleFault fault);

/// What became of a run beside the same one without some faults.
struct FaultEffect {
  ExitCode exit = ExitCode::held;
  std::string oracle;  // that broke; empty if none did
  /// How much later than without the fault anything was told to an application, at most.
  Duration recovery;
  std::uint64_t missing = 0;  // of what was told without the fault
  std::uint64_t extra = 0;    // that was not told without it
};

/// What became of a run in which one thing befell one datagram.
struct FaultCell : FaultEffect {
  std::optional<FaultSpec> fault;  // nothing: it cannot befall this datagram, or is not asked for
};

struct FaultRow {
  PacketMatch packet;
  Instant sent;
  std::array<FaultCell, single_faults> cells;
};

class Tidings;

struct FaultMatrix {
  Outcome without;  // the run that nothing befalls, but what the scenario says
  std::vector<FaultRow> rows;
  std::set<std::string> messages;  // every kind of datagram that there was
  std::uint64_t left_out = 0;      // datagrams beyond the limit
  std::uint64_t runs = 0;
  std::shared_ptr<Tidings> tidings;  // of the run that nothing befalls
};

struct FaultOptions {
  std::bitset<single_faults> kinds = std::bitset<single_faults>().set();
  Duration late = std::chrono::milliseconds(1'100);  // longer than the usual first RTO of anybody
  std::string message;                               // only this kind: "Refresh"; empty: all
  std::uint64_t most_rows = 200;
  std::uint64_t most_pairs = 10'000;
  unsigned jobs = 1;
  RunLimits limits;
  /// Called before each run, on the thread that runs it.
  std::function<void(const std::vector<FaultSpec>&)> before;
};

/// One run for each datagram on a link and each thing that can befall it. A datagram is reordered
/// if the next one on its way, sent within the time that counts as late, overtakes it.
FaultMatrix run_single_faults(const Scenario& scenario, std::uint64_t seed,
                              const RoleRegistry& registry, const FaultOptions& options);

/// Two of the matrix's cells, of different datagrams, at once.
struct FaultPair {
  std::size_t first_row = 0;
  std::size_t first_fault = 0;
  std::size_t second_row = 0;  // later sent
  std::size_t second_fault = 0;
  FaultEffect effect;
};

struct FaultPairs {
  FaultMatrix matrix;
  std::vector<FaultPair> pairs;
  std::uint64_t left_out = 0;  // pairs beyond the limit: those of the latest datagrams

  const FaultCell& first(const FaultPair& pair) const {
    return matrix.rows[pair.first_row].cells[pair.first_fault];
  }
  const FaultCell& second(const FaultPair& pair) const {
    return matrix.rows[pair.second_row].cells[pair.second_fault];
  }
  /// Whether both together do more than each alone adds up to: break something, keep more from
  /// being told, or hold it up for longer. Where one of them breaks something alone, only what is
  /// graver counts.
  bool is_more(const FaultPair& pair) const;
};

/// The matrix, and then one run for each two of its cells. What is sent only because of the first
/// fault, such as a retransmission, is no datagram of the matrix.
FaultPairs run_fault_pairs(const Scenario& scenario, std::uint64_t seed,
                           const RoleRegistry& registry, const FaultOptions& options);

}  // namespace tickover::sim
