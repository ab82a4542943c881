#pragma once

#include <array>
#include <vector>

#include "sim/oracles/glance.h"
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

/// BUGS P14: a server answers what was asked, once, to whom it was asked by, and leaves no client
/// without an answer. It may be silent to what may have been changed on its way, when it has made
/// many answers that nobody's password signs (PROTOCOL AB1), and to a Refresh that comes again.
class Answers final : public Oracle {
 public:
  explicit Answers(const Plan& plan);
  std::unique_ptr<Oracle> clone() const override { return std::make_unique<Answers>(*this); }

  std::string_view id() const override { return "P14"; }
  std::string_view statement() const override {
    return "Each answer has the method and transaction id of a request that arrived, goes from "
           "where it arrived to where it came from, is the only one, and comes at once (BUGS P14; "
           "RFC 8489, section 6.3.1)";
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
  struct Host {
    bool is_scripted = false;         // it ignores on cue what it would have answered
    std::uint64_t many_unsigned = 0;  // answers within a second: who makes so many may tire of it
    /// Requests that were not answered in the step in which they came, and every Refresh; the
    /// oldest is forgotten.
    std::vector<Asked> waiting;
    std::size_t oldest = 0;
    Instant second;  // when the counting began
    std::uint64_t made_unsigned = 0;
    std::uint64_t made_before = 0;  // in the second before
  };
  static constexpr std::size_t most_waiting = 256;

  void check(const Step& step, const World& world, const SentRecord& sent, Asked& asked);
  void count_unsigned(const StunGlance& answer, Host& host, Instant now) const;
  bool is_owed(const Step& step, const World& world, const Host& host, const Asked& asked) const;
  void remember(Host& host, const Asked& asked);

  std::vector<Host> hosts_;
  bool is_bent_ = false;  // some datagram of this run was changed on its way
};

}  // namespace tickover::sim
