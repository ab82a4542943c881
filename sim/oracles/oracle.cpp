#include "sim/oracles/oracle.h"

#include "sim/world/world.h"

namespace tickover::sim {

void Oracle::broken(const Step& step, std::string what, BreachClass kind) {
  if (breach_) return;
  breach_ = Breach{kind,        std::string(id()), std::string(statement()), std::move(what),
                   step.number, step.time};
}

void Oracle::broken_at_end(const World& world, std::string what, BreachClass kind) {
  if (breach_) return;
  breach_ = Breach{kind,          std::string(id()), std::string(statement()), std::move(what),
                   world.steps(), world.now()};
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
