#pragma once

#include <array>
#include <vector>

#include "sim/oracles/oracle.h"
#include "sim/world/plan.h"
#include "sim/world/step.h"

namespace tickover::sim {

/// BUGS P18: what STUN and TURN hosts send is well-formed in the eyes of a decoder that shares
/// nothing with the core. What a relay passes on to peers is theirs and is not judged.
class Wire final : public Oracle {
 public:
  explicit Wire(const Plan& plan);
  std::unique_ptr<Oracle> clone() const override { return std::make_unique<Wire>(*this); }
  /// turn-client, turn-server or stun-client.
  static bool speaks_stun(const HostPlan& host);

  std::string_view id() const override { return "wire"; }
  std::string_view statement() const override {
    return "Every datagram of a STUN or TURN host is one that a conforming sender may send, by an "
           "independent decoder (BUGS P18)";
  }
  void observe(const Step& step, const World& world) override;

 private:
  std::vector<std::uint16_t> ports_;  // by host: 0 if it is not judged; of servers: the only port
                                      // that is; 1 for all
};

/// BUGS P14: a server answers what was asked, once, to whom it was asked by.
class Answers final : public Oracle {
 public:
  explicit Answers(const Plan& plan) : hosts_(plan.hosts.size()) {}
  std::unique_ptr<Oracle> clone() const override { return std::make_unique<Answers>(*this); }

  std::string_view id() const override { return "P14"; }
  std::string_view statement() const override {
    return "Each answer has the method and transaction id of a request that arrived, goes from "
           "where it arrived to where it came from, and is the only one (BUGS P14; RFC 8489, "
           "section 6.3.1)";
  }
  void observe(const Step& step, const World& world) override;

 private:
  struct Asked {
    std::array<std::uint8_t, 12> id{};
    std::uint16_t type = 0;
    Endpoint from;
    Endpoint to;
    bool answered = true;
  };
  /// Requests that were not answered in the step in which they came; the oldest is forgotten.
  struct Host {
    std::vector<Asked> waiting;
    std::size_t oldest = 0;
  };
  static constexpr std::size_t most_waiting = 256;

  void check(const Step& step, const World& world, const SentRecord& sent, Asked& asked);
  void remember(Host& host, const Asked& asked);

  std::vector<Host> hosts_;
};

}  // namespace tickover::sim
