#include "sim/live/network_file.h"

#include <fmt/core.h>

#include <utility>

#include "sim/live/driver.h"
#include "sim/live/say.h"
#include "sim/program/load.h"
#include "sim/scenario/text.h"

namespace tickover::sim::live {
namespace {

using Chosen = std::expected<HostIndex, std::string>;

/// The host of that name, or the only one with that role.
Chosen choose(const Plan& plan, const std::string& file, std::string_view option,
              const std::string& name, std::string_view role) {
  if (!name.empty()) {
    const auto host = plan.host_named(name);
    if (!host) return std::unexpected(fmt::format("{}: {}: no host \"{}\"", file, option, name));
    if (plan.hosts[*host].info.role != role) {
      return std::unexpected(fmt::format("{}: {}: {} is a {}, and a {} is played", file, option,
                                         name, plan.hosts[*host].info.role, role));
    }
    return *host;
  }
  HostIndex found = no_index;
  for (HostIndex i = 0; i < plan.hosts.size(); ++i) {
    if (plan.hosts[i].info.role != role) continue;
    if (found != no_index) {
      return std::unexpected(
          fmt::format("{}: several hosts are {}s: say which by {} NAME", file, role, option));
    }
    found = i;
  }
  if (found == no_index) return std::unexpected(fmt::format("{}: no host is a {}", file, role));
  return found;
}

std::string at(const std::string& file, Place place, std::string_view what) {
  return fmt::format("{}:{}:{}: {}", file, place.line, place.column, what);
}

/// What of the file real sockets do not do, a line each.
std::vector<std::string> impossible(const Plan& plan, const std::string& file, const Part& part) {
  std::vector<std::string> lines;
  const auto tell = [&](Place place, std::string_view what) {
    lines.push_back(at(file, place, what));
  };
  for (const HostIndex host : {part.self, part.other}) {
    const HostPlan& plays = plan.hosts[host];
    for (const HostSpec& spec : plan.scenario.hosts) {
      if (spec.name != plays.group) continue;
      if (spec.nat || !spec.behind.empty()) {
        tell(spec.place, "there is no NAT on real sockets but those that are there");
      }
      if (spec.clock != ClockSpec{}) tell(spec.place, "a real host's clock goes as it goes");
      if (spec.driver != DriverSpec{}) {
        tell(spec.place, "a real host wakes up when its machine asks for it");
      }
    }
  }
  if (plan.scenario.icmp) {
    lines.push_back(file + ": `icmp`: this network cannot tell by ICMP what it drops");
  }
  for (const FaultPlan& fault : plan.faults) {
    if (Impairment::can_do(*fault.spec)) continue;
    tell(fault.spec->place,
         fault.spec->after ? "a fault's time counts from the program's start, not from an event"
                           : "real sockets cannot do this fault");
  }
  return lines;
}

}  // namespace

void add_network_options(OptionList& options, NetworkRequest& request) {
  options.group("Network")
      .text("--network", "FILE", "a scenario whose links and faults are laid over the real network",
            request.file)
      .text("--as", "NAME", "its host that is played (the only one of that role)", request.as)
      .text("--with", "NAME", "its host at the far end (the only one of that role)", request.with)
      .flag("--leave-out", "what real sockets cannot do of the file, instead of refusing it",
            request.leave_out)
      .text("--seed", "SEED", "of the network's dice (the file's own, or else 1)", request.seed);
}

void LiveNetwork::complain() const {
  const std::vector<FaultPlan>& faults = passage->plan().faults;
  for (std::size_t i = 0; i < faults.size(); ++i) {
    const FaultPlan& fault = faults[i];
    if (passage->matches(i) > 0 || !fault.present || !Impairment::can_do(*fault.spec)) continue;
    say(stderr, fmt::format("warning: {}\n",
                            at(file, fault.spec->place, "this fault never matched anything")));
  }
}

std::expected<std::optional<LiveNetwork>, std::string> lay_network(Driver& driver,
                                                                   const NetworkRequest& request,
                                                                   Roles roles,
                                                                   const RoleRegistry& registry) {
  if (request.file.empty()) {
    for (const auto& [option, value] :
         {std::pair("--as", &request.as), {"--with", &request.with}, {"--seed", &request.seed}}) {
      if (!value->empty()) return std::unexpected(fmt::format("{} needs --network FILE", option));
    }
    if (request.leave_out) return std::unexpected("--leave-out needs --network FILE");
    return std::nullopt;
  }
  std::vector<Problem> problems;
  const auto scenario = load_scenario(request.file, registry, problems);
  if (!scenario) {
    std::string text = "the network cannot be used";
    for (const Problem& problem : problems) text += "\n" + problem.text();
    return std::unexpected(std::move(text));
  }
  for (const Problem& problem : problems) say(stderr, problem.text() + '\n');
  std::uint64_t seed = scenario->seed.value_or(1);
  if (!request.seed.empty()) {
    const auto parsed = parse_seed(request.seed);
    if (!parsed) return std::unexpected("--seed: " + parsed.error().what);
    seed = *parsed;
  }
  const auto plan = make_plan(*scenario, seed, registry);
  if (!plan) return std::unexpected(at(request.file, plan.error().place, plan.error().what));
  const Chosen self = choose(**plan, request.file, "--as", request.as, roles.self);
  if (!self) return std::unexpected(self.error());
  const Chosen other = choose(**plan, request.file, "--with", request.with, roles.other);
  if (!other) return std::unexpected(other.error());
  if (Impairment::direction_between(**plan, *self, *other) == no_index) {
    return std::unexpected(fmt::format("{}: no link between {} and {}", request.file,
                                       (*plan)->hosts[*self].info.name,
                                       (*plan)->hosts[*other].info.name));
  }
  Part part{*self, *other, std::move(roles.fronts)};
  const std::vector<std::string> lines = impossible(**plan, request.file, part);
  if (!lines.empty() && !request.leave_out) {
    std::string text = "real sockets cannot do all of it; --leave-out goes without:";
    for (const std::string& line : lines) text += "\n" + line;
    return std::unexpected(std::move(text));
  }
  for (const std::string& line : lines) {
    say(stderr, fmt::format("warning: {}: left out\n", line));
  }
  LiveNetwork network{request.file, std::make_unique<Impairment>(*plan, std::move(part))};
  driver.impair(*network.passage);
  driver.rename((*plan)->hosts[*self].info.name);
  return network;
}

}  // namespace tickover::sim::live
