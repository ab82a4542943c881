#pragma once

#include <string>
#include <vector>

#include "sim/oracles/oracle.h"
#include "sim/oracles/outside_ports.h"
#include "sim/oracles/relay_oracle.h"
#include "sim/world/plan.h"
#include "sim/world/step.h"

namespace tickover::sim {

/// BUGS P8: what a client believes of its relay is so, or is less. It counts its lifetimes from the
/// first copy of a request, so that it needs no slack for the way: judged is the moment of sending,
/// against the model of the relay at that moment. What a client cannot know yet (its relay lost its
/// state, its NAT moved it) leaves no trace in the model and is not judged; nor is what reaches
/// another allocation than its own, because its NAT gave it a port that was in use before.
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

  /// The one of that world; null if it has none.
  static const Belief* of(const World& world);
  /// Whether a NAT led that payload through an allocation other than its client's own, so that it
  /// may have come to anybody, as if from anybody. Only the latest of them are remembered.
  bool has_strayed(const Origin& origin) const;
  /// Whether a NAT gave the host a port from which another allocation was made, so that it gets
  /// what is meant for that one.
  bool stands_for_another(const World& world, HostIndex host) const;
  /// Whether what the client asked was granted for another allocation than its own.
  bool is_mistaken(HostIndex host) const { return clients_[host].is_mistaken; }

 private:
  /// An allocation that a client believes in, and the socket that it asked from.
  struct Believed {
    Endpoint local;
    Endpoint client;  // as the relay sees it
    Endpoint server;
    RelayModel::Id created_by{};
    bool is(const RelayModel::Allocation& a) const {
      return client == a.client && server == a.server && created_by == a.created_by;
    }
  };
  struct Client {
    HostIndex relay = no_index;       // no_index: not a client of a relay
    Duration drift;                   // between the two clocks, within the longest lifetime
    bool judges_peers = false;        // channels and permissions live there as long as the RFC says
    std::optional<Endpoint> relayed;  // the candidate
    std::optional<Believed> believed;
    /// What it asked of its allocation was granted for another, or the other way round.
    bool is_mistaken = false;
  };

  void judge_sent(const Step& step, const World& world, Client& client);
  /// What a relay gives to a client which does not believe in that allocation.
  void note_relayed(const Step& step, const World& world);
  void note_strayed(const Origin& origin);
  void note_mistake(const RelayModel::Allocation& met, Bytes bytes);
  std::string_view wrong_with(const RelayModel::Allocation& allocation, const Client& client,
                              Bytes bytes, Instant now) const;
  void judge_notice(const Step& step, const World& world, Client& client, const Notice& notice);

  RelayModels models_;
  std::vector<Client> clients_;   // by host
  std::vector<Instant> started_;  // by host: the latest start
  OutsidePorts ports_;
  std::vector<Origin> strayed_;
  std::size_t next_strayed_ = 0;
};

}  // namespace tickover::sim
