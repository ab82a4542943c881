#include "sim/program/fates_file.h"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "sim/scenario/printer.h"

namespace tickover::sim {

std::string write_fates(const std::string& path, const Plan& plan, const Outcome& outcome,
                        Fates fates, const RoleRegistry& registry, const RunLimits& limits,
                        std::string& error) {
  const auto list = std::make_shared<const Fates>(std::move(fates));
  const SpelledOut spelled =
      spell_out(plan, list, Instant::at(outcome.simulated), LinkFaults::keep, registry, limits);
  const auto again = make_plan(spelled.scenario, plan.seed, registry);
  if (!again || run_case(*again, limits).digest != outcome.digest) {
    error = "the run cannot be told by its datagrams' names: two of one name fared differently";
    return {};
  }
  std::ofstream file(path);
  file << print(spelled.scenario);
  file.close();
  if (!file) error = std::string("cannot be written: ") + std::strerror(errno);
  return fmt::format("fates: {} of {} datagrams on links need a word: {}", spelled.said,
                     list->all().size(), path);
}

}  // namespace tickover::sim
