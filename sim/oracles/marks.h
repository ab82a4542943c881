#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/oracles/oracle.h"
#include "sim/scenario/mark.h"
#include "sim/world/plan.h"
#include "sim/world/step.h"

namespace tickover::sim {

/// Counts the marks of one run. It never objects; it judges in that it looks at every step.
class Marks final : public Oracle {
 public:
  using Counts = std::array<std::uint64_t, static_cast<std::size_t>(Mark::count_)>;

  explicit Marks(const Plan& plan);
  std::unique_ptr<Oracle> clone() const override { return std::make_unique<Marks>(*this); }

  std::string_view id() const override { return "marks"; }
  std::string_view statement() const override {
    return "Interesting situations are met sometimes (BUGS P23)";
  }
  void observe(const Step& step, const World& world) override;

  const Counts& counts() const { return counts_; }
  std::uint64_t count(Mark mark) const { return counts_[static_cast<std::size_t>(mark)]; }
  /// Every mark in its order, with its count.
  std::vector<std::pair<std::string_view, std::uint64_t>> list() const;
  /// Of the oracles of a world; null if they have none.
  static const Marks* of(const Oracles& oracles);

 private:
  struct Request {
    std::uint64_t key = 0;
    Instant last_sent;
    std::uint32_t copies = 0;
  };
  struct Host {
    std::uint32_t candidates = 0;
    bool lost_one = false;
    std::vector<Endpoint> lost_peers;
    std::array<Request, 16> requests{};
    std::size_t next_request = 0;
    bool is_client = false;
  };
  void add(Mark mark) { ++counts_[static_cast<std::size_t>(mark)]; }
  void see_delivery(const Step& step, const World& world);
  void see_answer(const Step& step, Host& host);
  void see_refusal(const Step& step, const World& world);
  void see_start(const Step& step, const World& world);
  void see_sent(const Step& step);
  void see_notice(Host& host, const Notice& notice);

  Counts counts_{};
  std::vector<Host> hosts_;
  std::vector<Instant> latest_sent_;  // by direction: of what has arrived
};

}  // namespace tickover::sim
