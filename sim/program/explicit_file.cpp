#include "sim/program/explicit_file.h"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "sim/scenario/printer.h"
#include "sim/search/explicit.h"

namespace tickover::sim {

std::string write_explicit(const std::string& path, const Plan& plan, const Outcome& outcome,
                           const RoleRegistry& registry, const RunLimits& limits,
                           std::string& error) {
  const Scenario scenario = with_all_said(plan);
  const auto again = make_plan(scenario, plan.seed, registry);
  if (!again) {
    error = "the run cannot be told with all said: " + again.error().what;
    return {};
  }
  if (run_case(*again, limits).digest != outcome.digest) {
    error = "with all said it is another run: two faults of one kind are told apart by number";
    return {};
  }
  std::ofstream file(path);
  file << print(scenario);
  file.close();
  if (!file) error = std::string("cannot be written: ") + std::strerror(errno);
  return fmt::format("explicit: {} hosts, {} links, {} flows, {} faults, all said: {}",
                     scenario.hosts.size(), scenario.links.size(), scenario.traffic.size(),
                     scenario.faults.size(), path);
}

}  // namespace tickover::sim
