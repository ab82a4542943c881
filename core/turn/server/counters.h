#pragma once

#include <cstdint>

namespace tickover::turn {

/// How often a TURN server did or refused what leaves no other trace.
struct ServerCounters {
  // Junk and refusals, silent on the wire.
  std::uint64_t unknown_socket = 0;       // an input about a socket that is not ours
  std::uint64_t not_turn = 0;             // neither STUN nor ChannelData (PROTOCOL M1)
  std::uint64_t malformed = 0;            // STUN or ChannelData that does not decode
  std::uint64_t unexpected = 0;           // unknown method, or a class the method does not have
  std::uint64_t without_allocation = 0;   // indication or ChannelData from a stranger
  std::uint64_t without_permission = 0;   // Send or peer datagram without permission
  std::uint64_t without_channel = 0;      // ChannelData on a channel that is not bound
  std::uint64_t unusable_indication = 0;  // Send that lacks or has what it must not
  std::uint64_t forbidden_peer = 0;       // a peer that the policy denies, at send time
  std::uint64_t hop_limit_reached = 0;    // it would have left with a hop limit of 0
  std::uint64_t oversized = 0;            // it does not fit into a datagram with its header
  std::uint64_t over_bandwidth = 0;       // data beyond its user's rate
  std::uint64_t over_answer_budget = 0;   // a request that would have had an unsigned answer
  std::uint64_t over_icmp_rate = 0;
  std::uint64_t repeated = 0;  // a request that was served before, so that nothing is done now
  std::uint64_t send_refused = 0;
  std::uint64_t icmp_ignored = 0;        // of no use to a client, or about no permitted peer
  std::uint64_t openings_abandoned = 0;  // the owner did not say whether a port opened
  // Traffic.
  std::uint64_t requests = 0;
  std::uint64_t keepalives = 0;  // Binding indications
  std::uint64_t success_responses = 0;
  std::uint64_t error_responses = 0;
  std::uint64_t to_peer = 0;
  std::uint64_t to_client = 0;
  std::uint64_t icmp_to_client = 0;

  bool operator==(const ServerCounters&) const = default;
};

}  // namespace tickover::turn
