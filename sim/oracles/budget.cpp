#include "sim/oracles/budget.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/oracles/facts.h"
#include "sim/oracles/words.h"
#include "sim/scenario/text.h"
#include "sim/world/world.h"

namespace tickover::sim {

std::expected<Budget, PlanError> parse_budget(const BudgetSpec& spec, const Plan& plan) {
  auto of = parse_event(spec.of, plan);
  if (!of) return std::unexpected(of.error());
  Budget budget{.of = std::move(*of),
                .most = spec.most,
                .least = spec.least,
                .per = spec.per,
                .from = {},
                .until = {}};
  if (spec.from) {
    auto from = parse_beginning(*spec.from, plan);
    if (!from) return std::unexpected(from.error());
    budget.from = std::move(*from);
  }
  if (spec.until) {
    auto until = parse_statement(*spec.until, plan);
    if (!until) return std::unexpected(until.error());
    budget.until = std::move(*until);
  }
  return budget;
}

BudgetWatch::BudgetWatch(Budget budget) : budget_(std::move(budget)) {
  if (budget_.from) from_.emplace(*budget_.from);
  if (budget_.until) until_.emplace(*budget_.until);
  is_open_ = has_opened_ = !from_;
}

std::string BudgetWatch::see(const Step& step, const World& world, const RunFacts& facts) {
  // What a step does because something has happened belongs to what follows.
  if (from_ && from_->see(step, world, facts)) {
    // Who does it again before he has come to the end of it gets no more for that.
    const bool goes_on =
        is_open_ && (budget_.per || until_) && budget_.from->kind != Expectation::Kind::restarts;
    if (!goes_on) accounts_.clear();
    is_open_ = has_opened_ = true;
  }
  if (until_ && until_->see(step, world, facts)) is_open_ = false;
  if (!is_open_) return {};
  const std::uint64_t times = occurrences(budget_.of, facts, step, world);
  if (times == 0) return {};
  const HostIndex whose = budget_.of.is_each ? step.host : no_index;
  return count(whose, static_cast<std::int64_t>(times), step.time, world);
}

std::string BudgetWatch::count(HostIndex whose, std::int64_t times, Instant now,
                               const World& world) {
  Account& account = accounts_[whose];
  ++judged_;
  account.total += times;
  if (budget_.per || account.occasions.empty()) account.occasions.push_back({now, times});
  while (budget_.per && account.occasions.front().at + *budget_.per <= now) {
    account.total -= account.occasions.front().count;
    account.occasions.pop_front();
  }
  std::int64_t& busiest = busiest_[whose];
  busiest = std::max(busiest, account.total);
  if (!budget_.most || account.total <= *budget_.most) return {};
  const std::string who = whose == no_index ? "" : " of " + name_of(world.plan(), whose);
  const Instant first = account.occasions.front().at;
  const std::string when =
      budget_.per ? fmt::format("in the {} from {}", duration_text(*budget_.per), time_text(first))
                  : fmt::format("from {} to {}", time_text(first), time_text(now));
  return fmt::format("{} times{} {}, more than {}", account.total, who, when, *budget_.most);
}

std::optional<Nearness> BudgetWatch::nearness() const {
  if (!budget_.most) return {};
  Nearness result{.part = ExpectPart::budget,
                  .sentence = budget_.of.sentence,
                  .least = {},
                  .most = budget_.most,
                  .values = {0}};
  for (const auto& [whose, total] : busiest_) {
    result.values[0] = std::max(result.values[0], total);
  }
  return result;
}

std::string BudgetWatch::finish(const World& world) {
  if (!budget_.least || !has_opened_) return {};
  ++judged_;
  const std::vector<HostIndex> all{no_index};
  for (const HostIndex whose : budget_.of.is_each ? budget_.of.subjects : all) {
    const std::int64_t busiest = busiest_[whose];
    if (busiest >= *budget_.least) continue;
    const std::string who = whose == no_index ? "" : " of " + name_of(world.plan(), whose);
    const std::string when = budget_.per ? " in the busiest " + duration_text(*budget_.per) : "";
    return fmt::format("{} times{}{}, fewer than {}", busiest, who, when, *budget_.least);
  }
  return {};
}

}  // namespace tickover::sim
