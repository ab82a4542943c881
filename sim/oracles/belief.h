#pragma once

#include <string>
#include <vector>

#include "sim/oracles/oracle.h"
#include "sim/oracles/relay_oracle.h"
#include "sim/world/plan.h"
#include "sim/world/step.h"

namespace tickover::sim {

/// BUGS P8: what a client believes of its relay is so, or is less. It counts its lifetimes from the
/// first copy of a request, so that it needs no slack for the way: judged is the moment of sending,
/// against the model of the relay at that moment. What a client cannot know yet (its relay lost its
/// state, its NAT moved it) leaves no trace in the model and is not judged.
class Belief final : public Oracle {
 public:
  explicit Belief(const Plan& plan);
  std::unique_ptr<Oracle> clone() const override { return std::make_unique<Belief>(*this); }

  std::string_view id() const override { return "P8"; }
  std::string_view statement() const override {
    return "A client uses or announces only what its relay has: no data on a channel or to a peer "
           "and no request about an allocation that has ended there (BUGS P8)";
  }
  void observe(const Step& step, const World& world) override;

 private:
  struct Client {
    HostIndex relay = no_index;       // no_index: not a client of a relay
    Duration drift;                   // between the two clocks, within the longest lifetime
    bool judges_peers = false;        // channels and permissions live there as long as the RFC says
    std::optional<Endpoint> relayed;  // the candidate
  };

  void judge_sent(const Step& step, const World& world, const Client& client);
  std::string_view wrong_with(const RelayModel::Allocation& allocation, const Client& client,
                              Bytes bytes, Instant now) const;
  void judge_notice(const Step& step, const World& world, Client& client, const Notice& notice);

  RelayModels models_;
  std::vector<Client> clients_;   // by host
  std::vector<Instant> started_;  // by host: the latest start
};

}  // namespace tickover::sim
