#include "sim/program/files.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "sim/scenario/reader.h"

namespace tickover::sim {

std::vector<std::string> scenario_files(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) {
      files.push_back(path);
      continue;
    }
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path, error)) {
      if (entry.path().extension() == ".toml") found.push_back(entry.path().string());
    }
    std::ranges::sort(found);
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

bool read_scenarios(const std::vector<std::string>& paths, const RoleRegistry& registry,
                    std::vector<SweepItem>& items) {
  bool ok = true;
  for (const std::string& path : paths) {
    std::vector<Problem> problems;
    auto scenario = read_scenario_file(path, registry, &problems);
    if (scenario) {
      items.push_back({path, std::move(*scenario)});
    } else {
      problems = scenario.error();
      ok = false;
    }
    for (const Problem& problem : problems) fmt::print(stderr, "{}\n", problem.text());
  }
  return ok;
}

}  // namespace tickover::sim
