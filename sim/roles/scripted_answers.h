#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "core/machine.h"
#include "core/stun/types.h"
#include "core/transmit_queue.h"

namespace tickover::sim {

/// Errors that a relay answers on cue, before its server sees the request: "Refresh 2: 438" is the
/// second Refresh of all clients, with all its copies; "Allocate 1: 300 west" sends whoever asks to
/// the relay of that name. The errors are signed as the request is, but for 401 and 438, which
/// challenge again with the request's own realm and nonce.
class ScriptedAnswers {
 public:
  struct User {
    std::string name;
    std::string password;
    bool operator==(const User&) const = default;
  };

  /// Where a 300 can send clients, one address of a family.
  struct Relay {
    std::string name;
    std::vector<Endpoint> addresses;
    bool operator==(const Relay&) const = default;
  };

  ScriptedAnswers() = default;
  ScriptedAnswers(const std::vector<std::string>& script, std::vector<User> users,
                  std::vector<Relay> relays);
  /// Why that is no script; nothing if it is one.
  static std::optional<std::string> problem_of(const std::string& line,
                                               const std::vector<Relay>& relays);

  /// Whether the datagram was a request on cue; then its answer is in `out`.
  bool answer(const Datagram& datagram, TransmitQueue& out);

  bool operator==(const ScriptedAnswers&) const = default;

 private:
  struct Cue {
    std::string method;
    std::uint64_t number = 0;  // from 1
    std::uint16_t code = 0;
    std::string relay;                           // of a 300
    std::optional<stun::TransactionId> request;  // the one that it turned out to be
    bool operator==(const Cue&) const = default;
  };
  struct Count {
    std::string method;
    std::uint64_t requests = 0;
    stun::TransactionId latest;
    bool operator==(const Count&) const = default;
  };
  static std::expected<Cue, std::string> parse(const std::string& line);
  const Cue* cue_of(const std::string& method, const stun::TransactionId& id);
  std::optional<Endpoint> alternate(const Cue& cue, AddressFamily family) const;

  std::vector<Cue> cues_;
  std::vector<Count> counts_;
  std::vector<User> users_;
  std::vector<Relay> relays_;
};

}  // namespace tickover::sim
