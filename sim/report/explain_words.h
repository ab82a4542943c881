#pragma once

#include <string>
#include <vector>

#include "sim/network/link.h"
#include "sim/scenario/scenario.h"
#include "sim/scenario/text.h"
#include "sim/world/plan.h"

namespace tickover::sim {

/// "37ms (of 20ms..80ms)"; the value alone if it was no range. A range that is still one, because
/// each member of a group draws for itself, is said as such.
inline std::string drawn_text(const Range<Duration>& written, const Range<Duration>& drawn) {
  if (written.is_fixed()) return duration_text(written.low);
  if (!drawn.is_fixed()) return range_text(written) + " (each its own)";
  return duration_text(drawn.low) + " (of " + range_text(written) + ")";
}
inline std::string drawn_text(const Range<Ratio>& written, const Range<Ratio>& drawn) {
  const auto text = [](const Range<Ratio>& range) {
    return range == Range<Ratio>(Ratio(1, 1)) ? std::string("100%") : range_text(range);
  };
  if (written.is_fixed()) return text(written);
  if (!drawn.is_fixed()) return text(written) + " (each its own)";
  return text(drawn) + " (of " + text(written) + ")";
}
inline std::string drawn_text(const Range<std::int64_t>& written,
                              const Range<std::int64_t>& drawn) {
  if (written.is_fixed()) return std::to_string(written.low);
  if (!drawn.is_fixed()) return range_text(written) + " (each its own)";
  return std::to_string(drawn.low) + " (of " + range_text(written) + ")";
}

/// "a, b and c".
std::string and_list(const std::vector<std::string>& words);

/// What conditions do to packets, a phrase each: "takes 37ms", "loses 1%". `drawn` are the same
/// with what was drawn of their ranges, but for those inside of a condition, such as the period of
/// a burst: these are in `inner`, null where each of several links draws for itself.
std::vector<std::string> condition_words(const LinkConditions& written, const LinkConditions& drawn,
                                         const Conditions* inner);

/// Faults, the heal and the end, in order of time.
std::vector<std::string> timeline_words(const Plan& plan);

}  // namespace tickover::sim
