#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/search/sweep.h"

namespace tickover::sim {

/// What became of one case of a sweep.
struct FinishedCase {
  std::size_t item = 0;
  Outcome outcome;
  std::string shape;  // of a failure
  bool is_twice = false;
  Duration busy;
  std::optional<PlanError> refused;
  std::uint64_t seed = 0;
};

/// What one run has to say to matters that many decide.
struct Evidence {
  std::vector<Trial> trials;
  std::vector<std::uint64_t> demanded;
};

/// What one worker found out about one scenario. Merging is commutative, so that the order in
/// which workers finish never shows.
struct Tally {
  SweepRow row;
  std::vector<std::uint64_t> digests;
  std::map<std::uint64_t, Evidence> evidence;  // by seed

  void add(const FinishedCase& finished);
  void merge(const Tally& other);

 private:
  void add_failure(const std::string& shape, const Failure& failure);
  void refuse(const std::string& error, Place place, std::uint64_t seed);
};

}  // namespace tickover::sim
