#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/oracles/oracle.h"
#include "sim/world/plan.h"
#include "sim/world/step.h"

namespace tickover::sim {

/// BUGS P7: nothing ends without a cause. A client may lose its allocation, or ask for a second
/// one, only if so many datagrams between it and its relay were lost within one give-up that every
/// copy of some request, or its answer, can have been among them; or if something else happened
/// that no client can outlive (a reboot, a NAT that forgot it, a request that arrived bent: 401,
/// PROTOCOL A18).
class Stability final : public Oracle {
 public:
  explicit Stability(const Plan& plan);
  std::unique_ptr<Oracle> clone() const override { return std::make_unique<Stability>(*this); }
  /// Whether there is a client whose rest the plan itself does not rule out.
  static bool applies(const Plan& plan);

  std::string_view id() const override { return "P7"; }
  std::string_view statement() const override {
    return "Without faults, or with fewer losses than a request has copies, no allocation is lost "
           "and none is asked for twice (BUGS P7)";
  }
  void observe(const Step& step, const World& world) override;

 private:
  struct Client {
    HostIndex relay = no_index;      // no_index: not judged
    Duration window;                 // within which a request sends its copies and is answered
    std::vector<Instant> lost = {};  // the latest, as many as a request has copies; a ring
    std::size_t next = 0;
    std::uint32_t candidates = 0;
    Instant disturbed_at = Instant::never();  // by more than losses; never: not, or overcome

    bool is_disturbed(Instant now) const;
    void lose(Instant at);
  };
  /// What the client would have to be like to be judged; nothing if the plan gives it no rest.
  static std::optional<Client> at_rest(const Plan& plan, HostIndex host);

  void note_fault(const Step& step, const World& world);
  void note_undone(const FaultPlan& fault, const Step& step, const Plan& plan);
  void note_start(const Step& step, const World& world);
  void note_losses(const Step& step, const World& world);
  /// A datagram of a relay to somebody at that node of the network was lost.
  void lose_towards(const Plan& plan, HostIndex relay, NodeIndex node, Instant at);
  void judge(const Step& step, const World& world, Client& client);

  std::vector<Client> clients_;  // by host
};

}  // namespace tickover::sim
