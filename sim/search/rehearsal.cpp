#include "sim/search/rehearsal.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace tickover::sim {
namespace {

constexpr std::size_t usual_transactions = 3;

/// Every transaction of a run, and what hosts told. Of datagrams that nobody answers, the first of
/// each host in each family of addresses.
class Minutes final : public Watcher {
 public:
  struct Transaction {
    HostIndex host = no_index;
    PacketId request;
    std::uint64_t key = 0;
    std::string kind;
    AddressFamily family{};
    std::uint64_t began = 0;  // the step in which it was sent first
    Instant sent;             // and when that was
    std::uint32_t copies = 0;
    std::optional<PacketId> answer;            // the last one
    std::optional<std::uint64_t> answered_at;  // the step in which it arrived
  };
  struct Told {
    std::uint64_t step = 0;
    Instant time;
    HostIndex host = no_index;
    Notice::Kind kind{};
    std::string name;
  };
  std::vector<Transaction> transactions;
  std::vector<Told> told;

  void see(const Step& step, const World& world) override {
    if (step.kind == StepKind::delivery && step.has_id && step.touched) arrived(step);
    for (const SentRecord& sent : step.sent) {
      if (!sent.has_id) continue;
      const Label label = world.machine(step.host).label(step.payload(sent));
      if (label.part == Label::Part::answer) {
        Transaction* request = find(sent.id.direction ^ 1u, label.key);
        if (request != nullptr) answered(*request, sent.id);
      } else if (Transaction* known = find(sent.id.direction, label.key);
                 known != nullptr && label.part == Label::Part::request) {
        ++known->copies;
      } else if (label.part == Label::Part::request ||
                 alone_.insert({step.host, sent.remote.family()}).second) {
        if (label.part == Label::Part::request) {
          by_key_.try_emplace({sent.id.direction, label.key}, transactions.size());
        }
        transactions.push_back({.host = step.host,
                                .request = sent.id,
                                .key = label.key,
                                .kind = std::string(world.kind_name(step.host, sent.id.kind)),
                                .family = sent.remote.family(),
                                .began = step.number,
                                .sent = step.time,
                                .copies = 1});
      }
    }
    for (const Notice& notice : step.notices) {
      told.push_back({step.number, step.time, step.host, notice.kind, std::string(notice.name)});
    }
  }

 private:
  Transaction* find(std::uint32_t direction, std::uint64_t key) {
    const auto at = by_key_.find({direction, key});
    return at == by_key_.end() ? nullptr : &transactions[at->second];
  }
  void answered(Transaction& request, const PacketId& answer) {
    if (!request.answer) waiting_.push_back(static_cast<std::size_t>(&request - &transactions[0]));
    request.answer = answer;
  }
  void arrived(const Step& step) {
    std::erase_if(waiting_, [&](std::size_t index) {
      const bool is_its = transactions[index].answer == step.id;
      if (is_its) transactions[index].answered_at = step.number;
      return is_its;
    });
  }

  std::map<std::pair<std::uint32_t, std::uint64_t>, std::size_t> by_key_;  // direction, key
  std::set<std::pair<HostIndex, AddressFamily>> alone_;
  std::vector<std::size_t> waiting_;  // those whose answer is on its way
};

/// The transactions of the row; those of its first one's host that bear the words, in order.
std::vector<const Minutes::Transaction*> row_of(const Minutes& minutes,
                                                const std::vector<std::string>& words) {
  std::vector<const Minutes::Transaction*> row;
  const std::size_t most = words.empty() ? usual_transactions : words.size();
  for (const Minutes::Transaction& t : minutes.transactions) {
    if (row.size() == most) break;
    if (!t.answer || (!row.empty() && row.front()->host != t.host)) continue;
    if (words.empty() || is_kind_of(t.kind, words[row.size()])) row.push_back(&t);
  }
  return row;
}

std::string name_of(const Minutes::Transaction& t) {
  return fmt::format("{} {}", t.kind, t.request.transaction);
}

}  // namespace

bool is_kind_of(std::string_view kind, std::string_view word) {
  return kind == word || (kind.starts_with(word) && kind.substr(word.size()).starts_with(' '));
}

std::expected<Rehearsed, std::string> rehearse(const std::shared_ptr<const Plan>& plan,
                                               const std::vector<std::string>& words,
                                               const RunLimits& limits) {
  Minutes minutes;
  const Outcome outcome = run_case(plan, limits, {&minutes});
  if (outcome.exit != ExitCode::held) {
    return std::unexpected("without any loss it fails already: " + summary(outcome));
  }
  const auto row = row_of(minutes, words);
  if (row.empty() || row.size() < words.size()) {
    return std::unexpected(
        row.size() < words.size()
            ? fmt::format("no {} that is answered follows in the row", words[row.size()])
            : "nobody asks anything that is answered");
  }
  Rehearsed result{.host = row.front()->host};
  for (const Minutes::Transaction& t : minutes.transactions) {
    if (t.host == result.host && t.family != row.front()->family) {
      return std::unexpected(fmt::format("{} goes to another family of addresses than {}",
                                         name_of(t), name_of(*row.front())));
    }
  }
  std::uint64_t before = 0;
  for (const Minutes::Transaction* t : row) {
    if (t->copies > 1) {
      return std::unexpected(fmt::format(
          "{} is sent {} times though nothing is lost: its round trip is not under the RTO",
          name_of(*t), t->copies));
    }
    if (!t->answered_at) {
      return std::unexpected(fmt::format("no answer to {} arrives", name_of(*t)));
    }
    if (t->began < before) {
      return std::unexpected(fmt::format("{} does not wait for the one before it", name_of(*t)));
    }
    before = *t->answered_at;
    result.words.push_back(t->kind);
    result.transactions.push_back(name_of(*t));
  }
  const auto goal = std::ranges::find_if(minutes.told, [&](const Minutes::Told& told) {
    return told.step >= before && told.host == result.host;
  });
  if (goal == minutes.told.end()) {
    return std::unexpected(
        fmt::format("nothing is told after {} that could be waited for", name_of(*row.back())));
  }
  result.goal_kind = goal->kind;
  result.goal = goal->name;
  result.length = goal->time - row.front()->sent;
  return result;
}

}  // namespace tickover::sim
