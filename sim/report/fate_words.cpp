#include "sim/report/fate_words.h"

#include <fmt/core.h>

namespace tickover::sim {

std::string fate_words(const Fate& fate) {
  std::string words;
  if (fate.dropped != DropReason::none) {
    words += fmt::format(": lost ({})", name_of(fate.dropped));
  } else if (fate.corrupted) {
    words += ": corrupted";
  }
  if (fate.truncated) words += fmt::format(": cut to {} bytes", fate.kept);
  if (fate.congested) words += ": congestion marked";
  if (fate.copies > 1) words += ": duplicated";
  if (fate.reordered) words += ": held back";
  return words;
}

}  // namespace tickover::sim
