#include "sim/program/list.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <set>

#include "sim/report/json.h"
#include "sim/scenario/find.h"
#include "sim/scenario/keys.h"
#include "sim/scenario/printer.h"
#include "sim/scenario/reader.h"
#include "sim/scenario/text.h"

namespace tickover::sim {
namespace {

struct Listed {
  std::string file;
  std::string sentence;
  std::optional<Scenario> scenario = {};  // none: it cannot be read
  std::vector<std::string> tags = {};     // "BUGS G6, P9": comment lines for ci/clauses
};

/// The comment lines that begin with the name of a page and an item.
std::vector<std::string> tags_of(std::string_view text) {
  std::vector<std::string> tags;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!line.starts_with("# ")) continue;
    line.remove_prefix(2);
    if (line.ends_with('\r')) line.remove_suffix(1);
    for (const std::string_view page : {"PROTOCOL ", "BUGS ", "BUG "}) {
      if (line.starts_with(page)) tags.emplace_back(line);
    }
  }
  return tags;
}

std::int64_t host_count(const Scenario& scenario) {
  std::int64_t count = 0;
  for (const HostSpec& host : scenario.hosts) count += host.count;
  return count;
}

void write_text(const std::vector<Listed>& scenarios, std::ostream& out) {
  std::size_t width = 0;
  for (const Listed& listed : scenarios) width = std::max(width, listed.file.size());
  for (const Listed& listed : scenarios) {
    std::string line = fmt::format("{:<{}}", listed.file, width);
    if (listed.scenario) {
      const std::int64_t hosts = host_count(*listed.scenario);
      line += fmt::format("  {:>8}  {:>5} host{}", range_text(listed.scenario->duration), hosts,
                          hosts == 1 ? " " : "s");
    } else {
      line += std::string(22, ' ');
    }
    line += "  " + listed.sentence;
    out << line.substr(0, line.find_last_not_of(' ') + 1) << '\n';
  }
}

/// The key that says what a fault does.
std::string action_of(const FaultSpec& fault) {
  const std::string text = "\n" + fault_text(fault);
  for (const std::string& action : fault_actions()) {
    const std::size_t at = text.find("\n" + action);
    if (at != std::string::npos && text.find_first_of(" =", at) == at + 1 + action.size()) {
      return action;
    }
  }
  return {};
}

void write_contents(const Scenario& scenario, JsonWriter& json) {
  json.member("duration", std::string_view(range_text(scenario.duration)));
  json.member("duration_ns", scenario.duration.high.count());  // the longest
  json.member("hosts", host_count(scenario));
  std::set<std::string> roles;
  for (const HostSpec& host : scenario.hosts) roles.insert(host.role);
  json.key("roles").begin_array();
  for (const std::string& role : roles) json.value(std::string_view(role));
  json.end_array().key("faults").begin_array();
  std::set<std::string> faults;
  for (const FaultSpec& fault : scenario.faults) {
    faults.insert(action_of(fault));
  }
  for (const std::string& fault : faults) json.value(std::string_view(fault));
  json.end_array();
  if (!scenario.caught_by.empty()) json.member("caught_by", std::string_view(scenario.caught_by));
}

void write_json(const std::vector<Listed>& scenarios, std::ostream& out) {
  std::string text;
  JsonWriter json(text);
  json.begin_array();
  for (const Listed& listed : scenarios) {
    json.begin_object();
    json.member("file", std::string_view(listed.file));
    json.member("sentence", std::string_view(listed.sentence));
    json.member("readable", listed.scenario.has_value());
    if (listed.scenario) write_contents(*listed.scenario, json);
    json.key("tags").begin_array();
    for (const std::string& tag : listed.tags) json.value(std::string_view(tag));
    json.end_array().end_object();
  }
  json.end_array();
  out << text << '\n';
}

}  // namespace

int list_scenarios(const std::vector<std::string>& paths, bool json, std::ostream& out,
                   std::ostream& err, const RoleRegistry& registry) {
  std::vector<std::string> files = find_scenarios(paths);
  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());
  std::vector<Listed> scenarios;
  int exit_code = 0;
  for (const std::string& file : files) {
    const auto text = read_small_file(file);
    if (text) {
      Listed listed{file, opening_sentence(*text)};
      if (auto scenario = read_scenario_text(*text, file, registry)) {
        listed.scenario = std::move(*scenario);
      } else {
        for (const Problem& problem : scenario.error()) err << problem.text() << '\n';
        exit_code = 2;
      }
      listed.tags = tags_of(*text);
      scenarios.push_back(std::move(listed));
    } else {
      err << file << ": " << text.error() << '\n';
      exit_code = 2;
    }
  }
  if (json) {
    write_json(scenarios, out);
  } else {
    write_text(scenarios, out);
  }
  return exit_code;
}

}  // namespace tickover::sim
