#include "sim/search/single_faults.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <utility>

#include "core/check.h"
#include "sim/search/failure_shape.h"
#include "sim/search/tidings.h"

namespace tickover::sim {
namespace {

/// The datagrams that came onto a link, by name.
class Datagrams final : public Watcher {
 public:
  struct Datagram {
    PacketMatch name;
    std::uint32_t direction = 0;
    Instant sent;
  };
  void see(const Step& step, const World& world) override {
    for (const SentRecord& sent : step.sent) {
      if (!sent.has_id) continue;
      all_.push_back({{.from = world.plan().from_name(sent.id.direction),
                       .to = world.plan().to_name(sent.id.direction),
                       .message = std::string(world.kind_name(step.host, sent.id.kind)),
                       .transaction = Range<std::int64_t>(sent.id.transaction),
                       .copy = Range<std::int64_t>(sent.id.copy)},
                      sent.id.direction,
                      step.time});
    }
  }
  const std::vector<Datagram>& all() const { return all_; }

  /// How long after that datagram the next one went the same way.
  std::optional<Duration> next_after(std::size_t index) const {
    for (std::size_t i = index + 1; i < all_.size(); ++i) {
      if (all_[i].direction == all_[index].direction && all_[i].sent > all_[index].sent) {
        return all_[i].sent - all_[index].sent;
      }
    }
    return {};
  }

 private:
  std::vector<Datagram> all_;
};

bool is_kind(const PacketMatch& name, const std::string& message) {
  return message.empty() || name.message == message || name.message.starts_with(message + " ");
}

std::optional<FaultAction> action_of(SingleFault fault, const PacketMatch& name,
                                     std::optional<Duration> next, Duration late) {
  switch (fault) {
    case SingleFault::lost:
      return Drop{name};
    case SingleFault::late:
      return Delay{name, Range<Duration>(late)};
    case SingleFault::doubled:
      return Duplicate{name, Range<Duration>(Duration(std::chrono::milliseconds(10))), {}};
    case SingleFault::reordered:
      if (!next || *next >= late) return {};
      return Delay{name, Range<Duration>(*next + Duration(std::chrono::milliseconds(1)))};
    case SingleFault::corrupted:
      return Corrupt{name, {}};
    case SingleFault::truncated:
      return Truncate{name, {}};
  }
  return {};
}

}  // namespace

std::string_view name_of(SingleFault fault) {
  switch (fault) {
    case SingleFault::lost:
      return "lost";
    case SingleFault::late:
      return "late";
    case SingleFault::doubled:
      return "doubled";
    case SingleFault::reordered:
      return "reordered";
    case SingleFault::corrupted:
      return "corrupted";
    case SingleFault::truncated:
      return "truncated";
  }
  return "?";
}

FaultEffect effect_of(const Scenario& scenario, const std::vector<FaultSpec>& faults,
                      std::uint64_t seed, const RoleRegistry& registry, const Tidings& without,
                      const RunLimits& limits) {
  Scenario candidate = scenario;
  candidate.faults.insert(candidate.faults.end(), faults.begin(), faults.end());
  const auto plan = make_plan(std::move(candidate), seed, registry);
  CHECK(plan.has_value());  // it names what was sent
  FaultEffect effect;
  Tidings tidings;
  const Outcome outcome = run_case(*plan, limits, {&tidings});
  effect.exit = outcome.exit;
  if (outcome.exit != ExitCode::held) effect.oracle = failure_id(outcome);
  tidings.compare(without, effect);
  return effect;
}

FaultMatrix run_single_faults(const Scenario& scenario, std::uint64_t seed,
                              const RoleRegistry& registry, const FaultOptions& options) {
  FaultMatrix matrix;
  Datagrams datagrams;
  matrix.tidings = std::make_shared<Tidings>();
  Tidings& without = *matrix.tidings;
  const auto base = make_plan(scenario, seed, registry);
  CHECK(base.has_value());  // the caller has planned it before
  matrix.without = run_case(*base, options.limits, {&datagrams, &without});
  for (std::size_t i = 0; i < datagrams.all().size(); ++i) {
    const Datagrams::Datagram& datagram = datagrams.all()[i];
    matrix.messages.insert(datagram.name.message);
    if (!is_kind(datagram.name, options.message)) continue;
    if (matrix.rows.size() >= options.most_rows) {
      ++matrix.left_out;
      continue;
    }
    FaultRow row{datagram.name, datagram.sent, {}};
    for (std::size_t f = 0; f < single_faults; ++f) {
      if (!options.kinds.test(f)) continue;
      auto action = action_of(static_cast<SingleFault>(f), datagram.name, datagrams.next_after(i),
                              options.late);
      if (action) row.cells[f].fault = FaultSpec{.action = std::move(*action)};
    }
    matrix.rows.push_back(std::move(row));
  }

  const std::size_t cells = matrix.rows.size() * single_faults;
  std::atomic<std::size_t> next{0};
  std::atomic<std::uint64_t> runs{1};
  const auto work = [&] {
    for (std::size_t c = next++; c < cells; c = next++) {
      FaultCell& cell = matrix.rows[c / single_faults].cells[c % single_faults];
      if (!cell.fault) continue;
      if (options.before) options.before({*cell.fault});
      static_cast<FaultEffect&>(cell) =
          effect_of(scenario, {*cell.fault}, seed, registry, without, options.limits);
      ++runs;
    }
  };
  std::vector<std::thread> workers;
  for (unsigned w = 1; w < options.jobs; ++w) workers.emplace_back(work);
  work();
  for (std::thread& worker : workers) worker.join();
  matrix.runs = runs;
  return matrix;
}

}  // namespace tickover::sim
