#include "sim/report/timeline.h"

#include <fmt/core.h>

#include <algorithm>

namespace tickover::sim {
namespace {

/// The indices below `count` that `is_wanted`, from both ends to the middle.
template <class Wanted>
std::vector<std::size_t> from_both_ends(std::size_t count, Wanted is_wanted) {
  std::vector<std::size_t> wanted;
  for (std::size_t i = 0; i < count; ++i) {
    if (is_wanted(i)) wanted.push_back(i);
  }
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    result.push_back(i % 2 == 0 ? wanted[i / 2] : wanted[wanted.size() - 1 - i / 2]);
  }
  return result;
}

/// The lines that it takes to show those that are kept, with one for each gap.
std::size_t lines_for(const std::vector<bool>& kept) {
  std::size_t lines = 0;
  bool was_kept = true;
  for (const bool is_kept : kept) {
    if (is_kept || was_kept) ++lines;
    was_kept = is_kept;
  }
  return lines;
}

}  // namespace

void Timeline::see(const Step& step, const World& world) {
  scratch_.clear();
  tell(step, world, scratch_);
  for (const StoryLine& line : scratch_) {
    if (!whole_ && line.weight == Weight::trace) continue;
    lines_.push_back(fmt::format("{:>16}  {}", seconds_text(step.time), line.message));
    interests_.push_back(line.interest);
  }
}

std::vector<std::string> Timeline::shortened(std::size_t most) const {
  if (lines_.size() <= most) return lines_;
  std::vector<bool> kept(lines_.size());
  for (const Interest interest :
       {Interest::turning, Interest::telling, Interest::ordinary, Interest::routine}) {
    bool has_room = true;
    for (const std::size_t i : from_both_ends(
             lines_.size(), [&](std::size_t line) { return interests_[line] == interest; })) {
      kept[i] = true;
      has_room = lines_for(kept) <= most;
      if (has_room) continue;
      kept[i] = false;
      break;
    }
    if (!has_room) break;
  }
  std::vector<std::string> result;
  for (std::size_t i = 0; i < lines_.size();) {
    if (kept[i]) {
      result.push_back(lines_[i++]);
      continue;
    }
    const std::size_t from = i;
    while (i < lines_.size() && !kept[i]) ++i;
    result.push_back(
        fmt::format("{:>16}  ({} {} left out)", "...", i - from, i - from == 1 ? "line" : "lines"));
  }
  return result;
}

}  // namespace tickover::sim
