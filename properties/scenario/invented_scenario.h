#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/random.h"
#include "sim/scenario/scenario.h"

namespace tickover::sim {

/// Scenario values over the roles of registry.h that a file may hold, with odd names and texts, but
/// nothing that a file could not say. One word of randomness gives one scenario.
class ScenarioMaker {
 public:
  explicit ScenarioMaker(std::uint64_t key) : random_(key) {}

  Scenario make();

 private:
  bool maybe() { return random_.chance(Ratio(1, 2)); }
  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }
  std::string pick(const std::vector<std::string>& words) { return words[below(words.size())]; }

  std::string odd_text();
  std::string new_name();
  Duration duration(std::int64_t least = 0);
  Range<Duration> durations(std::int64_t least = 0);
  Range<std::int64_t> integers(std::int64_t least, std::int64_t most);
  Range<Ratio> probabilities();
  NatBehaviour behaviour() { return static_cast<NatBehaviour>(below(3)); }

  template <class T, class F>
  void sometimes(T& target, F make) {
    if (maybe()) target = make();
  }

  NatSpec nat();
  HostSpec host();
  Settings settings();
  LinkConditions conditions();
  void add_weather(LinkConditions& conditions);
  LinkSpec link();
  TrafficSpec traffic();
  PacketMatch match();
  FaultAction action();
  ExpectSpec expect();
  std::vector<Sentence> sentences();

  Random random_;
  std::vector<std::string> hosts_;  // names of single hosts and groups
  std::vector<std::string> singles_;
  std::vector<std::string> nats_;
};

}  // namespace tickover::sim
