#include "sim/search/sweep.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "core/random.h"
#include "sim/search/failure_shape.h"
#include "sim/search/tally.h"

namespace tickover::sim {
namespace {

/// Which case is the n-th.
class CaseOrder {
 public:
  CaseOrder(const std::vector<SweepItem>& items, const SweepOptions& options)
      : items_(items), options_(options), first_(options.first.begin(), options.first.end()) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (!items[i].scenario.seed) free_.push_back(i);
    }
  }

  /// None from the end on; `is_again` if it was run before, among the first.
  struct Next {
    SweepCase what;
    bool is_again = false;
  };
  std::optional<Next> at(std::uint64_t n) const {
    if (n < options_.first.size()) return Next{options_.first[n]};
    n -= options_.first.size();
    SweepCase next;
    if (n < items_.size()) {
      next = {n, items_[n].scenario.seed.value_or(options_.from)};
    } else {
      n -= items_.size();
      if (free_.empty()) return {};
      const std::uint64_t round = 1 + n / free_.size();
      if (options_.seeds && round >= *options_.seeds) return {};
      next = {free_[n % free_.size()], options_.from + round};
    }
    return Next{next, first_.contains(next)};
  }

 private:
  const std::vector<SweepItem>& items_;
  const SweepOptions& options_;
  std::set<SweepCase> first_;
  std::vector<std::size_t> free_;  // the items without a seed of their own
};

/// Takes what finished in the order of the cases, so that where a sweep ends does not depend on
/// threads.
class InOrder {
 public:
  InOrder(std::vector<Tally>& tallies, std::uint64_t most_failures,
          const std::function<void(const SweepCase&)>& counted)
      : tallies_(tallies), most_failures_(most_failures), counted_(counted) {}

  /// False if the sweep ends before that case. Waits where one slow case holds up all others.
  bool may_begin(std::uint64_t n) {
    std::unique_lock lock(mutex_);
    moved_.wait(lock, [&] { return is_over_ || n < next_ + most_ahead; });
    return !is_over_;
  }
  void put(std::uint64_t n, std::optional<FinishedCase> finished) {
    const std::lock_guard lock(mutex_);
    waiting_.emplace(n, std::move(finished));
    for (auto at = waiting_.begin(); at != waiting_.end() && at->first == next_ && !is_over_;
         at = waiting_.erase(at), ++next_) {
      if (!at->second) continue;
      tallies_[at->second->item].add(*at->second);
      if (counted_) counted_({at->second->item, at->second->seed});
      if (!at->second->shape.empty()) shapes_.insert(at->second->shape);
      is_over_ = shapes_.size() >= most_failures_;
    }
    moved_.notify_all();
  }
  bool is_over() {
    const std::lock_guard lock(mutex_);
    return is_over_;
  }
  /// Nobody waits any longer.
  void end() {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    moved_.notify_all();
  }

 private:
  static constexpr std::uint64_t most_ahead = 1'000;
  std::mutex mutex_;
  std::condition_variable moved_;
  std::vector<Tally>& tallies_;
  std::uint64_t most_failures_;
  const std::function<void(const SweepCase&)>& counted_;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, std::optional<FinishedCase>> waiting_;
  std::set<std::string> shapes_;
  bool is_over_ = false;
};

Duration since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() -
                                                              start);
}

/// Nothing if it was cancelled.
std::optional<FinishedCase> finish(const SweepCase& which, const SweepItem& item, bool is_first,
                                   const RoleRegistry& registry, const RunLimits& limits) {
  const auto start = std::chrono::steady_clock::now();
  FinishedCase finished{.item = which.item, .seed = which.seed};
  const auto plan = make_plan(item.of_seed(which.seed), which.seed, registry);
  if (!plan) {
    finished.refused = plan.error();
    return finished;
  }
  finished.outcome = run_case(*plan, limits);
  Outcome& outcome = finished.outcome;
  finished.is_twice = is_first || outcome.exit != ExitCode::held || is_run_twice(which.seed);
  if (finished.is_twice) confirm(outcome, *plan, limits);
  if (limits.cancel != nullptr && limits.cancel->load()) return {};
  if (item.invent) {
    outcome.fault_matches.clear();
    outcome.claim_judgements.clear();
    outcome.nearness.clear();
  }
  if (outcome.exit != ExitCode::held) finished.shape = failure_shape(outcome, **plan);
  finished.busy = since(start);
  return finished;
}

/// Decides what the seeds say of the probabilities and of the marks that are demanded, and which
/// more are needed for the former.
class Judge {
 public:
  Judge(const std::vector<SweepItem>& items, const SweepOptions& options,
        std::vector<Tally>& totals)
      : items_(items), options_(options), totals_(totals), drawn_(items.size()) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      next_.push_back(items[i].scenario.seed.value_or(options.from));
      for (const Sentence& mark : items[i].scenario.expect.marks) {
        totals[i].row.demands.push_back({mark.text});
      }
      if (items[i].scenario.seed) continue;
      drawn_[i] = options.seeds.value_or(0);
      for (const ProbabilitySpec& spec : items[i].scenario.expect.probability) {
        totals[i].row.likelihoods.emplace_back(spec);
      }
    }
  }

  /// Takes what the runs so far said, in the order of their seeds, up to the first that is missing.
  void judge() {
    for (std::size_t i = 0; i < totals_.size(); ++i) {
      SweepRow& row = totals_[i].row;
      for (auto at = totals_[i].evidence.find(next_[i]); at != totals_[i].evidence.end();
           at = totals_[i].evidence.find(++next_[i])) {
        const Evidence& said = at->second;
        for (std::size_t k = 0; k < row.likelihoods.size(); ++k) {
          row.likelihoods[k].take(said.trials[k], next_[i]);
        }
        for (std::size_t k = 0; k < row.demands.size(); ++k) {
          ++row.demands[k].seeds;
          row.demands[k].met += said.demanded[k] > 0 ? 1 : 0;
        }
      }
    }
  }

  std::vector<SweepCase> more() {
    std::vector<SweepCase> cases;
    if (!options_.seeds) return cases;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      for (std::uint64_t n = more_of(i); n > 0; --n) {
        const SweepCase next{i, options_.from + drawn_[i]++};
        if (!totals_[i].evidence.contains(next.seed)) cases.push_back(next);
      }
    }
    return cases;
  }

 private:
  /// At first no more than an item needs at least.
  std::uint64_t more_of(std::size_t index) const {
    if (!totals_[index].row.error.empty()) return 0;
    const std::vector<ProbabilitySpec>& specs = items_[index].scenario.expect.probability;
    const std::vector<Likelihood>& all = totals_[index].row.likelihoods;
    std::uint64_t more = 0;
    for (std::size_t k = 0; k < all.size(); ++k) {
      const auto limit = static_cast<std::uint64_t>(specs[k].seeds);
      // A claim that no seed had an occasion to keep or to break is not worth ten thousand more.
      const bool is_open = all[k].verdict() == Likelihood::Verdict::undecided &&
                           drawn_[index] < limit && all[k].seeds() > 0;
      if (!is_open) continue;
      const std::uint64_t wanted = std::clamp(all[k].least_left(), least_batch, most_batch);
      more = std::max(more, std::min(wanted, limit - drawn_[index]));
    }
    return more;
  }

  static constexpr std::uint64_t least_batch = 16;
  static constexpr std::uint64_t most_batch = 512;

  const std::vector<SweepItem>& items_;
  const SweepOptions& options_;
  std::vector<Tally>& totals_;
  std::vector<std::uint64_t> drawn_;  // how many seeds of each item
  std::vector<std::uint64_t> next_;   // the seed of each that is judged next
};

/// Runs cases on all threads, in the order that `order` says, until it says none.
template <class Order>
void run_all(const Order& order, const std::vector<SweepItem>& items, const RoleRegistry& registry,
             const SweepOptions& options, const SweepHooks& hooks, std::vector<Tally>& totals,
             InOrder* in_order) {
  std::atomic<std::uint64_t> next{0};
  std::mutex merging;
  const auto work = [&](unsigned worker) {
    std::vector<Tally> tallies(items.size());
    for (;;) {
      if (hooks.stop && hooks.stop()) break;
      const std::uint64_t n = next++;
      const std::optional<CaseOrder::Next> at = order(n);
      if (!at || (in_order && !in_order->may_begin(n))) break;
      std::optional<FinishedCase> finished;
      if (!at->is_again) {
        const SweepItem& item = items[at->what.item];
        const std::uint64_t seed = at->what.seed;
        if (hooks.before) hooks.before(worker, item, seed);
        finished = finish(at->what, item, seed == item.scenario.seed.value_or(options.from),
                          registry, options.limits);
        if (!finished) {
          if (in_order) in_order->end();
          break;
        }
        if (hooks.after) hooks.after(worker);
      }
      if (in_order) {
        in_order->put(n, std::move(finished));
      } else if (finished) {
        tallies[finished->item].add(*finished);
        if (hooks.counted) hooks.counted(at->what);
      }
    }
    const std::lock_guard lock(merging);
    for (std::size_t i = 0; i < items.size(); ++i) totals[i].merge(tallies[i]);
  };
  std::vector<std::thread> workers;
  for (unsigned w = 1; w < std::max(1u, options.jobs); ++w) workers.emplace_back(work, w);
  work(0);
  for (std::thread& worker : workers) worker.join();
}

}  // namespace

std::optional<std::uint64_t> case_count(const std::vector<SweepItem>& items,
                                        const SweepOptions& options) {
  std::uint64_t count = 0;
  for (const SweepItem& item : items) {
    if (!item.scenario.seed && !options.seeds) return {};
    count += item.scenario.seed ? 1 : *options.seeds;
  }
  for (const SweepCase& early : options.first) {
    const auto pinned = items[early.item].scenario.seed;
    const bool is_among =
        pinned ? early.seed == *pinned : early.seed - options.from < *options.seeds;
    if (!is_among) ++count;
  }
  return count;
}

bool is_run_twice(std::uint64_t seed) {
  constexpr std::uint64_t one_in = 32;
  return scramble(seed) % one_in == 0;
}

std::vector<SweepRow> sweep(const std::vector<SweepItem>& items, const RoleRegistry& registry,
                            const SweepOptions& options, const SweepHooks& hooks) {
  std::vector<Tally> totals(items.size());
  std::optional<InOrder> in_order;
  if (options.most_failures > 0) in_order.emplace(totals, options.most_failures, hooks.counted);
  const CaseOrder order(items, options);
  Judge judge(items, options, totals);
  run_all([&](std::uint64_t n) { return order.at(n); }, items, registry, options, hooks, totals,
          in_order ? &*in_order : nullptr);
  const auto is_over = [&] {
    return (in_order && in_order->is_over()) || (hooks.stop && hooks.stop()) ||
           (options.limits.cancel != nullptr && options.limits.cancel->load());
  };
  judge.judge();
  while (!is_over()) {
    const std::vector<SweepCase> more = judge.more();
    if (more.empty()) break;
    if (hooks.more) hooks.more(more.size());
    const auto next = [&](std::uint64_t n) {
      return n < more.size() ? std::optional(CaseOrder::Next{more[n]}) : std::nullopt;
    };
    run_all(next, items, registry, options, hooks, totals, nullptr);
    judge.judge();
  }

  std::vector<SweepRow> rows;
  for (std::size_t i = 0; i < items.size(); ++i) {
    Tally& total = totals[i];
    total.row.path = items[i].path;
    std::ranges::sort(total.digests);
    const auto repeated = std::ranges::unique(total.digests);
    for (Spread& spread : total.row.spreads) spread.sort();
    total.row.distinct = total.digests.size() - repeated.size();
    rows.push_back(std::move(total.row));
  }
  return rows;
}

}  // namespace tickover::sim
