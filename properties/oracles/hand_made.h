#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "sim/oracles/oracle.h"
#include "sim/world/run.h"

namespace tickover::sim {

/// A scenario of hosts without links, for oracles that are shown steps made by hand.
struct Stage {
  Scenario scenario;
  std::shared_ptr<RoleRegistry> registry = std::make_shared<RoleRegistry>(RoleRegistry::built_in());

  Stage& host(std::string name, std::string role, const char* address) {
    scenario.hosts.push_back({.name = std::move(name),
                              .role = std::move(role),
                              .addresses = {IpAddress::parse(address).value()}});
    return *this;
  }
  Stage& setting(std::string key, Value value) {
    scenario.hosts.back().settings.entries.push_back({std::move(key), std::move(value)});
    return *this;
  }
  Stage& traffic(std::string from, std::string to) {
    scenario.traffic.push_back({.from = std::move(from), .to = std::move(to)});
    return *this;
  }
  /// Keeps the registry alive, of which it names roles.
  std::shared_ptr<const Plan> plan(std::uint64_t seed = 1) const {
    auto made = make_plan(scenario, seed, *registry);
    if (!made) throw std::runtime_error(made.error().what);
    using Held = std::pair<std::shared_ptr<RoleRegistry>, std::shared_ptr<const Plan>>;
    const auto held = std::make_shared<Held>(registry, *made);
    return {held, held->second.get()};
  }
};

/// alice sends to bob.
inline Stage two_peers() {
  Stage stage;
  stage.host("alice", "peer", "192.0.2.1").host("bob", "peer", "192.0.2.2");
  return stage.traffic("alice", "bob");
}

/// A stage with a role that announces candidates but never does anything by itself.
inline Stage stage_with_clients() {
  struct Silent {
    using Event = Notice;
    void handle_input(const Input&, Instant) {}
    void handle_timeout(Instant) {}
    std::optional<Transmit> poll_transmit(MutableBytes) { return {}; }
    std::optional<Notice> poll_event() { return {}; }
    std::optional<Timeout> poll_timeout() const { return {}; }
    bool operator==(const Silent&) const = default;
  };
  Stage stage;
  stage.registry->add({.name = "client", .help = "says nothing", .make = [](const RoleContext&) {
                         return AnyMachine(Silent{});
                       }});
  return stage;
}

/// Shows steps to one oracle, numbering them.
class Show {
 public:
  Show(std::shared_ptr<const Plan> plan, std::unique_ptr<Oracle> oracle)
      : world_(std::move(plan), {}), oracle_(std::move(oracle)) {}

  World& world() { return world_; }
  const Oracle& oracle() const { return *oracle_; }
  /// What the oracle objects to, or nothing.
  std::string objection() const { return oracle_->breach() ? oracle_->breach()->what : ""; }

  Step step(Duration at, StepKind kind, HostIndex host) {
    Step s{.number = ++number_, .time = Instant::at(at), .kind = kind, .host = host};
    s.touched = true;
    s.host_now = Instant::at(at);
    return s;
  }
  void operator()(const Step& step) { oracle_->observe(step, world_); }
  void finish() { oracle_->finish(world_); }

 private:
  World world_;
  std::unique_ptr<Oracle> oracle_;
  std::uint64_t number_ = 0;
};

inline Endpoint at(const char* text) {
  return Endpoint::parse(text).value();
}

/// Adds a datagram that the step's host sent.
inline SentRecord& add_sent(Step& step, const char* from, const char* to, Bytes bytes) {
  SentRecord record{
      .local = at(from), .remote = at(to), .seen_source = at(from), .seen_remote = at(to)};
  record.offset = step.bytes.size();
  record.size = bytes.size();
  record.fate.copies = 1;
  step.bytes.insert(step.bytes.end(), bytes.begin(), bytes.end());
  step.sent.push_back(record);
  return step.sent.back();
}

}  // namespace tickover::sim
