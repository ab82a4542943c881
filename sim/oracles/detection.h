#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/oracles/oracle.h"
#include "sim/world/plan.h"
#include "sim/world/step.h"

namespace tickover::sim {

/// BUGS P9: a client whose relay has fallen silent, or has lost its state, takes its candidate back
/// in time, idle or not, however much it sends. Judged on the client's own clock, from what reached
/// it and not from what was done to the network, so that any cause of silence counts.
class Detection final : public Oracle {
 public:
  explicit Detection(const Plan& plan);
  std::unique_ptr<Oracle> clone() const override { return std::make_unique<Detection>(*this); }

  std::string_view id() const override { return "P9"; }
  std::string_view statement() const override {
    return "A client takes its candidate back within its keep-alive and one give-up of the relay's "
           "last word, and soon after the relay has lost its state (BUGS P9)";
  }
  void observe(const Step& step, const World& world) override;
  void finish(const World& world) override;

 private:
  struct Client {
    HostIndex relay = no_index;  // no_index: not a client of a relay
    Duration keep_alive;
    Duration give_up;
    Duration slack;                      // what the driver may add
    std::optional<Duration> repairs_in;  // at most, after the relay lost its state
    std::uint32_t candidates = 0;
    Instant last_word;  // of the relay; this and what follows: on the client's clock
    std::optional<Instant> forgotten_at;  // the relay lost its state

    /// By when the candidate is gone unless the relay says another word.
    Instant limit() const { return last_word + keep_alive + give_up; }
  };

  void hear(const Step& step, const World& world, Client& client) const;
  void judge(const Step& step, const World& world, const Client& client);
  std::string lateness(const World& world, HostIndex host, Instant now) const;

  std::vector<Client> clients_;  // by host
};

}  // namespace tickover::sim
