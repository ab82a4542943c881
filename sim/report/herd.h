#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "core/address.h"
#include "sim/world/run.h"

namespace tickover::sim {

/// Many clients whose relay restarted: those of one group that had their allocations from it when
/// it went down, and how they came back.
struct Herd {
  static constexpr std::size_t least_clients = 10;  // of fewer there is nothing to tell
  static constexpr Duration busy_window = std::chrono::seconds(1);

  /// What one client took, from the restart until it had an allocation again.
  struct Client {
    std::optional<Duration> recovered;  // how long it took; nothing: it has none yet
    std::int64_t requests = 0;          // that it sent, copies included
  };

  HostIndex relay = 0;
  std::string group;
  Instant restarted_at;
  std::vector<HostIndex> hosts;     // in the order of the plan
  std::vector<Client> clients;      // of these
  std::size_t missing = 0;          // how many have no allocation yet
  std::uint64_t most_requests = 0;  // that reached the relay within a second, until all had one
  Instant busiest_from;             // where the first such second begins

  /// Of those that recovered, the soonest first; the lower of two in the middle is the median.
  std::vector<Duration> recoveries() const;
  /// Who took longest; nothing if nobody has recovered.
  std::optional<HostIndex> slowest() const;
  /// "86.2%": Jain's index (sim/oracles/jain_index.h) of the times of those that recovered, and of
  /// the requests of all; nothing if nobody has recovered.
  std::optional<std::string> fairness_of_times() const;
  std::string fairness_of_requests() const;
};

/// Sees the herds of a run. A relay that goes down again ends what there was to see of a herd.
class HerdWatch final : public Watcher {
 public:
  explicit HerdWatch(const Plan& plan);

  void see(const Step& step, const World& world) override;

  /// In the order of their restarts.
  const std::vector<Herd>& herds() const { return herds_; }

 private:
  /// Hosts that are told of together: a group, or those of one [[host]] that is in none.
  struct Group {
    std::string name;
    std::vector<HostIndex> hosts;
  };
  /// An address that a host has announced, and the relay that lives there.
  struct Candidate {
    Endpoint relayed;
    HostIndex relay = no_index;
  };
  struct Active {
    std::size_t herd = 0;
    std::deque<Instant> arrivals;  // of requests, within the last second
  };

  HostIndex relay_at(const IpAddress& ip) const;
  void goes_down(HostIndex relay);
  void is_back(HostIndex relay, Instant now);
  void see_arrival(const Step& step, const World& world);
  void see_sent(const Step& step, const World& world);
  void see_notices(const Step& step);
  void recovered(HostIndex host, Instant now);

  std::vector<std::pair<IpAddress, HostIndex>> relays_;
  std::vector<Group> groups_;
  std::vector<std::vector<Candidate>> candidates_;  // by host
  std::vector<Herd> down_;                          // of relays that are not back yet
  std::vector<Herd> herds_;
  std::vector<Active> active_;
};

}  // namespace tickover::sim
