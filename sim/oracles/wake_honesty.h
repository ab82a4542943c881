#pragma once

#include <vector>

#include "sim/oracles/oracle.h"
#include "sim/world/plan.h"

namespace tickover::sim {

/// BUGS P1 and P3 in observer's form: deadlines are honest, wake-ups make progress, time is
/// monotone, nothing spins, and a mere tick before the deadline changes nothing.
class WakeHonesty final : public Oracle {
 public:
  explicit WakeHonesty(const Plan& plan) : hosts_(plan.hosts.size()) {}
  std::unique_ptr<Oracle> clone() const override { return std::make_unique<WakeHonesty>(*this); }

  std::string_view id() const override { return "P1"; }
  std::string_view statement() const override {
    return "After a full drain the reported deadline is later than now or absent, and everything "
           "that a machine does at a later instant is covered by it (BUGS P1, P3)";
  }
  void observe(const Step& step, const World& world) override;

  /// So many wake-ups without any output, each within a microsecond of the one before, are a spin.
  static constexpr std::uint32_t most_idle_wakes = 8;

 private:
  struct Host {
    Instant latest_now;
    Instant latest_wake;
    std::uint32_t idle_wakes = 0;
    bool started = false;
  };
  void check_timer(const Step& step, const World& world, Host& host);

  std::vector<Host> hosts_;
};

}  // namespace tickover::sim
