#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/machine.h"
#include "sim/network/link.h"
#include "sim/network/packet_id.h"
#include "sim/world/plan.h"

namespace tickover::sim {

/// Which application payload a datagram was sent for: number `number` of a flow. It follows the
/// datagrams through relays, so that copies made by the network can be told from copies made by a
/// machine.
struct Origin {
  std::uint32_t flow = no_index;
  std::uint64_t number = 0;
  bool known() const { return flow != no_index; }
  bool operator==(const Origin&) const = default;
};

enum class StepKind : std::uint8_t {
  start,
  socket,
  delivery,
  timer,
  command,
  fault,
  overhearing,
  icmp
};

/// One datagram that a host sent in a step, and what the network decided.
struct SentRecord {
  Endpoint local;
  Endpoint remote;
  Endpoint seen_source;    // after the NATs on the way out
  Endpoint seen_remote;    // likewise: a NAT64 makes another address of it
  std::size_t offset = 0;  // of the bytes in Step::bytes
  std::size_t size = 0;
  bool has_id = false;  // it came onto a link
  PacketId id;
  Fate fate;
  std::uint64_t payload_digest = 0;
};

/// In a driven world: what the links would have decided on a datagram that went another way.
struct ReplacedFate {
  std::uint32_t sent = 0;  // index in Step::sent
  Fate fate;
};

/// A socket that a host asked to open or close in a step.
struct SocketRecord {
  bool open = false;
  Endpoint local;
};

/// Everything that one step did, for oracles, logs and the digest: one event, one input to one
/// host, and its full drain. Views are valid until the world's next step.
struct Step {
  std::uint64_t number = 0;  // counts from 1
  std::uint64_t cause = 0;   // the step that scheduled this one; 0: the scenario
  Instant time;              // simulated
  StepKind kind{};
  HostIndex host = no_index;  // that was touched; of a dropped delivery, for whom it was
  bool touched = false;       // whether the host got an input
  Instant host_now;           // on its own clock

  // delivery, and overhearing: of a datagram that goes to somebody else
  bool has_id = false;
  PacketId id;
  bool forged = false;  // nobody sent it
  HostIndex sender = no_index;
  Endpoint source;  // as the receiver sees it
  Endpoint destination;
  Bytes arrived;  // as it arrived
  std::uint64_t arrived_digest = 0;
  Instant sent_at;  // simulated
  DropReason dropped{};
  std::uint8_t copy_of_network = 0;  // 1 for the duplicate that the network made

  IcmpError icmp;  // what a host is told; its ends are the receiver's own

  // timer
  std::optional<Timeout> woken_for;  // the deadline that was reached; empty for a mere tick
  // command
  std::uint32_t flow = no_index;
  Endpoint command_to;
  Bytes command_payload;
  bool command_is_reach = false;
  bool command_accepted = false;
  bool command_possible = false;  // the flow's target has an address now
  // fault
  std::uint32_t fault = no_index;  // no_index with kind fault: the heal
  bool fault_begins = false;

  Origin origin;

  // what the host did
  std::vector<SentRecord> sent;
  std::vector<ReplacedFate> replaced;
  std::vector<SocketRecord> sockets;
  std::vector<Notice> notices;
  std::optional<Timeout> deadline_before;
  std::optional<Timeout> deadline_after;
  bool drained = true;  // false: it did not stop talking

  std::vector<std::uint8_t> bytes;
  Bytes payload(const SentRecord& record) const {
    return Bytes(bytes).subspan(record.offset, record.size);
  }
};

}  // namespace tickover::sim
