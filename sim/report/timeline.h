#pragma once

#include <string>
#include <vector>

#include "sim/report/story.h"
#include "sim/world/run.h"

namespace tickover::sim {

/// Keeps the lines of a run for its report, all of them or only those that matter.
class Timeline final : public Watcher {
 public:
  explicit Timeline(bool whole) : whole_(whole) {}
  void see(const Step& step, const World& world) override;

  const std::vector<std::string>& lines() const { return lines_; }
  /// No more than `most` lines, of which some say how many are left out. What tells most stays:
  /// faults, and candidates that come and go; then the rest from both ends of the run; data that
  /// was lost and renewals last.
  std::vector<std::string> shortened(std::size_t most) const;

 private:
  bool whole_;
  std::vector<StoryLine> scratch_;
  std::vector<std::string> lines_;
  std::vector<Interest> interests_;  // of each line
};

}  // namespace tickover::sim
