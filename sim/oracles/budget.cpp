#include "sim/oracles/budget.h"

#include <fmt/format.h>

#include "sim/oracles/facts.h"
#include "sim/oracles/words.h"
#include "sim/scenario/text.h"
#include "sim/world/world.h"

namespace tickover::sim {

std::expected<Budget, PlanError> parse_budget(const BudgetSpec& spec, const Plan& plan) {
  auto of = parse_event(spec.of, plan);
  if (!of) return std::unexpected(of.error());
  Budget budget{.of = std::move(*of), .most = spec.most, .per = spec.per, .from = {}, .until = {}};
  for (const auto& [sentence, target] :
       {std::pair(&spec.from, &budget.from), {&spec.until, &budget.until}}) {
    if (!*sentence) continue;
    auto statement = parse_statement(**sentence, plan);
    if (!statement) return std::unexpected(statement.error());
    *target = std::move(*statement);
  }
  return budget;
}

BudgetWatch::BudgetWatch(Budget budget) : budget_(std::move(budget)) {
  if (budget_.from) from_.emplace(*budget_.from);
  if (budget_.until) until_.emplace(*budget_.until);
  is_open_ = !from_;
}

std::string BudgetWatch::see(const Step& step, const World& world, const RunFacts& facts) {
  // What a step does because something has happened belongs to what follows.
  if (from_ && from_->see(step, world, facts)) {
    // Who does it again before he has come to the end of it gets no more for that.
    const bool goes_on =
        is_open_ && (budget_.per || until_) && budget_.from->kind != Expectation::Kind::restarts;
    if (!goes_on) accounts_.clear();
    is_open_ = true;
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
  if (account.total <= budget_.most) return {};
  const std::string who = whose == no_index ? "" : " of " + name_of(world.plan(), whose);
  const Instant first = account.occasions.front().at;
  const std::string when =
      budget_.per ? fmt::format("in the {} from {}", duration_text(*budget_.per), time_text(first))
                  : fmt::format("from {} to {}", time_text(first), time_text(now));
  return fmt::format("{} times{} {}, more than {}", account.total, who, when, budget_.most);
}

}  // namespace tickover::sim
