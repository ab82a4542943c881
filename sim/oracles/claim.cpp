#include "sim/oracles/claim.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/oracles/facts.h"
#include "sim/oracles/words.h"
#include "sim/scenario/nearest.h"
#include "sim/scenario/text.h"
#include "sim/world/world.h"

namespace tickover::sim {
namespace {

constexpr std::string_view within_word = " within ";
constexpr std::string_view after_word = " after ";

/// When the times of a claim begin, where that is known before the run.
std::optional<Instant> known_start(const Claim& claim, const Plan& plan) {
  if (claim.from == Claim::From::start) return Instant{};
  if (claim.from == Claim::From::heal) return plan.heal_at;
  return {};
}

}  // namespace

std::expected<Expectation, PlanError> parse_beginning(const Sentence& sentence, const Plan& plan) {
  auto statement = parse_statement(sentence, plan);
  if (!statement || statement->kind != Expectation::Kind::restarts) return statement;
  const auto reboots_some = [&](const FaultPlan& fault) {
    return std::holds_alternative<Reboot>(fault.spec->action) &&
           std::ranges::find(statement->subjects, fault.host) != statement->subjects.end();
  };
  if (std::ranges::any_of(plan.faults, reboots_some)) return statement;
  return std::unexpected(PlanError{
      sentence.place, quoted(sentence.text) + " never happens: no [[fault]] has such a `reboot`"});
}

std::expected<Claim, PlanError> parse_claim(const Sentence& sentence, const Plan& plan,
                                            bool may_lack_time) {
  const auto error = [&](std::string what) {
    return std::unexpected(
        PlanError{sentence.place, quoted(sentence.text) + ": " + std::move(what)});
  };
  const std::string& text = sentence.text;
  const std::size_t at = text.find(within_word);
  if (at == std::string::npos && !may_lack_time) {
    return error("how long it may take is missing: \"… within 30s\", \"… within 30s after …\"");
  }
  auto what = parse_statement({text.substr(0, at), sentence.place}, plan);
  if (!what) return std::unexpected(what.error());
  Claim claim{.what = std::move(*what), .within = {}, .after = {}, .sentence = sentence};
  if (at == std::string::npos) return claim;
  std::string time = text.substr(at + within_word.size());
  const std::size_t cut = time.find(after_word);
  const std::string after = cut == std::string::npos ? "" : time.substr(cut + after_word.size());
  time = time.substr(0, cut);
  const auto within = parse_duration(time);
  if (!within) return error(within.error().what);
  if (*within <= Duration{}) return error("it takes more than no time");
  claim.within = *within;
  if (after == "the heal") {
    claim.from = Claim::From::heal;
    if (plan.heal_at == Instant::never()) return error("there is no `heal` in [expect]");
  } else if (cut != std::string::npos) {
    claim.from = Claim::From::statement;
    auto statement = parse_beginning({after, sentence.place}, plan);
    if (!statement) return std::unexpected(statement.error());
    claim.after = std::move(*statement);
  }
  const auto start = known_start(claim, plan);
  if (start && *start + *within > Instant::at(plan.duration)) {
    return error(fmt::format("the run is over after {}, before it can be judged",
                             duration_text(plan.duration)));
  }
  return claim;
}

bool Trigger::see(const Step& step, const World& world, const RunFacts& facts) {
  if (!statement_.is_state()) return occurrences(statement_, facts, step, world) > 0;
  // What is heard lapses without news.
  const bool lapses = statement_.kind == Expectation::Kind::hears;
  if (!lapses && version_ == facts.version()) return false;
  version_ = facts.version();
  const bool holds = why_not(statement_, facts, world, step.time).empty();
  const bool comes = holds && !held_;
  held_ = holds;
  return comes;
}

ClaimWatch::ClaimWatch(Claim claim, const Plan& plan) : claim_(std::move(claim)) {
  if (claim_.after) trigger_.emplace(*claim_.after);
  if (const auto start = known_start(claim_, plan)) open(*start);
}

void ClaimWatch::open(Instant from) {
  from_ = from;
  came_to_hold_ = false;
  happened_.clear();
  since_.reset();
  version_.reset();
  why_not_.clear();
}

void ClaimWatch::note_kept(Instant from) {
  // As it was from the start, unless it is known when it came to be so.
  took_.push_back((std::max(since_.value_or(from), from) - from).count());
}

std::optional<Nearness> ClaimWatch::nearness() const {
  if (!claim_.within) return {};
  Nearness result{.part = ExpectPart::within,
                  .sentence = claim_.sentence,
                  .least = {},
                  .most = claim_.within->count()};
  // When hearing began again leaves no trace.
  if (claim_.what.kind != Expectation::Kind::hears) result.values = took_;
  return result;
}

bool ClaimWatch::has_happened() const {
  if (!claim_.what.is_each) return !happened_.empty();
  return happened_.size() == claim_.what.subjects.size();
}

void ClaimWatch::come_again(Instant now, const World& world, const RunFacts& facts) {
  const bool starts_anew = claim_.after->kind == Expectation::Kind::restarts;
  const bool is_kept = from_ && was_kept(now, world, facts);
  if (from_ && !is_kept && !starts_anew) {
    next_ = now;
    return;
  }
  if (is_kept) {
    ++judged_;
    note_kept(*from_);
  }
  next_.reset();
  open(now);
}

/// What was believed at first and given up since does not count.
bool ClaimWatch::was_kept(Instant now, const World& world, const RunFacts& facts) const {
  if (!claim_.what.is_state()) return has_happened();
  if (came_to_hold_) return true;
  if (claim_.what.kind == Expectation::Kind::hears) {
    return sim::why_not(claim_.what, facts, world, now).empty();
  }
  return version_ && why_not_.empty();
}

std::string ClaimWatch::judge(Instant at, const World& world, const RunFacts& facts) {
  const Plan& plan = world.plan();
  ++judged_;
  std::string why;
  if (!claim_.what.is_state()) {
    for (const HostIndex host : claim_.what.subjects) {
      if (has_happened() || std::ranges::find(happened_, host) != happened_.end()) continue;
      why = claim_.what.is_each ? "it has not happened to " + name_of(plan, host)
                                : "it has not happened";
      break;
    }
  } else if (claim_.what.kind == Expectation::Kind::hears) {
    why = sim::why_not(claim_.what, facts, world, at);
  } else {
    // Nothing has happened since the time began to run: it is as it was.
    why = version_ ? why_not_ : sim::why_not(claim_.what, facts, world, at);
  }
  const Instant from = *from_;
  from_.reset();
  const auto next = std::exchange(next_, {});
  if (why.empty()) {
    note_kept(from);
    // An event that has happened by now had not when it came again.
    if (next && claim_.what.is_state()) from_ = next;
    came_to_hold_ = false;
    return {};
  }
  failed_at_ = at;
  return fmt::format("{} by {}, counted from {}", why, time_text(at), time_text(from));
}

std::string ClaimWatch::before(const Step& step, const World& world, const RunFacts& facts) {
  if (!claim_.within) return {};
  while (from_ && *from_ + *claim_.within < step.time) {
    std::string why = judge(*from_ + *claim_.within, world, facts);
    if (!why.empty()) return why;
  }
  return {};
}

void ClaimWatch::after(const Step& step, const World& world, const RunFacts& facts) {
  const bool runs = from_ && step.time >= *from_;
  if (runs && !claim_.what.is_state() && occurrences(claim_.what, facts, step, world) > 0 &&
      std::ranges::find(happened_, step.host) == happened_.end()) {
    happened_.push_back(step.host);
    if (has_happened()) since_ = step.time;
  }
  if (trigger_ && trigger_->see(step, world, facts)) come_again(step.time, world, facts);
  if (from_ && claim_.what.is_state() && version_ != facts.version()) {
    std::string why = sim::why_not(claim_.what, facts, world, step.time);
    const bool held = version_ && why_not_.empty();
    if (why.empty() && !held) since_ = step.time;
    came_to_hold_ = came_to_hold_ || (version_ && !held && why.empty());
    version_ = facts.version();
    why_not_ = std::move(why);
  }
}

std::string ClaimWatch::finish(const World& world, const RunFacts& facts) {
  const Instant end = Instant::at(world.plan().duration);
  while (from_) {
    const Instant due = claim_.within ? *from_ + *claim_.within : end;
    if (due > end) break;
    std::string why = judge(due, world, facts);
    if (!why.empty()) return why;
  }
  return {};
}

}  // namespace tickover::sim
