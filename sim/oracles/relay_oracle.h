#pragma once

#include <vector>

#include "sim/oracles/oracle.h"
#include "sim/oracles/relay_model.h"
#include "sim/world/plan.h"
#include "sim/world/step.h"

namespace tickover::sim {

/// BUGS P13: a relay's allocations, permissions and channels live as long as they should and not a
/// nanosecond longer, judged by what it relays and what it answers.
class RelayTables final : public Oracle {
 public:
  explicit RelayTables(const Plan& plan);
  std::unique_ptr<Oracle> clone() const override { return std::make_unique<RelayTables>(*this); }

  std::string_view id() const override { return "P13"; }
  std::string_view statement() const override {
    return "A relay relays while allocation, permission and channel live, and nothing from the "
           "instant of their end on (BUGS P13; RFC 8656, sections 7 to 12)";
  }
  void observe(const Step& step, const World& world) override;

  /// What it has learnt of that relay.
  const RelayModel& model(HostIndex relay) const { return relays_[relay].model; }

 private:
  struct Asked {
    std::vector<std::uint8_t> bytes;
    Endpoint client;
    Endpoint server;
  };
  struct Relay {
    bool is_relay = false;
    bool is_scripted = false;  // it refuses on cue what it would have granted
    bool has_rate = false;     // so that it may drop data
    RelayLifetimes lifetimes;
    std::uint16_t port = 0;
    RelayModel model;
    std::vector<Asked> opening;  // Allocate requests that wait for their port; the latest few
  };
  /// What the relay has to send because of a datagram.
  struct Due {
    bool must = false;       // it is certain that it has to
    bool may = false;        // it is not certain that it must not
    bool to_client = false;  // as ChannelData or Data indication
    Endpoint local;
    Endpoint remote;
    Endpoint peer;              // to the client: who sent it
    std::uint16_t channel = 0;  // to the client: in this one; 0: a Data indication
    bool channel_is_clear = true;
    Bytes data;
    std::string_view what;
  };

  void learn(const Step& step, const World& world, Relay& relay);
  void learn_answer(const Step& step, const World& world, Relay& relay, Bytes request,
                    const StunGlance& answer, const Endpoint& client, const Endpoint& server);
  void judge_relaying(const Step& step, const World& world, Relay& relay);
  static void leave_towards(const RelayModel::Allocation& allocation, Due& due);
  static Due due_to_peer(const Step& step, Relay& relay);
  static Due due_to_client(const Step& step, RelayModel::Allocation& allocation);
  static bool satisfies(const Due& due, const SentRecord& sent, Bytes bytes);

  std::vector<Relay> relays_;  // by host
};

/// Finds the RelayTables of a world for an oracle that was added after it, so that both see the
/// same step with the same model. Looked for once.
class RelayModels {
 public:
  const RelayModel& of(const World& world, HostIndex relay);

 private:
  std::size_t place_ = ~std::size_t{0};
};

}  // namespace tickover::sim
