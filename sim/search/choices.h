#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "core/random.h"

namespace tickover::sim {

/// Where an inventor's decisions come from: bounded integers. 0 is always the simplest choice, so
/// that whoever makes the numbers smaller or fewer makes the invention simpler.
class Choices {
 public:
  virtual ~Choices() = default;
  /// In [0, bound); `bound` > 0.
  virtual std::uint64_t below(std::uint64_t bound) = 0;

  bool chance(std::uint64_t one_in) { return below(one_in) == one_in - 1; }
};

/// Uniform choices that follow from a seed.
class SeededChoices final : public Choices {
 public:
  explicit SeededChoices(std::uint64_t seed) : random_(seed) {}
  std::uint64_t below(std::uint64_t bound) override { return random_.below(bound); }

 private:
  Random random_;
};

/// Choices that somebody wrote down, or that a shrinker makes; 0 once they are used up.
class RecordedChoices final : public Choices {
 public:
  explicit RecordedChoices(std::vector<std::uint64_t> words) : words_(std::move(words)) {}
  std::uint64_t below(std::uint64_t bound) override {
    return next_ < words_.size() ? words_[next_++] % bound : 0;
  }

 private:
  std::vector<std::uint64_t> words_;
  std::size_t next_ = 0;
};

}  // namespace tickover::sim
