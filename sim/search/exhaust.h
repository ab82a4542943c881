#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/search/run_case.h"

namespace tickover::sim {

/// A datagram that is lost in a history.
struct LostDatagram {
  PacketId id;
  std::string_view from;  // as its link calls its ends
  std::string_view to;
  std::string_view message;  // "Allocate request"
};

struct ExhaustOptions {
  /// What the requests are called, in their order: "Allocate". Empty: the first three that are
  /// answered.
  std::vector<std::string> transactions;
  std::optional<std::uint64_t> losses;  // the most in one history; none: as many as there can be
  /// How long after the last loss it may take at most until all is well; none: as long as the
  /// roles' policies say. Where it takes longer than that though nothing is lost, so much longer.
  std::optional<Duration> within;
  unsigned jobs = 1;
  /// With `cancel`, what was walked by then is told.
  RunLimits limits;
  /// Called once, with the scenario that is walked as it is where nothing is lost.
  std::function<void(const Scenario&)> before = {};
  /// Called on each thread that walks: from then on these are the losses of the history under way.
  /// Null: it walks no more.
  std::function<void(const std::vector<LostDatagram>*)> walking = {};
};

/// A history in which a promise was broken, or that did not end well in time.
struct FailingHistory {
  std::uint64_t losses = 0;
  std::string failure;  // the oracle, or "not in time"
  Scenario scenario;    // without dice; its last faults are the losses
};

/// What became of every loss history of a few transactions in a row.
struct Certificate {
  std::string host;                       // whose requests they are
  std::vector<std::string> transactions;  // "Allocate request 1"
  std::string goal;                       // what the host tells once all is well: "channel bound"
  Duration bound;                         // from the last loss to that, or from the first request
  std::uint64_t histories = 0;
  std::uint64_t succeeded = 0;
  std::vector<std::uint64_t> gave_up;           // and began anew, by the transaction given up
  std::map<std::string, std::uint64_t> failed;  // by oracle
  Duration slowest_success;                     // from the first request to the goal
  Duration worst_recovery;  // from the last loss to the goal, where a transaction was given up
  std::uint64_t most_losses = 0;
  std::uint64_t others = 0;  // datagrams of the host between these, in one history at most
  std::uint64_t forks = 0;   // worlds copied
  std::uint64_t steps = 0;   // in all worlds
  bool is_whole = true;      // not cancelled
  std::optional<FailingHistory> shortest;
};

/// Walks every history in which each copy of each request in the row, and each answer to it, is
/// delivered or lost, and all else is delivered. The next transaction of a row begins when an
/// answer to the one before arrives; once one was given up nothing more is lost. The world is
/// copied before each datagram on which something is decided, so that a history costs only what it
/// does not share. Links keep their latency and nothing else, and faults on datagrams are left out.
/// The oracles judge each step, but not the end: a history ends when its goal is told.
///
/// Fails, with a sentence, where the row cannot be walked: nobody sends it, its answers are later
/// than the first retransmission, or its host speaks to two families of addresses.
std::expected<Certificate, std::string> exhaust(const Scenario& scenario, std::uint64_t seed,
                                                const RoleRegistry& registry,
                                                const ExhaustOptions& options);

}  // namespace tickover::sim
