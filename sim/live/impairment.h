#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/live/observer.h"
#include "sim/network/packet_id.h"
#include "sim/world/plan.h"

namespace tickover::sim::live {

/// Which part of a scenario is played on real sockets.
struct Part {
  HostIndex self = no_index;   // the host that the driver plays
  HostIndex other = no_index;  // who is at the far end of its link, whatever address they have
  /// The sockets on which `other` is met; empty: on all of them. What comes and goes elsewhere
  /// crosses the link to the host of the file that has that address, if there is one.
  std::vector<Endpoint> fronts = {};
};

/// The links and faults of a plan, applied to the datagrams of one driver: the same names, models
/// and dice as in a simulated run. The driver's loop began when the scenario did.
///
/// A host is an address: the far end's datagrams are counted for each address of theirs.
class Impairment final : public Passage {
 public:
  Impairment(std::shared_ptr<const Plan> plan, Part part);

  Fate outgoing(const Driver& driver, const Send& send, Bytes payload, Instant now) override;
  Fate incoming(const Driver& driver, const Datagram& datagram, Instant now) override;

  // Queries.
  const Plan& plan() const { return *plan_; }
  /// The name of the datagram judged last; null: it crossed no link of the file.
  const PacketId* last() const { return has_last_ ? &last_ : nullptr; }
  /// How often the fault touched anything.
  std::uint64_t matches(std::size_t fault) const { return matches_[fault]; }

  /// What no real socket can be made to do, or nobody knows live: such a fault is left out.
  static bool can_do(const FaultSpec& fault);
  /// The two ends of the link between two hosts, or no_index: from the first to the second.
  static std::uint32_t direction_between(const Plan& plan, HostIndex from, HostIndex to);

 private:
  /// The datagrams of one link that go to or come from one address.
  struct Conversation {
    std::uint64_t number = 0;
    PacketNames there;
    PacketNames back;
  };
  static constexpr std::size_t most_conversations = 1'024;

  struct Route {
    std::uint32_t direction = no_index;  // towards the far end
    IpAddress whose;                     // far end, if others may play the same host
  };
  Route route(const Endpoint& local, const Endpoint& remote) const;
  Conversation& conversation(const Route& route);
  bool is_front(const Endpoint& local) const;
  Fate judge(const Driver& driver, std::uint64_t conversation, Crossing crossing,
             AddressFamily family);
  bool stands(const FaultPlan& fault, Instant now) const;

  std::shared_ptr<const Plan> plan_;
  Part part_;
  std::vector<std::vector<std::uint32_t>> faults_;  // that may stand, by direction
  std::vector<LinkQueue> queues_;                   // one per direction
  std::map<std::pair<std::uint32_t, IpAddress>, Conversation> conversations_;
  std::vector<std::uint64_t> matches_;
  PacketId last_;
  bool has_last_ = false;
};

}  // namespace tickover::sim::live
