#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "sim/any_machine.h"
#include "sim/network/link.h"
#include "sim/network/nat.h"
#include "sim/network/packet_id.h"
#include "sim/oracles/facts.h"
#include "sim/oracles/oracle.h"
#include "sim/world/deadlines.h"
#include "sim/world/digest.h"
#include "sim/world/event_queue.h"
#include "sim/world/fates.h"
#include "sim/world/host_clock.h"
#include "sim/world/plan.h"
#include "sim/world/step.h"

namespace tickover::sim {

/// Memory that a copy need not have: it is used within one step only.
template <class T>
struct Scratch {
  T value{};
  Scratch() = default;
  Scratch(const Scratch&) {}
  Scratch& operator=(const Scratch&) { return *this; }
  Scratch(Scratch&&) noexcept = default;
  Scratch& operator=(Scratch&&) noexcept = default;
  bool operator==(const Scratch&) const { return true; }
};

class ConditionsNow;

/// Datagrams so far: sent + duplicated + forged + overheard == delivered + dropped + in flight. One
/// that is overheard counts apart from the one that goes its way.
struct DatagramCounts {
  std::uint64_t sent = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t forged = 0;
  std::uint64_t overheard = 0;
  std::uint64_t delivered = 0;
  std::uint64_t dropped = 0;
  std::uint64_t in_flight = 0;
  bool operator==(const DatagramCounts&) const = default;
};

/// A whole simulated universe as a regular value: hosts, network, clocks, what is in flight,
/// faults, oracles and the digest. A copy runs on independently and identically.
class World {
 public:
  /// With `fates`, they are what befalls each datagram that they know, whatever the dice say.
  World(std::shared_ptr<const Plan> plan, Oracles oracles,
        std::shared_ptr<const Fates> fates = nullptr);

  // Queries.
  const Plan& plan() const { return *plan_; }
  Instant now() const { return now_; }
  std::uint64_t steps() const { return steps_; }
  /// When the next step happens; Instant::never() if nothing is left to do.
  Instant next_time() const;
  bool is_healed() const { return healed_; }
  std::uint64_t digest() const { return digest_.value(); }
  /// A digest of datagrams and events alone, for comparing drivers.
  std::uint64_t trace_digest() const { return trace_.value(); }
  const DatagramCounts& counts() const { return counts_; }
  const Oracles& oracles() const { return oracles_; }
  /// How often the fault touched anything.
  std::uint64_t matches(std::size_t fault) const { return fault_matches_[fault]; }
  const AnyMachine& machine(HostIndex host) const { return hosts_[host].machine; }
  /// It runs: it has started, and does not sleep.
  bool is_up(HostIndex host) const { return hosts_[host].up && hosts_[host].halts == 0; }
  /// What that host calls a kind of datagram; also while it is down.
  std::string_view kind_name(HostIndex host, std::uint16_t kind) const {
    return hosts_[host].kind_names ? hosts_[host].kind_names(kind) : "datagram";
  }
  /// How often it slept; then its clock is behind those that did not.
  std::uint32_t sleeps(HostIndex host) const { return hosts_[host].sleeps; }
  bool is_active(std::size_t fault) const { return fault_active_[fault] != 0; }
  std::uint32_t boots(HostIndex host) const { return hosts_[host].boots; }
  Instant host_time(HostIndex host) const { return hosts_[host].clock.read(now_); }
  const std::optional<Timeout>& deadline(HostIndex host) const { return hosts_[host].deadline; }
  /// Where that host is reached now: at its last announced candidate, or its own address and port.
  std::optional<Endpoint> reachable_at(HostIndex host) const;
  /// The same among its addresses of one family.
  std::optional<Endpoint> reachable_at(HostIndex host, AddressFamily family) const;
  /// Where traffic between them goes: to an address of a family in which both are reached, if there
  /// is one.
  std::optional<Endpoint> reachable_from(HostIndex from, HostIndex to) const;
  /// Where plain sockets of that host find a remote endpoint: behind a NAT64 perhaps elsewhere.
  Endpoint as_found_by(HostIndex host, const Endpoint& remote) const;
  const Step& last_step() const { return step_.value; }

  /// Applies the next event: one input to one host at most, then its full drain; shows the step to
  /// the oracles. There must be one (next_time() is not never).
  const Step& step();
  /// Lets the enders judge.
  void finish() { oracles_.finish(*this); }

  /// Everything but the oracles and the plan; equal worlds run on alike.
  bool same_state(const World& other) const;

 private:
  /// What the operating system says of a socket: opened, refused, or unfit to send from.
  struct SocketAnswer {
    enum class Kind : std::uint8_t { refused, opened, send_refused };
    Kind kind{};
    HostIndex host = 0;
    std::uint32_t boot = 0;
    std::uint32_t request = 0;
    Endpoint local;
    Endpoint remote;  // of the send
    std::uint64_t cause = 0;
    bool operator==(const SocketAnswer&) const = default;
  };
  struct Host {
    AnyMachine machine;
    KindNames kind_names = nullptr;  // of the last machine; the same for all copies
    HostClock clock;
    bool up = false;
    std::uint32_t boots = 0;
    std::uint32_t opened = 0;             // sockets so far, which keys the ephemeral ports
    std::vector<Endpoint> sockets;        // sorted
    std::optional<Timeout> deadline;      // on the host's clock
    std::uint64_t deadline_cause = 0;     // the step that set it
    std::vector<Endpoint> announced;      // candidates, the latest last
    std::vector<IpAddress> addresses;     // now
    std::optional<std::uint32_t> behind;  // the NAT, now
    std::uint32_t moved_by = no_index;    // the fault that brought it there; none: it is at home
    std::uint32_t halts = 0;              // faults that make it sleep
    std::uint32_t sleeps = 0;             // so far
    std::optional<Instant> asleep_since;  // on its own clock
    /// What it hears only when it wakes: of sockets that it asked for, of those that were closed,
    /// and whether its addresses are others.
    std::vector<SocketAnswer> unheard;
    std::vector<Endpoint> lost_asleep;
    bool moved_asleep = false;
    bool operator==(const Host&) const = default;
  };
  struct Flight {
    std::vector<std::uint8_t> bytes;  // keeps its capacity
    Endpoint source;
    Endpoint destination;
    NodeIndex node = 0;
    HostIndex sender = no_index;
    HostIndex eavesdropper = no_index;  // who hears it, though it is another's
    bool has_id = false;
    bool forged = false;
    std::uint8_t copy_of_network = 0;
    PacketId id;
    std::uint64_t digest = 0;  // of the bytes
    std::uint64_t cause = 0;
    Instant sent_at;
    Origin origin;
    Ecn ecn{};
    bool dont_fragment = false;
    std::uint8_t hop_limit = 0;
    bool operator==(const Flight&) const = default;
  };
  /// An ICMP error on its way to the host that sent what it is about.
  struct Told {
    IcmpError error;  // of the datagram as it was where the error began
    NodeIndex node = 0;
    std::uint64_t cause = 0;
    bool operator==(const Told& other) const {
      return error.local == other.error.local && error.remote == other.error.remote &&
             error.type == other.error.type && error.code == other.error.code &&
             error.data == other.error.data && node == other.node && cause == other.cause;
    }
  };
  struct Flow {
    std::uint64_t next = 0;
    std::optional<Endpoint> reached;  // the sender's address that the receiver expects
    bool operator==(const Flow&) const = default;
  };

  // world.cpp: the loop
  void begin(StepKind kind, std::uint64_t cause);
  void apply(const QueuedEvent& event);
  void wake(HostIndex host);
  void start(HostIndex host);
  void answer(std::uint32_t index);
  void drain(HostIndex host);
  void arm(HostIndex host);
  void give(HostIndex host, const Input& input);
  void give(const SocketAnswer& answer);
  void record_in_digest();

  // network.cpp: datagrams and sockets
  void transmit(HostIndex host, const Send& send);
  void open_socket(HostIndex host, const OpenSocket& request);
  void push_answer(SocketAnswer answer);
  void close_socket(HostIndex host, const Endpoint& local);
  Flight& carry(HostIndex host, const Send& send, const SentRecord& record, std::uint32_t index);
  void deliver_at(Instant at, std::uint64_t order, std::uint32_t index);
  void launch(HostIndex host, const Send& send, const SentRecord& record, NodeIndex node);
  Crossing crossing_of(std::uint32_t direction, const Send& send, const SentRecord& record);
  /// What the active faults ask for; `conditions` become those of a degraded link.
  Orders orders_for(std::uint32_t direction, HostIndex sender, const PacketId& id,
                    ConditionsNow& conditions);
  /// What one fault asks for, if it means this datagram.
  void obey(std::uint32_t fault, HostIndex sender, const PacketId& id, Orders& orders,
            ConditionsNow& conditions);
  bool is_meant(const FaultPlan& fault, const PacketMatch& match, HostIndex sender,
                const PacketId& id) const;
  /// The fate that is known of the last datagram sent, instead of its own.
  void drive(SentRecord& record);
  void overhear(HostIndex host, const Send& send, const SentRecord& record);
  void arrive(std::uint32_t index);
  void show_arrival(std::uint32_t index);
  /// Inwards through the NATs to the host that has the address, or why there is none.
  void find_receiver(const Flight& flight);
  /// What the host at the end of `direction` there says of a datagram that it did not get.
  enum class Trouble : std::uint8_t { no_port, no_route, too_big };
  void tell_by_icmp(Trouble trouble, std::uint32_t direction, const Endpoint& source,
                    const Endpoint& destination, std::uint64_t key);
  void tell_sender(Trouble trouble, HostIndex host, const Send& send);
  void tell_at(Instant at, std::uint64_t order, const Told& told);
  /// What the faults of the moment make of the link there; `conditions` are its own.
  void degrade(std::uint32_t direction, ConditionsNow& conditions) const;
  void hear_icmp(std::uint32_t index);
  /// Who has that address there at this moment.
  std::optional<NodeIndex> owner(std::optional<std::uint32_t> realm, const IpAddress& ip) const;
  std::uint32_t new_flight();
  void free_flight(std::uint32_t index);

  // faults.cpp: faults and traffic
  void schedule_scenario();
  void change_fault(std::uint32_t fault, bool begins);
  void apply_instant(std::uint32_t fault);
  void end_fault(std::uint32_t fault);
  void schedule_fault(std::uint32_t fault, Instant from);
  /// Starts the faults that waited for what the last step brought.
  void look_for_triggers();
  void suspend(HostIndex host);
  void resume(HostIndex host);
  /// With the addresses that it has there, or none at first.
  void move_host(std::uint32_t fault, bool there, bool is_dead);
  void arrive_at(std::uint32_t fault, bool there);
  /// Back from there: to where another such fault that lasts keeps it, or home.
  void end_move(std::uint32_t fault);
  void end_nat_move(std::uint32_t fault);
  /// The last of the other faults that last and do the same to that host or NAT; or no_index.
  std::uint32_t other_like(std::uint32_t fault) const;
  void take_down(HostIndex host);
  /// Whether a reboot that still lasts keeps the host down.
  bool is_held_down(HostIndex host) const;
  void restart(HostIndex host);
  void heal();
  void list_active_faults();
  /// False if there was no socket to send to.
  bool forge(const FaultPlan& fault);
  void run_flow(std::uint32_t flow, bool is_reach_done);

  std::shared_ptr<const Plan> plan_;
  std::shared_ptr<const Fates> fates_;
  Instant now_;
  std::uint64_t steps_ = 0;
  EventQueue queue_;
  Deadlines deadlines_;
  std::vector<Host> hosts_;
  std::vector<Nat> nats_;
  std::vector<PacketNames> names_;  // one per direction
  std::vector<LinkQueue> queues_;   // one per direction
  std::vector<Flight> flights_;
  std::vector<std::uint32_t> free_flights_;
  std::vector<SocketAnswer> answers_;
  std::vector<Told> told_;
  std::vector<std::uint32_t> free_told_;
  std::vector<Flow> flows_;
  std::vector<std::uint8_t> fault_active_;
  std::vector<std::uint8_t> fault_waits_;  // for what it comes after
  std::optional<RunFacts> facts_;          // if any fault waits for something
  std::vector<std::uint64_t> fault_matches_;
  std::vector<std::vector<std::uint32_t>> direction_faults_;  // active ones, by direction
  bool healed_ = false;
  DatagramCounts counts_;
  Digest digest_;
  Digest trace_;
  Oracles oracles_;
  Scratch<Step> step_;
  Scratch<std::vector<std::uint8_t>> arrived_;  // the datagram being delivered
  Scratch<std::vector<std::uint8_t>> payload_;  // the application's, being sent
};

/// The payload of datagram `number` of a flow: key, number, and a filler that only they decide.
void write_payload(MutableBytes out, std::uint64_t flow_key, std::uint64_t number);

}  // namespace tickover::sim
