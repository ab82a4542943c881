#include "sim/search/exhaust.h"

#include <algorithm>
#include <limits>
#include <thread>

#include "sim/oracles/expectation.h"
#include "sim/search/loss_walk.h"
#include "sim/search/spell_out.h"
#include "sim/world/recovery.h"

namespace tickover::sim {
namespace {

/// What the roles' policies promise once nothing is lost any more, as for a heal.
Duration policy_bound(const Plan& plan) {
  const Duration bound = longest_recovery(plan);
  return bound == Duration{} ? plan.duration : bound + plan.longest_round_trip() * 2;
}

/// Whether a scenario is sound and holds.
bool holds(const Scenario& scenario, const LossRules& rules, const RoleRegistry& registry) {
  const auto plan = make_plan(scenario, rules.plan->seed, registry);
  return plan && check_expectations(**plan).empty() &&
         run_case(*plan, rules.limits).exit == ExitCode::held;
}

/// Leaves in a list of [expect] what can be asked for where a run ends as early as this one: what
/// would not hold then without any loss either is not to blame on losses.
template <class List>
void keep_what_can_be_asked(const Scenario& lossless, List list, Scenario& scenario,
                            const LossRules& rules, const RoleRegistry& registry) {
  std::erase_if(list(scenario.expect), [&](const auto& each) {
    Scenario alone = lossless;
    alone.expect = {.always_from = lossless.expect.always_from};
    list(alone.expect) = {each};
    return !holds(alone, rules, registry);
  });
}

/// What the scenario asks for where it ends early; of a history that is not in time, also the goal
/// if it can be said.
void expect_in_time(Scenario& scenario, const LossTally::Failing& failing, const LossRules& rules,
                    const RoleRegistry& registry) {
  Scenario lossless = scenario;
  lossless.faults = rules.plan->scenario.faults;
  const auto keep = [&](auto list) {
    keep_what_can_be_asked(lossless, list, scenario, rules, registry);
  };
  keep([](ExpectSpec& e) -> auto& { return e.finally_; });
  keep([](ExpectSpec& e) -> auto& { return e.always; });
  keep([](ExpectSpec& e) -> auto& { return e.count; });
  keep([](ExpectSpec& e) -> auto& { return e.within; });
  if (failing.failure != too_late || !holds(scenario, rules, registry)) return;
  const std::string& host = rules.plan->hosts[rules.row.host].info.name;
  std::vector<std::string> goals = {host + " has an allocation"};
  for (const FlowPlan& flow : rules.plan->flows) {
    if (flow.from != rules.row.host) continue;
    goals.push_back(host + " can send to " + rules.plan->hosts[flow.to].info.name);
  }
  for (const std::string& goal : goals) {
    lossless.expect = {.finally_ = {{goal, {}}}};
    Scenario asked = scenario;
    asked.expect.finally_.push_back({goal, {}});
    if (!holds(lossless, rules, registry) || holds(asked, rules, registry)) continue;
    scenario = std::move(asked);
    return;
  }
}

/// The failing history as a scenario that ends when it failed.
Scenario scenario_of(const LossTally::Failing& failing, const LossRules& rules,
                     const RoleRegistry& registry) {
  Scenario scenario = rules.plan->scenario;
  scenario.duration = Range<Duration>(failing.end.since_origin());
  for (const LostDatagram& loss : failing.losses) {
    scenario.faults.push_back(
        {.action = Drop{{.from = std::string(loss.from),
                         .to = std::string(loss.to),
                         .message = std::string(loss.message),
                         .transaction = Range<std::int64_t>(loss.id.transaction),
                         .copy = Range<std::int64_t>(loss.id.copy)}}});
  }
  expect_in_time(scenario, failing, rules, registry);
  return scenario;
}

}  // namespace

std::expected<Certificate, std::string> exhaust(const Scenario& scenario, std::uint64_t seed,
                                                const RoleRegistry& registry,
                                                const ExhaustOptions& options) {
  const auto drawn = make_plan(scenario, seed, registry);
  if (!drawn) return std::unexpected(drawn.error().what);
  SpelledOut plain = spell_out(**drawn, std::make_shared<Fates>(), Instant{}, LinkFaults::spell_out,
                               registry, options.limits);
  plain.scenario.expect.heal.reset();  // each history has a bound of its own
  const auto plan = make_plan(plain.scenario, seed, registry);
  if (!plan) return std::unexpected(plan.error().what);
  if (options.before) options.before(plain.scenario);
  auto row = rehearse(*plan, options.transactions, options.limits);
  if (!row) return std::unexpected(row.error());
  Duration bound = options.within.value_or(policy_bound(**plan));
  if (row->length > bound) bound += row->length;
  LossRules rules{.plan = *plan,
                  .row = std::move(*row),
                  .losses = options.losses.value_or(std::numeric_limits<std::uint64_t>::max()),
                  .bound = bound,
                  .limits = options.limits,
                  .walking = options.walking};

  Claims claims;
  std::vector<LossTally> tallies(std::max(1u, options.jobs));
  std::vector<std::thread> workers;
  for (std::size_t w = 1; w < tallies.size(); ++w) {
    workers.emplace_back([&, w] { tallies[w] = walk_losses(rules, claims, false); });
  }
  tallies.front() = walk_losses(rules, claims, true);
  for (std::thread& worker : workers) worker.join();

  LossTally all;
  for (const LossTally& tally : tallies) all.add(tally);
  Certificate certificate = std::move(all.sum);
  certificate.host = rules.plan->hosts[rules.row.host].info.name;
  certificate.transactions = rules.row.transactions;
  certificate.goal = rules.row.goal;
  certificate.bound = rules.bound;
  certificate.is_whole = !rules.is_cancelled();
  rules.limits.cancel = nullptr;  // what failed is told to its end
  if (all.shortest) {
    certificate.shortest = FailingHistory{all.shortest->losses.size(), all.shortest->failure,
                                          scenario_of(*all.shortest, rules, registry)};
  }
  return certificate;
}

}  // namespace tickover::sim
