#include "properties/benchmarks/worlds.h"

#include <fmt/core.h>

#include <cstdlib>
#include <cstring>

#include "core/check.h"
#include "sim/oracles/oracles.h"
#include "sim/world/run.h"

namespace tickover::sim {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint16_t metronome_port = 9;
constexpr std::size_t payload_size = 100;

class Metronome {
 public:
  using Event = Notice;

  explicit Metronome(const RoleContext& context)
      : local_{context.self.addresses.front(), metronome_port} {
    const HostInfo* to = context.host(context.text("to", ""));
    if (to != nullptr) remote_ = Endpoint{to->addresses.front(), metronome_port};
  }

  void handle_input(const Input& input, Instant now) {
    if (std::holds_alternative<SocketOpened>(input) && remote_) next_ = now + every;
    const auto* datagram = std::get_if<Datagram>(&input);
    if (datagram != nullptr && !remote_) owed_to_ = datagram->remote;
  }
  void handle_timeout(Instant now) {
    if (now < next_) return;
    next_ += every;
    owed_to_ = remote_;
  }

  std::optional<Transmit> poll_transmit(MutableBytes buffer) {
    if (!has_asked_) {
      has_asked_ = true;
      return OpenSocket{0, local_};
    }
    if (!owed_to_) return {};
    ++said_;
    std::memcpy(buffer.data(), &said_, sizeof said_);
    std::memset(buffer.data() + sizeof said_, 0, payload_size - sizeof said_);
    const Send send{.local = local_, .remote = *owed_to_, .size = payload_size};
    owed_to_.reset();
    return send;
  }
  std::optional<Notice> poll_event() { return {}; }
  std::optional<Timeout> poll_timeout() const {
    if (next_ == Instant::never()) return {};
    return Timeout{next_, "beat"};
  }

  bool operator==(const Metronome&) const = default;

 private:
  static constexpr Duration every = milliseconds(10);

  Endpoint local_;
  std::optional<Endpoint> remote_;
  std::optional<Endpoint> owed_to_;
  Instant next_ = Instant::never();
  std::uint64_t said_ = 0;
  bool has_asked_ = false;
};
static_assert(Machine<Metronome>);

HostSpec host(std::string name, std::string role, std::vector<Setting> settings = {}) {
  HostSpec spec;
  spec.name = std::move(name);
  spec.role = std::move(role);
  spec.settings.entries = std::move(settings);
  return spec;
}

LinkSpec link(std::string a, std::string b, LinkConditions conditions) {
  return {.a = std::move(a), .b = std::move(b), .both = std::move(conditions)};
}

}  // namespace

const RoleRegistry& benchmark_roles() {
  static const RoleRegistry roles = [] {
    RoleRegistry registry = RoleRegistry::built_in();
    registry.add({.name = "metronome",
                  .help = "sends on every beat, or answers",
                  .keys = {{"to", ValueType::host, "where to send"}},
                  .make = [](const RoleContext& context) { return AnyMachine(Metronome(context)); },
                  .port = metronome_port});
    return registry;
  }();
  return roles;
}

Scenario metronomes(std::int64_t hosts) {
  Scenario scenario;
  scenario.duration = Duration(hours(100'000));
  LinkConditions conditions;
  conditions.latency = Duration(milliseconds(20));
  conditions.jitter = Range<Duration>(Duration{}, milliseconds(5));
  conditions.loss = Ratio{1, 20};
  for (std::int64_t pair = 0; pair < hosts / 2; ++pair) {
    const std::string asks = fmt::format("alice-{}", pair);
    const std::string answers = fmt::format("bob-{}", pair);
    scenario.hosts.push_back(host(asks, "metronome", {{"to", answers, {}}}));
    scenario.hosts.back().start = Range<Duration>(Duration{}, milliseconds(10));
    scenario.hosts.push_back(host(answers, "metronome"));
    scenario.links.push_back(link(asks, answers, conditions));
  }
  return scenario;
}

Scenario idle_clients(std::int64_t clients) {
  Scenario scenario;
  scenario.duration = Duration(hours(1));
  scenario.hosts.push_back(host("relay", "turn-server"));
  scenario.hosts.push_back(host("client", "turn-client", {{"relay", std::string("relay"), {}}}));
  scenario.hosts.back().count = clients;
  scenario.hosts.back().start = Range<Duration>(Duration{}, seconds(20));
  LinkConditions conditions;
  conditions.latency = Duration(milliseconds(20));
  scenario.links.push_back(link("client", "relay", conditions));
  return scenario;
}

Scenario relayed_talk(std::int64_t clients, const std::string& use) {
  Scenario scenario = idle_clients(clients);
  scenario.duration = Duration(hours(100'000));
  scenario.hosts.back().start = Range<Duration>(Duration{}, milliseconds(10));
  scenario.hosts.back().settings.entries.push_back({"use", use, {}});
  scenario.hosts.push_back(host("peer", "peer", {{"echo", true, {}}}));
  LinkConditions conditions;
  conditions.latency = Duration(milliseconds(20));
  scenario.links.push_back(link("relay", "peer", conditions));
  TrafficSpec traffic{.from = "client", .to = "peer"};
  traffic.every = Duration(milliseconds(10));
  scenario.traffic.push_back(traffic);
  return scenario;
}

Scenario idle_day() {
  Scenario scenario = idle_clients(1);
  scenario.duration = Duration(hours(24));
  NatSpec nat;
  nat.mapping = nat.filtering = NatBehaviour::address_and_port;
  nat.timeout = Duration(seconds(30));
  scenario.hosts.back().nat = nat;
  return scenario;
}

std::shared_ptr<const Plan> planned(const Scenario& scenario) {
  auto plan = make_plan(scenario, 1, benchmark_roles());
  if (!plan) fmt::print(stderr, "{}\n", plan.error().what);
  CHECK(plan.has_value());
  return *plan;
}

World judged(const std::shared_ptr<const Plan>& plan) {
  return World(plan, make_oracles(*plan));
}

World unjudged(const std::shared_ptr<const Plan>& plan) {
  return World(plan, {});
}

void deliver(World& world, std::uint64_t count) {
  const std::uint64_t wanted = world.counts().delivered + count;
  while (world.counts().delivered < wanted) {
    world.step();
    if (const Breach* breach = world.oracles().breach()) {
      fmt::print(stderr, "{}: {}\n", breach->oracle, breach->what);
      std::abort();
    }
  }
}

void run_to(World& world, Instant until) {
  const StopReason stop = run_until(world, until);
  CHECK(stop == StopReason::deadline || stop == StopReason::quiescent);
}

}  // namespace tickover::sim
