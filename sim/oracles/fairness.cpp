#include "sim/oracles/fairness.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/oracles/facts.h"
#include "sim/oracles/jain_index.h"
#include "sim/oracles/words.h"
#include "sim/scenario/text.h"
#include "sim/world/world.h"

namespace tickover::sim {
namespace {

/// Why bounds on the index of `hosts` say nothing, or ask for what cannot be.
std::string senseless(const FairnessSpec& spec, std::size_t hosts) {
  if (hosts < 2) return "fairness is among several hosts, and this is of one";
  const Ratio lowest(1, static_cast<std::uint32_t>(hosts));
  if (spec.at_least && *spec.at_least <= lowest) {
    return fmt::format("`at-least` {} says nothing: Jain's index of {} is never below {}",
                       probability_text(*spec.at_least), hosts, probability_text(lowest));
  }
  if (spec.at_most && *spec.at_most >= Ratio(1, 1)) {
    return "`at-most` 100% says nothing: Jain's index is never above";
  }
  if (spec.at_most && *spec.at_most < lowest) {
    return fmt::format("`at-most` {} cannot be: Jain's index of {} is never below {}",
                       probability_text(*spec.at_most), hosts, probability_text(lowest));
  }
  return {};
}

}  // namespace

std::expected<Fairness, PlanError> parse_fairness(const FairnessSpec& spec, const Plan& plan) {
  auto of = parse_event(spec.of, plan);
  if (!of) return std::unexpected(of.error());
  if (const std::string why = senseless(spec, of->subjects.size()); !why.empty()) {
    return std::unexpected(PlanError{spec.of.place, fmt::format("\"{}\": {}", spec.of.text, why)});
  }
  Fairness fairness{.of = std::move(*of),
                    .after = {},
                    .until = {},
                    .at_least = spec.at_least,
                    .at_most = spec.at_most};
  if (spec.after) {
    auto after = parse_beginning(*spec.after, plan);
    if (!after) return std::unexpected(after.error());
    fairness.after = std::move(*after);
  }
  if (spec.until) {
    auto until = parse_event(*spec.until, plan);
    if (!until) return std::unexpected(until.error());
    if (until->subjects != fairness.of.subjects) {
      return std::unexpected(
          PlanError{spec.until->place, fmt::format("\"{}\": it is not of the same hosts as \"{}\"",
                                                   spec.until->text, spec.of.text)});
    }
    fairness.until = std::move(*until);
  }
  return fairness;
}

FairnessWatch::FairnessWatch(Fairness fairness) : fairness_(std::move(fairness)) {
  if (fairness_.after) {
    trigger_.emplace(*fairness_.after);
  } else {
    open(Instant{});
  }
}

void FairnessWatch::open(Instant from) {
  from_ = from;
  missing_ = fairness_.of.subjects.size();
  shares_.assign(missing_, Share{});
}

std::string FairnessWatch::see(const Step& step, const World& world, const RunFacts& facts) {
  // What a step does because something has happened belongs to what follows.
  if (trigger_ && trigger_->see(step, world, facts)) open(step.time);
  if (!from_ || step.host == no_index) return {};
  const auto& subjects = fairness_.of.subjects;
  const auto at = std::ranges::lower_bound(subjects, step.host);
  if (at == subjects.end() || *at != step.host) return {};
  Share& share = shares_[static_cast<std::size_t>(at - subjects.begin())];
  if (share.is_final) return {};
  take(share, step, world, facts);
  if (!share.is_final || --missing_ > 0) return {};
  return judge(world);
}

void FairnessWatch::take(Share& share, const Step& step, const World& world,
                         const RunFacts& facts) {
  if (fairness_.until) {
    share.is_final = occurrences(*fairness_.until, facts, step, world) > 0;
    if (share.is_final) return;
    share.amount += static_cast<std::int64_t>(occurrences(fairness_.of, facts, step, world));
  } else if (occurrences(fairness_.of, facts, step, world) > 0) {
    share = {.amount = (step.time - *from_).count(), .is_final = true};
  }
}

std::string FairnessWatch::judge(const World& world) {
  ++judged_;
  const Instant from = *from_;
  from_.reset();
  std::vector<std::int64_t> amounts;
  for (const Share& share : shares_) amounts.push_back(share.amount);
  const JainIndex index(amounts);
  const bool too_low = fairness_.at_least && index < *fairness_.at_least;
  const bool too_high = fairness_.at_most && index > *fairness_.at_most;
  if (!too_low && !too_high) return {};
  const auto [least, most] = std::ranges::minmax_element(amounts);
  const auto who = [&](auto amount) {
    const auto number = static_cast<std::size_t>(amount - amounts.begin());
    return name_of(world.plan(), fairness_.of.subjects[number]) + " " + amount_text(*amount);
  };
  return fmt::format("Jain's index of {} each of {}, counted from {}, is {}, {} than {}; {}, {}",
                     fairness_.until ? "how often it came to" : "the times until it came to",
                     amounts.size(), time_text(from), index.text(), too_low ? "less" : "more",
                     probability_text(too_low ? *fairness_.at_least : *fairness_.at_most),
                     who(least), who(most));
}

std::string FairnessWatch::amount_text(std::int64_t amount) const {
  if (fairness_.until) return amount == 1 ? "once" : fmt::format("{} times", amount);
  return "after " + time_text(Duration::nanoseconds(amount));
}

std::string FairnessWatch::finish(const World& world) {
  if (!from_) return {};
  ++judged_;
  const auto first = std::ranges::find(shares_, false, &Share::is_final);
  const auto number = static_cast<std::size_t>(first - shares_.begin());
  const std::string what = fairness_.until ? "\"" + fairness_.until->sentence.text + "\"" : "it";
  const std::string more = missing_ > 1 ? fmt::format(" and {} more", missing_ - 1) : "";
  return fmt::format("{} has not happened to {}{} by the end, counted from {}", what,
                     name_of(world.plan(), fairness_.of.subjects[number]), more, time_text(*from_));
}

}  // namespace tickover::sim
