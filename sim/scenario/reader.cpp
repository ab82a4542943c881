#include "sim/scenario/reader.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "sim/roles/accounts.h"
#include "sim/scenario/parts.h"
#include "sim/scenario/templates.h"

namespace tickover::sim {
namespace {

constexpr std::string_view least_scenario =
    "a scenario needs at least `format = 1` and one [[host]] with `name` and `role`";

/// Scenarios that run on every commit must say what they are for.
bool is_fast(std::string_view name) {
  return name.starts_with("scenarios/fast/") ||
         name.find("/scenarios/fast/") != std::string_view::npos;
}

void read_sentence(std::string_view text, std::string_view name, Scenario& scenario,
                   Problems& problems) {
  scenario.sentence = opening_sentence(text);
  if (!scenario.sentence.empty()) return;
  const std::string what = "the file begins with no `# sentence` on what must hold";
  if (is_fast(name)) {
    problems.error({1, 1}, what);
  } else {
    problems.warning({1, 1}, what);
  }
}

void read_tree(const TomlNode& tree, Scenario& scenario, Reading& reading) {
  Problems& problems = reading.problems;
  if (tree.entries.empty()) {
    problems.error({1, 1}, fmt::format("the file is empty: {}", least_scenario));
    return;
  }
  const Fields top(tree, scenario_keys(), "a scenario", problems);
  if (!top.has("host")) {
    problems.error(tree.place, "a scenario needs a [[host]] with `name` and `role`");
  } else if (const TomlNode* hosts = top.node("host"); hosts && hosts->items.empty()) {
    problems.error(hosts->place, "a scenario needs a [[host]] with `name` and `role`");
  }
  top.read("duration", scenario.duration);
  if (const auto seed = top.get<Range<std::int64_t>>("seed")) {
    scenario.seed = static_cast<std::uint64_t>(seed->low);
  }
  top.read("icmp", scenario.icmp);
  scenario.caught_by = top.text("caught-by");
  read_names(top, reading);
  read_hosts(top, scenario, reading);
  read_links(top, scenario, reading);
  read_traffic(top, scenario, reading);
  read_faults(top, scenario, reading);
  read_expect(top, scenario, reading);
  check_addresses(scenario, problems);
  // What is wrong elsewhere is often why nothing leads to a host.
  if (problems.has_errors()) return;
  check_reach(scenario, reading.names, problems);
  check_times(scenario, problems);
  check_accounts(scenario, reading.registry, problems);
}

}  // namespace

std::expected<Scenario, std::vector<Problem>> read_scenario_text(std::string_view text,
                                                                 const std::string& name,
                                                                 const RoleRegistry& registry,
                                                                 std::vector<Problem>* warnings) {
  Problems problems(name);
  if (text.size() > most_scenario_bytes) {
    problems.error(
        {}, fmt::format("larger than {} MiB: this is no scenario", most_scenario_bytes >> 20));
    return std::unexpected(problems.sorted());
  }
  auto tree = parse_toml(text);
  if (!tree) {
    problems.error(tree.error().place, tree.error().what, tree.error().meant);
    return std::unexpected(problems.sorted());
  }
  unfold_templates(*tree, problems);
  Scenario scenario;
  Names names;
  Reading reading{registry, names, problems, name};
  read_tree(*tree, scenario, reading);
  if (!tree->entries.empty()) read_sentence(text, name, scenario, problems);
  if (problems.has_errors()) return std::unexpected(problems.sorted());
  if (warnings) *warnings = problems.sorted();
  return scenario;
}

std::expected<Scenario, std::vector<Problem>> read_scenario_file(const std::string& path,
                                                                 const RoleRegistry& registry,
                                                                 std::vector<Problem>* warnings) {
  const auto text = read_small_file(path);
  if (text) return read_scenario_text(*text, path, registry, warnings);
  Problems problems(path);
  problems.error({}, text.error());
  return std::unexpected(problems.sorted());
}

std::string opening_sentence(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  constexpr std::string_view blank = " \t\r";
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    line.remove_prefix(std::min(line.find_first_not_of(blank), line.size()));
    line = line.substr(0, line.find_last_not_of(blank) + 1);
    if (line.empty()) continue;
    if (line.front() != '#') return {};
    line.remove_prefix(1);
    line.remove_prefix(std::min(line.find_first_not_of(blank), line.size()));
    if (!line.empty()) return std::string(line);
  }
  return {};
}

std::expected<std::string, std::string> read_small_file(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    return std::unexpected("there is no such file");
  }
  if (error) return std::unexpected(error.message());
  if (std::filesystem::is_directory(status)) {
    return std::unexpected("this is a directory, and a file is expected");
  }
  if (!std::filesystem::is_regular_file(status)) {
    return std::unexpected("this is no regular file");
  }
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) return std::unexpected(error.message());
  if (size > most_scenario_bytes) {
    return std::unexpected(fmt::format("larger than {} MiB ({} bytes): this is no scenario",
                                       most_scenario_bytes >> 20, size));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::unexpected("the file cannot be opened");
  std::string text(size, '\0');
  file.read(text.data(), static_cast<std::streamsize>(size));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad()) return std::unexpected("the file cannot be read");
  return text;
}

}  // namespace tickover::sim
