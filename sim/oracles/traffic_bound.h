#pragma once

#include <array>
#include <vector>

#include "sim/oracles/oracle.h"
#include "sim/world/plan.h"
#include "sim/world/step.h"

namespace tickover::sim {

/// BUGS P5: whatever its peers do, a client stays below a bound on what it sends per minute for its
/// own purposes, and on how often it tries to prove who it is.
class TrafficBound final : public Oracle {
 public:
  explicit TrafficBound(const Plan& plan);
  std::unique_ptr<Oracle> clone() const override { return std::make_unique<TrafficBound>(*this); }

  std::string_view id() const override { return "P5"; }
  std::string_view statement() const override {
    return "Against any peer, control datagrams and authentication attempts per minute stay below "
           "a fixed bound (BUGS P5)";
  }
  void observe(const Step& step, const World& world) override;

  /// Ten open requests (PROTOCOL T3) and two for each peer, each with all its copies of a minute,
  /// started anew four times; a keep-alive each second; and what the scenario wants more often.
  static std::uint32_t bound_for(const Plan& plan, HostIndex host, std::size_t peers);

 private:
  /// Counts of a minute that slides by whole seconds.
  struct Minute {
    std::array<std::uint32_t, 60> seconds{};
    std::int64_t latest = 0;
    std::uint32_t sum = 0;
    std::uint32_t add(Instant now);
  };
  struct Host {
    std::uint32_t bound = 0;      // 0: not a client
    std::size_t flows = 0;        // as many peers as that, unless they change their addresses
    std::vector<Endpoint> peers;  // it was told to talk to them
    Minute control;
    Minute attempts;
    std::array<std::uint64_t, 32> recent_ids{};  // of attempts; copies are no new ones
    std::size_t next_id = 0;
  };
  static void note_peer(const Step& step, const Plan& plan, Host& host);
  bool is_new_attempt(Host& host, Bytes id);

  std::vector<Host> hosts_;
};

}  // namespace tickover::sim
