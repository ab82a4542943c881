#include "sim/oracles/oracle.h"

#include <array>

#include "sim/world/world.h"

namespace tickover::sim {

std::string_view name_of(ExpectPart part) {
  constexpr std::array<std::string_view, 8> names = {"finally", "always", "never",    "count",
                                                     "within",  "budget", "fairness", "heal"};
  return names[static_cast<std::size_t>(part)];
}

void Oracle::broken(const Step& step, std::string what, BreachClass kind,
                    std::optional<Broken> of) {
  if (breach_) return;
  breach_ = Breach{.breach_class = kind,
                   .oracle = std::string(id()),
                   .statement = std::string(statement()),
                   .what = std::move(what),
                   .step = step.number,
                   .time = step.time,
                   .of = std::move(of)};
}

void Oracle::broken_at_end(const World& world, std::string what, BreachClass kind,
                           std::optional<Broken> of) {
  if (breach_) return;
  breach_ = Breach{.breach_class = kind,
                   .oracle = std::string(id()),
                   .statement = std::string(statement()),
                   .what = std::move(what),
                   .step = world.steps(),
                   .time = world.now(),
                   .is_at_end = true,
                   .of = std::move(of)};
}

Oracles::Oracles(const Oracles& other) {
  all_.reserve(other.all_.size());
  for (const auto& oracle : other.all_) all_.push_back(oracle->clone());
}

Oracles& Oracles::operator=(const Oracles& other) {
  if (this != &other) *this = Oracles(other);
  return *this;
}

const Breach* Oracles::breach() const {
  for (const auto& oracle : all_) {
    if (oracle->breach()) return &*oracle->breach();
  }
  return nullptr;
}

}  // namespace tickover::sim
