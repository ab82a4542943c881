#include "sim/search/loss_walk.h"

#include <algorithm>
#include <array>
#include <bit>
#include <deque>
#include <tuple>

#include "core/check.h"
#include "sim/oracles/oracles.h"

namespace tickover::sim {
namespace {

/// Decisions above which all walkers go the same way.
constexpr std::uint32_t shared_decisions = 8;
/// Datagrams of the row that one step sends at most.
constexpr std::size_t most_at_once = 4;

/// How far a history has come.
struct Progress {
  std::size_t stage = 0;                     // transactions answered
  std::optional<PacketId> asked;             // the request that waits
  std::uint64_t key = 0;                     // by which its answers are known
  std::optional<std::uint16_t> answer_kind;  // of what was last sent back
  bool is_given_up = false;
  bool has_begun = false;
  bool is_claimed = false;
  bool is_at_goal = false;
  std::uint64_t losses = 0;
  std::uint32_t decided = 0;
  std::uint64_t others = 0;  // of the host's datagrams, before the last one of the row
  std::uint64_t others_since = 0;
  Instant began;
  Instant last_loss;
};

/// The datagrams of a step on which is decided.
struct Choices {
  std::array<LostDatagram, most_at_once> datagrams;
  std::uint32_t count = 0;
  void add(const PacketId& id, const Step& step, const World& world) {
    CHECK(count < most_at_once);
    const Plan& plan = world.plan();
    datagrams[count++] = {id, plan.from_name(id.direction), plan.to_name(id.direction),
                          world.kind_name(step.host, id.kind)};
  }
};

bool is_same_transaction(const PacketId& a, const PacketId& b) {
  return a.direction == b.direction && a.kind == b.kind && a.transaction == b.transaction;
}
bool is_answer_to(const PacketId& answer, const PacketId& request) {
  return answer.direction == (request.direction ^ 1u) && answer.transaction == request.transaction;
}

class LossWalker {
 public:
  LossWalker(const LossRules& rules, Claims& claims, bool is_first)
      : rules_(rules), claims_(claims), is_first_(is_first), pen_(std::make_shared<Fates>()) {
    tally_.sum.gave_up.resize(rules.row.words.size());
  }

  LossTally walk() {
    if (rules_.walking) rules_.walking(&lost_);
    World world(rules_.plan, make_oracles(*rules_.plan), pen_);
    go_on(world, Progress{}, 0);
    if (rules_.walking) rules_.walking(nullptr);
    return std::move(tally_);
  }

 private:
  /// All histories that begin as the world has gone so far.
  void go_on(World& world, Progress progress, std::size_t depth) {
    std::uint64_t at_this_instant = 0;
    while (!rules_.is_cancelled()) {
      if (!progress.is_claimed && progress.decided >= shared_decisions) {
        if (!claims_.take(next_part_++)) return;
        progress.is_claimed = true;
      }
      if (progress.is_at_goal) return end(world, progress, {});
      if (const auto why = failure_of(world, progress, at_this_instant); !why.empty()) {
        return end(world, progress, why);
      }
      const bool may_decide = progress.stage < rules_.row.words.size() && !progress.is_given_up &&
                              progress.losses < rules_.losses;
      if (may_decide) keep(world, depth, progress);
      const Progress before = progress;
      const Instant then = world.now();
      const Choices choices = step(world, progress);
      at_this_instant = world.now() == then ? at_this_instant + 1 : 0;
      if (may_decide) fork(before, choices, depth);
      progress.decided += choices.count;
    }
  }

  /// Keeps what the world was before a step on which something may be decided.
  void keep(const World& world, std::size_t depth, const Progress& progress) {
    if (kept_.size() <= depth) {
      kept_.emplace_back(world);
    } else {
      kept_[depth] = world;  // it keeps its memory
    }
    tally_.sum.forks += counts(progress) ? 1 : 0;
  }

  /// The histories in which some of what the last step sent is lost.
  void fork(const Progress& before, const Choices& choices, std::size_t depth) {
    const std::uint32_t ways = 1u << choices.count;
    for (std::uint32_t lost = 1; lost < ways && !rules_.is_cancelled(); ++lost) {
      const auto losses = static_cast<std::uint64_t>(std::popcount(lost));
      if (before.losses + losses > rules_.losses) continue;
      // The last way takes the kept world itself.
      const bool is_last = lost + 1 == ways;
      if (!is_last) keep(kept_[depth], depth + 1, before);
      const std::size_t at = is_last ? depth : depth + 1;
      const std::size_t length = lost_.size();
      for (std::uint32_t i = 0; i < choices.count; ++i) {
        if ((lost >> i & 1) != 0) lost_.push_back(choices.datagrams[i]);
      }
      // A name occurs once, so what the next step is told is told to no other.
      std::vector<NamedFate> fates;
      for (std::size_t i = length; i < lost_.size(); ++i) {
        fates.push_back({lost_[i].id, {DropReason::fault}});
      }
      *pen_ = Fates(std::move(fates));
      Progress progress = before;
      step(kept_[at], progress);
      *pen_ = Fates();
      progress.losses += losses;
      progress.decided += choices.count;
      progress.last_loss = kept_[at].now();
      go_on(kept_[at], progress, at + 1);
      lost_.resize(length);
    }
  }

  /// Above the parts all walkers do the same.
  bool counts(const Progress& progress) const { return progress.is_claimed || is_first_; }

  Choices step(World& world, Progress& progress) {
    tally_.sum.steps += counts(progress) ? 1 : 0;
    return see(world.step(), world, progress);
  }

  /// Follows the row through a step; what it decides on is returned.
  Choices see(const Step& step, const World& world, Progress& progress) const {
    Choices choices;
    const bool is_answered = step.kind == StepKind::delivery && step.has_id && progress.asked &&
                             step.id.kind == progress.answer_kind &&
                             is_answer_to(step.id, *progress.asked);
    if (is_answered && step.touched) {
      count_others(progress);
      ++progress.stage;
      progress.asked.reset();
      progress.answer_kind.reset();
    }
    for (const SentRecord& sent : step.sent) {
      if (!sent.has_id) continue;
      if (step.host == rules_.row.host) {
        if (ask(step, sent, world, progress)) choices.add(sent.id, step, world);
      } else if (progress.asked && is_answer_to(sent.id, *progress.asked)) {
        const Label label = label_of(step, sent, world);
        if (label.part != Label::Part::answer || label.key != progress.key) continue;
        progress.answer_kind = sent.id.kind;
        choices.add(sent.id, step, world);
      }
    }
    const bool is_over = progress.stage == rules_.row.words.size() || progress.is_given_up;
    if (is_over && step.host == rules_.row.host) {
      for (const Notice& notice : step.notices) {
        const bool is_goal = notice.kind == rules_.row.goal_kind && notice.name == rules_.row.goal;
        progress.is_at_goal = progress.is_at_goal || is_goal;
      }
    }
    return choices;
  }

  static void count_others(Progress& progress) {
    progress.others += progress.others_since;
    progress.others_since = 0;
  }

  static Label label_of(const Step& step, const SentRecord& sent, const World& world) {
    return world.machine(step.host).label(step.payload(sent));
  }

  /// Whether what the host sent is a copy of the request in turn.
  bool ask(const Step& step, const SentRecord& sent, const World& world, Progress& progress) const {
    const Rehearsed& row = rules_.row;
    if (progress.is_given_up || progress.stage == row.words.size()) return false;
    if (progress.asked && is_same_transaction(sent.id, *progress.asked)) {
      count_others(progress);
      return true;
    }
    const bool is_its_kind =
        world.kind_name(row.host, sent.id.kind) == std::string_view(row.words[progress.stage]);
    if (progress.asked && is_its_kind) {
      progress.is_given_up = true;
      return false;
    }
    if (is_its_kind) {
      if (!progress.has_begun) progress.began = progress.last_loss = world.now();
      progress.has_begun = true;
      progress.asked = sent.id;
      progress.key = label_of(step, sent, world).key;
      return true;
    }
    if (progress.has_begun) ++progress.others_since;
    return false;
  }

  /// Why the history ends badly here; empty if it does not.
  std::string failure_of(const World& world, const Progress& progress,
                         std::uint64_t at_this_instant) const {
    if (const Breach* breach = world.oracles().breach()) return breach->oracle;
    if (world.steps() >= rules_.limits.steps) return std::string(name_of(StopReason::step_limit));
    if (at_this_instant > rules_.limits.steps_per_instant) {
      return std::string(name_of(StopReason::livelock));
    }
    const bool is_late =
        progress.has_begun && world.next_time() > progress.last_loss + rules_.bound;
    return is_late || world.next_time() == Instant::never() ? too_late : "";
  }

  void end(const World& world, const Progress& progress, const std::string& failure) {
    // What ends above the parts is one itself.
    if (!progress.is_claimed && !claims_.take(next_part_++)) return;
    Certificate& sum = tally_.sum;
    ++sum.histories;
    sum.most_losses = std::max(sum.most_losses, progress.losses);
    sum.others = std::max(sum.others, progress.others);
    if (!failure.empty()) {
      ++sum.failed[failure];
      const bool is_late = failure == too_late && progress.has_begun;
      return tally_.add(
          {lost_, failure, is_late ? progress.last_loss + rules_.bound : world.now()});
    }
    if (progress.stage == rules_.row.words.size()) {
      ++sum.succeeded;
      sum.slowest_success = std::max(sum.slowest_success, world.now() - progress.began);
    } else {
      ++sum.gave_up[progress.stage];
      sum.worst_recovery = std::max(sum.worst_recovery, world.now() - progress.last_loss);
    }
  }

  const LossRules& rules_;
  Claims& claims_;
  bool is_first_;
  std::shared_ptr<Fates>
      pen_;                 // what all worlds of this walker are told to lose in their next step
  std::deque<World> kept_;  // one per depth
  std::vector<LostDatagram> lost_;  // in the history under way
  std::size_t next_part_ = 0;
  LossTally tally_;
};

auto order_of(const LostDatagram& lost) {
  return std::tuple(lost.id.direction, lost.id.kind, lost.id.transaction, lost.id.copy);
}

}  // namespace

bool Claims::take(std::size_t part) {
  const std::scoped_lock lock(mutex_);
  if (taken_.size() <= part) taken_.resize(part + 1);
  if (taken_[part]) return false;
  return taken_[part] = true;
}

void LossTally::add(Failing failing) {
  const auto is_before = [](const Failing& a, const Failing& b) {
    if (a.losses.size() != b.losses.size()) return a.losses.size() < b.losses.size();
    return std::ranges::lexicographical_compare(
        a.losses, b.losses, [](const auto& x, const auto& y) { return order_of(x) < order_of(y); });
  };
  if (!shortest || is_before(failing, *shortest)) shortest = std::move(failing);
}

void LossTally::add(const LossTally& other) {
  sum.histories += other.sum.histories;
  sum.succeeded += other.sum.succeeded;
  sum.gave_up.resize(other.sum.gave_up.size());
  for (std::size_t i = 0; i < sum.gave_up.size(); ++i) sum.gave_up[i] += other.sum.gave_up[i];
  for (const auto& [failure, count] : other.sum.failed) sum.failed[failure] += count;
  sum.slowest_success = std::max(sum.slowest_success, other.sum.slowest_success);
  sum.worst_recovery = std::max(sum.worst_recovery, other.sum.worst_recovery);
  sum.most_losses = std::max(sum.most_losses, other.sum.most_losses);
  sum.others = std::max(sum.others, other.sum.others);
  sum.forks += other.sum.forks;
  sum.steps += other.sum.steps;
  if (other.shortest) add(*other.shortest);
}

LossTally walk_losses(const LossRules& rules, Claims& claims, bool is_first) {
  return LossWalker(rules, claims, is_first).walk();
}

}  // namespace tickover::sim
