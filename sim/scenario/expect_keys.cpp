// The keys of [expect].
#include "sim/scenario/keys.h"
#include "sim/scenario/mark.h"

namespace tickover::sim {
namespace {

using enum ValueType;

constexpr std::int64_t most_in_budget = 1'000'000;  // so many instants are kept in mind

}  // namespace

const Keys& expect_keys() {
  static const Keys keys = {
      {.name = "finally", .type = texts, .help = "states that hold at the end"},
      {.name = "always", .type = texts, .help = "states that hold from always-from on"},
      {.name = "always-from", .type = duration, .help = "when `always` begins to count"},
      {.name = "never", .type = texts, .help = "events that do not happen"},
      {.name = "count",
       .type = tables,
       .help = "how often events happen",
       .children = count_keys()},
      {.name = "within",
       .type = texts,
       .help = "what is so in time: \"alice has an allocation within 30s after relay restarts\"; "
               "\"after the heal\"; from the start of the run if nothing is said"},
      {.name = "budget",
       .type = tables,
       .help = "how often events happen at most in any stretch of time",
       .children = budget_keys()},
      {.name = "fairness",
       .type = tables,
       .help = "how evenly an event comes to all of a group, by Jain's index",
       .children = fairness_keys()},
      {.name = "probability",
       .type = tables,
       .help = "how likely a run keeps a claim; decided by a sweep over seeds",
       .children = probability_keys()},
      {.name = "marks",
       .type = texts,
       .help = "situations that some seed of a sweep meets; a single run only says whether it did",
       .choices = mark_names()},
      {.name = "heal",
       .type = table,
       .help = "faults off; all that is finally so is so again in time",
       .children = heal_keys()},
  };
  return keys;
}

const Keys& count_keys() {
  static const Keys keys = {
      {.name = "of", .type = text, .help = "the event", .required = true},
      {.name = "is", .type = integer, .help = "how often it happens", .required = true},
  };
  return keys;
}

const Keys& budget_keys() {
  static const Keys keys = {
      {.name = "of",
       .type = text,
       .help = "the event, such as \"alice sends requests\"; \"every client sends …\" counts each "
               "host of a group apart",
       .required = true},
      {.name = "most",
       .type = integer,
       .help = "how often it may happen",
       .fixed = true,
       .most = most_in_budget},
      {.name = "least",
       .type = integer,
       .help = "how often it must happen in some such stretch of time",
       .fixed = true,
       .least = 1,
       .most = most_in_budget},
      {.name = "per",
       .type = duration,
       .help = "in any stretch of time as long as this; in all if absent",
       .fixed = true,
       .least = 1},
      {.name = "from",
       .type = text,
       .help = "the event or state from which it counts, each time anew; the start if absent"},
      {.name = "until", .type = text, .help = "the event or state that ends it"},
  };
  return keys;
}

const Keys& fairness_keys() {
  static const Keys keys = {
      {.name = "of",
       .type = text,
       .help = "the event, which comes to each of several hosts: \"client gets an allocation\"; "
               "compared is how long that takes",
       .required = true},
      {.name = "after",
       .type = text,
       .help = "the event or state from which it counts, each time anew; the start if absent"},
      {.name = "until",
       .type = text,
       .help = "the event that ends the count of a host; then compared is how often `of` comes to "
               "each"},
      {.name = "at-least",
       .type = probability,
       .help = "the least index: 100% where all fare alike, 1/n where one of n has it all",
       .fixed = true},
      {.name = "at-most", .type = probability, .help = "the highest index", .fixed = true},
  };
  return keys;
}

const Keys& probability_keys() {
  static const Keys keys = {
      {.name = "of",
       .type = text,
       .help = "what a run keeps or not: \"alice has an allocation within 10s\", a state at the "
               "end, or an event that happens",
       .required = true},
      {.name = "at-least", .type = probability, .help = "the least probability", .fixed = true},
      {.name = "at-most", .type = probability, .help = "or the most", .fixed = true},
      {.name = "margin",
       .type = probability,
       .help = "so near to it either verdict may come (5%; near 0% or 100% half of the way there)",
       .fixed = true},
      {.name = "confidence",
       .type = probability,
       .help = "how sure a verdict is if the probability lies outside the margin (99%)",
       .fixed = true},
      {.name = "seeds",
       .type = integer,
       .help = "how many seeds a sweep draws before it leaves the matter undecided (10000)",
       .fixed = true,
       .least = 1,
       .most = 1'000'000'000},
  };
  return keys;
}

const Keys& heal_keys() {
  static const Keys keys = {
      {.name = "at", .type = duration, .help = "when the faults end", .required = true},
      {.name = "within",
       .type = duration,
       .help = "how long recovery may take; \"policy\" computes it",
       .choices = {"policy"},
       .fixed = true},
  };
  return keys;
}

}  // namespace tickover::sim
