#include <algorithm>
#include <array>
#include <string>

#include "sim/search/invention.h"

namespace tickover::sim {
namespace {

using std::chrono::minutes;

/// More than a client needs to come back over the slowest link here, once nothing disturbs it: a
/// silent relay given up, the longest pauses, and an attempt of its own.
constexpr std::int64_t recovered = 12;  // minutes
/// More than a client asks for in a minute, whatever befalls it: BUGS P5 has a bound below.
constexpr std::int64_t most_requests = 1'000;
constexpr std::int64_t most_allocates = 400;
/// More than a client that keeps to its pauses can get while a world lasts.
constexpr std::int64_t most_allocations = 1'000;

/// Draws what a correct client keeps in a world that heals, whatever else it is like. Nothing else
/// of the world depends on it.
class ClaimInventor {
 public:
  explicit ClaimInventor(Invention& world) : world_(world), expect_(world.scenario.expect) {}

  void invent() {
    for (const InventedClient& client : world_.clients) {
      group_size_ = std::ranges::find(world_.scenario.hosts, client.name, &HostSpec::name)->count;
      subject_ = (group_size_ > 1 ? "every " : "") + client.name;
      if (world_.coin()) add_claim(client);
      if (world_.coin()) add_budget(client);
      if (world_.coin()) add_count(client);
      if (group_size_ > 1 && world_.coin()) add_fairness(client);
    }
  }

 private:
  static Sentence restarts(const std::string& host) { return {host + " restarts", {}}; }
  Sentence has() const { return {subject_ + " has an allocation", {}}; }
  Sentence gets() const { return {subject_ + " gets an allocation", {}}; }

  /// How often the faults that were drawn restart that host at most.
  std::int64_t most_restarts(const std::string& host) const {
    std::int64_t most = 0;
    for (const FaultSpec& fault : world_.scenario.faults) {
      const auto* reboot = std::get_if<Reboot>(&fault.action);
      if (reboot == nullptr || reboot->host != host) continue;
      most += fault.every ? world_.heal_at / fault.every->low + 1 : 1;
    }
    return most;
  }

  void add_claim(const InventedClient& client) {
    enum { heal, start, loss, relay_restarts, client_restarts };
    std::vector<int> beginnings = {heal, start, loss};
    if (most_restarts(client.relay) > 0) beginnings.push_back(relay_restarts);
    if (most_restarts(client.member) > 0) beginnings.push_back(client_restarts);
    const int beginning = beginnings[world_.choices.below(beginnings.size())];
    const bool is_event = world_.coin();
    const std::string member =
        is_event ? client.member + " gets an allocation" : client.member + " has an allocation";
    const std::string all = is_event ? gets().text : has().text;
    const std::string time = " within " + std::to_string(recovered) + "min after ";
    const auto claim = [&](std::string text) { expect_.within.push_back({std::move(text), {}}); };
    switch (beginning) {
      case start: {
        const auto until = world_.heal_at / Duration(minutes(1)) + recovered;
        return claim(all + " within " + std::to_string(until) + "min");
      }
      case loss:
        return claim(member + time + client.member + " loses its allocation");
      case relay_restarts:
        return claim(all + time + restarts(client.relay).text);
      case client_restarts:
        return claim(member + time + restarts(client.member).text);
      default:  // who has not lost it gets no other
        return claim(has().text + time + "the heal");
    }
  }

  void add_budget(const InventedClient& client) {
    switch (world_.choices.below(3)) {
      case 1:
        expect_.budget.push_back({.of = gets(), .least = 1});
        break;
      case 2: {
        BudgetSpec budget{.of = {subject_ + " sends Allocate request", {}},
                          .most = most_allocates,
                          .per = Duration(minutes(1))};
        if (most_restarts(client.relay) > 0) budget.from = restarts(client.relay);
        if (world_.coin()) budget.until = gets();
        expect_.budget.push_back(std::move(budget));
        break;
      }
      default:
        expect_.budget.push_back({.of = {subject_ + " sends requests", {}},
                                  .most = most_requests,
                                  .per = Duration(minutes(1))});
        break;
    }
  }

  void add_count(const InventedClient& client) {
    if (world_.coin()) {
      const std::string host = world_.coin() ? client.relay : client.member;
      expect_.count.push_back({restarts(host), {0, most_restarts(host)}});
    } else {
      expect_.count.push_back(
          {{client.name + " gets an allocation", {}}, {group_size_, most_allocations}});
    }
  }

  /// One of a group may well wait for long where the others do not. That each is served at all
  /// keeps Jain's index above its lowest, if only by a millionth.
  void add_fairness(const InventedClient& client) {
    FairnessSpec fairness{.of = {client.name + " gets an allocation", {}}};
    const auto parts = static_cast<std::uint32_t>(1'000'000 / group_size_ + 2);
    fairness.at_least = Ratio(parts, 1'000'000);
    if (most_restarts(client.relay) > 0 && world_.coin()) fairness.after = restarts(client.relay);
    if (world_.coin()) {
      fairness.until = fairness.of;
      fairness.of.text = client.name + " sends requests";
    }
    expect_.fairness.push_back(std::move(fairness));
  }

  Invention& world_;
  ExpectSpec& expect_;
  std::int64_t group_size_ = 1;
  std::string subject_;  // "alice", "every carol"
};

}  // namespace

void add_invented_claims(Invention& world) {
  ClaimInventor(world).invent();
}

}  // namespace tickover::sim
