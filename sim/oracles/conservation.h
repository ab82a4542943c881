#pragma once

#include <optional>
#include <vector>

#include "sim/oracles/oracle.h"
#include "sim/world/plan.h"
#include "sim/world/step.h"

namespace tickover::sim {

/// BUGS P22 and E03: the laboratory's own network keeps its books.
class Conservation final : public Oracle {
 public:
  explicit Conservation(const Plan& plan);
  std::unique_ptr<Oracle> clone() const override { return std::make_unique<Conservation>(*this); }

  std::string_view id() const override { return "P22"; }
  std::string_view statement() const override {
    return "Sent, doubled, forged and overheard datagrams are delivered, dropped or in flight; "
           "each arrives over its own link, as it was sent, when its delay is over; no partition "
           "lets one through (BUGS P22, E03)";
  }
  void observe(const Step& step, const World& world) override;

 private:
  struct Window {
    Instant begin;
    Instant end;
  };
  /// One copy of a datagram on its way.
  struct Due {
    Instant at;
    bool has_id = false;
    PacketId id;
    std::uint8_t copy = 0;
    std::optional<std::uint64_t> digest;  // none: the network bends it
    bool operator>(const Due& other) const { return at > other.at; }
  };
  bool is_cut(std::uint32_t direction, Instant at) const;
  void expect_arrivals(const Step& step, const World& world);
  void expect_copies(const SentRecord& sent, Instant now);
  void check_arrival(const Step& step, const World& world);

  std::vector<std::vector<Window>> cuts_;  // by direction; empty if no direction is ever cut
  std::vector<std::uint32_t> moving_;      // faults that cut when they are active
  std::vector<Due> arrivals_;              // a heap, the earliest first
  std::vector<Due> due_now_;               // of the instant that was reached, in no order
};

}  // namespace tickover::sim
