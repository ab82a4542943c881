#pragma once

#include <vector>

#include "sim/oracles/oracle.h"
#include "sim/world/plan.h"
#include "sim/world/step.h"

namespace tickover::sim {

/// Finds the flow that an application payload belongs to, by the key in its first eight bytes.
class FlowIndex {
 public:
  explicit FlowIndex(const Plan& plan);
  /// Flow and number, if some flow has that key.
  std::optional<Origin> find(Bytes payload) const;

 private:
  struct Entry {
    std::uint64_t key;
    std::uint32_t flow;
    auto operator<=>(const Entry&) const = default;
  };
  std::vector<Entry> entries_;  // sorted
};

/// BUGS P11: what a machine hands to its application is what another application sent, whole, at
/// the right place, from the right address, and no more often than the network doubled it. A
/// network that corrupts or forges what reaches an application breaks this statement as a machine
/// would: that is the canary.
class Delivery final : public Oracle {
 public:
  explicit Delivery(const Plan& plan);
  std::unique_ptr<Oracle> clone() const override { return std::make_unique<Delivery>(*this); }

  std::string_view id() const override { return "P11"; }
  std::string_view statement() const override {
    return "Every delivered payload is byte-identical to one sent, from the right address, to the "
           "right host, at most as often as the network copied it (BUGS P11)";
  }
  void observe(const Step& step, const World& world) override;

 private:
  /// What is known of one payload: a slot of its flow's window.
  struct Sent {
    std::uint64_t number = 0;
    Instant at;
    Endpoint from;  // of a host that announces nothing: as the network saw it
    Endpoint to;
    std::uint16_t network_copies = 0;
    std::uint16_t delivered = 0;
    std::uint16_t echoed = 0;
    bool accepted = false;
  };
  struct Flow {
    std::vector<Sent> window;  // slot: number modulo size
    std::uint64_t latest = 0;
  };
  struct Candidate {
    Endpoint address;
    Instant since;
    Instant until = Instant::never();  // simulated, like `since`
    bool is_held(Instant at) const { return since <= at && at <= until; }
  };
  struct Candidates {
    std::vector<Candidate> recent;  // every address announced, the latest last
    void add(const Endpoint& e, Instant now);
    void remove(const Endpoint& e, Instant now);
    void remove_all(Instant now);
    bool has(const Endpoint& e) const;
    /// Whether it has it, or took it back no earlier than `at`.
    bool has_since(const Endpoint& e, Instant at) const;
  };

  Sent* slot(const Origin& origin);
  void note_command(const Step& step);
  void note_copies(const Step& step);
  void judge(const Step& step, const World& world, const Notice& notice);
  /// Whether it may reach whoever is neither end, as the latest to have the address that it was
  /// sent to. Of what is too old to be remembered (null), any address of the addressee counts.
  bool is_heir_of_addressee(const FlowPlan& flow, const Sent* sent, HostIndex receiver) const;
  /// Whether an echo of it may, as the latest to have an address that the sender had then.
  bool is_heir_of_sender(const FlowPlan& flow, const Sent& sent, HostIndex receiver) const;
  bool is_intact(const Plan& plan, const Origin& origin, Bytes payload);

  FlowIndex index_;
  std::vector<Flow> flows_;
  std::vector<Candidates> candidates_;  // by host
  std::vector<std::uint8_t> expected_;  // scratch
};

}  // namespace tickover::sim
