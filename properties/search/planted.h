#pragma once

#include <memory>
#include <string>
#include <vector>

#include "properties/world/small_world.h"
#include "sim/oracles/oracle.h"

namespace tickover::sim {

/// An oracle that objects once every one of the datagrams that it names ("alice>bob question 3.2")
/// was lost: a planted defect of which is known which losses show it.
class Planted final : public Oracle {
 public:
  explicit Planted(std::vector<std::string> losses) : missing_(std::move(losses)) {}
  std::unique_ptr<Oracle> clone() const override { return std::make_unique<Planted>(*this); }
  std::string_view id() const override { return "planted"; }
  std::string_view statement() const override { return "Somebody gets over these losses"; }
  void observe(const Step& step, const World& world) override {
    judged();
    for (const SentRecord& sent : step.sent) {
      if (!sent.has_id || sent.fate.dropped == DropReason::none) continue;
      std::erase(missing_, speakable(world, sent.id));
    }
    if (missing_.empty()) broken(step, "all of them are lost");
  }

 private:
  std::vector<std::string> missing_;
};

/// The small roles, of which talkers are judged by the planted oracle.
inline RoleRegistry planted_roles(const std::vector<std::string>& losses) {
  RoleRegistry roles = small_roles();
  Role talker = *roles.find("talker");
  talker.oracle = [losses](const Plan&) { return std::make_unique<Planted>(losses); };
  roles.add(std::move(talker));
  return roles;
}

}  // namespace tickover::sim
