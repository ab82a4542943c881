#include "sim/search/sweep.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "core/random.h"
#include "sim/search/failure_shape.h"

namespace tickover::sim {
namespace {

/// What became of one case.
struct Finished {
  std::size_t item = 0;
  Outcome outcome;
  std::string shape;  // of a failure
  bool is_twice = false;
  Duration busy;
  std::optional<PlanError> refused;
  std::uint64_t seed = 0;
};

/// What one worker found out about one scenario. Merging is commutative, so that the order in
/// which workers finish never shows.
struct Tally {
  SweepRow row;
  std::vector<std::uint64_t> digests;
  std::map<std::uint64_t, std::vector<Trial>> trials;  // by seed

  void add(const Finished& finished) {
    const Outcome& outcome = finished.outcome;
    if (finished.refused) {
      return refuse(finished.refused->what, finished.refused->place, finished.seed);
    }
    ++row.seeds;
    ++(outcome.exit == ExitCode::held ? row.held : row.failed);
    row.twice += finished.is_twice ? 1 : 0;
    row.simulated += outcome.simulated;
    row.datagrams += outcome.datagrams.delivered;
    row.steps += outcome.steps;
    row.folded += scramble(mix(outcome.digest, outcome.seed));
    row.busy += finished.busy;
    digests.push_back(outcome.digest);
    if (!outcome.trials.empty()) trials.emplace(outcome.seed, outcome.trials);
    for (const auto& [oracle, count] : outcome.judgements) row.judgements[oracle] += count;
    for (const auto& [mark, count] : outcome.marks) row.marks[mark] += count;
    add_matches(outcome.fault_matches);
    if (outcome.exit != ExitCode::held) add_failure(finished.shape, {outcome, 1, {outcome.seed}});
  }

  void add_matches(const std::vector<std::uint64_t>& matches) {
    row.fault_matches.resize(std::max(row.fault_matches.size(), matches.size()));
    for (std::size_t i = 0; i < matches.size(); ++i) row.fault_matches[i] += matches[i];
  }

  void add_failure(const std::string& shape, const Failure& failure) {
    const auto [at, is_new] = row.failures.try_emplace(shape, failure);
    if (is_new) return;
    Failure& here = at->second;
    here.count += failure.count;
    if (failure.outcome.seed < here.outcome.seed) here.outcome = failure.outcome;
    here.seeds.insert(here.seeds.end(), failure.seeds.begin(), failure.seeds.end());
    std::ranges::sort(here.seeds);
    if (here.seeds.size() > most_failing_seeds) here.seeds.resize(most_failing_seeds);
  }

  void merge(const Tally& other) {
    row.seeds += other.row.seeds;
    row.held += other.row.held;
    row.failed += other.row.failed;
    row.twice += other.row.twice;
    row.simulated += other.row.simulated;
    row.datagrams += other.row.datagrams;
    row.steps += other.row.steps;
    row.folded += other.row.folded;
    row.busy += other.row.busy;
    digests.insert(digests.end(), other.digests.begin(), other.digests.end());
    trials.insert(other.trials.begin(), other.trials.end());
    for (const auto& [oracle, count] : other.row.judgements) row.judgements[oracle] += count;
    for (const auto& [mark, count] : other.row.marks) row.marks[mark] += count;
    add_matches(other.row.fault_matches);
    for (const auto& [shape, failure] : other.row.failures) add_failure(shape, failure);
    if (!other.row.error.empty())
      refuse(other.row.error, other.row.error_place, other.row.error_seed);
  }

  void refuse(const std::string& error, Place place, std::uint64_t seed) {
    if (!row.error.empty() && row.error_seed <= seed) return;
    row.error = error;
    row.error_place = place;
    row.error_seed = seed;
  }
};

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
  void put(std::uint64_t n, std::optional<Finished> finished) {
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
  std::map<std::uint64_t, std::optional<Finished>> waiting_;
  std::set<std::string> shapes_;
  bool is_over_ = false;
};

Duration since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() -
                                                              start);
}

/// Nothing if it was cancelled.
std::optional<Finished> finish(const SweepCase& which, const SweepItem& item, bool is_first,
                               const RoleRegistry& registry, const RunLimits& limits) {
  const auto start = std::chrono::steady_clock::now();
  Finished finished{.item = which.item, .seed = which.seed};
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
  if (item.invent) outcome.fault_matches.clear();
  if (outcome.exit != ExitCode::held) finished.shape = failure_shape(outcome, **plan);
  finished.busy = since(start);
  return finished;
}

/// Decides what the seeds say of the probabilities, and which more are needed for that.
class Judge {
 public:
  Judge(const std::vector<SweepItem>& items, const SweepOptions& options,
        std::vector<Tally>& totals)
      : items_(items), options_(options), totals_(totals), drawn_(items.size()) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (items[i].scenario.seed) continue;
      drawn_[i] = options.seeds.value_or(0);
      for (const ProbabilitySpec& spec : items[i].scenario.expect.probability) {
        totals[i].row.likelihoods.emplace_back(spec);
      }
    }
  }

  /// Takes the trials so far in the order of their seeds, up to the first that is missing.
  void judge() {
    for (Tally& total : totals_) {
      std::vector<Likelihood>& likelihoods = total.row.likelihoods;
      if (likelihoods.empty()) continue;
      std::uint64_t& next = next_.try_emplace(&total, options_.from).first->second;
      for (auto at = total.trials.find(next); at != total.trials.end();
           at = total.trials.find(++next)) {
        for (std::size_t k = 0; k < likelihoods.size(); ++k)
          likelihoods[k].take(at->second[k], next);
      }
    }
  }

  std::vector<SweepCase> more() {
    std::vector<SweepCase> cases;
    if (!options_.seeds) return cases;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      for (std::uint64_t n = more_of(i); n > 0; --n) {
        const SweepCase next{i, options_.from + drawn_[i]++};
        if (!totals_[i].trials.contains(next.seed)) cases.push_back(next);
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
  std::map<const Tally*, std::uint64_t> next_;
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
      std::optional<Finished> finished;
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
    total.row.distinct = total.digests.size() - repeated.size();
    rows.push_back(std::move(total.row));
  }
  return rows;
}

}  // namespace tickover::sim
