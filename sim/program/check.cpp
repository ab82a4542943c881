#include "sim/program/check.h"

#include "sim/program/load.h"
#include "sim/report/json.h"
#include "sim/scenario/find.h"

namespace tickover::sim {
namespace {

constexpr int bad_file = 2;

struct Checked {
  std::string file;
  bool good = false;
  std::vector<Problem> problems;
};

Checked check_file(const std::string& path, const RoleRegistry& registry) {
  Checked checked{path, false, {}};
  checked.good = load_scenario(path, registry, checked.problems).has_value();
  return checked;
}

void write_text(const Checked& checked, std::ostream& out, std::ostream& err) {
  for (const Problem& problem : checked.problems) err << problem.text() << '\n';
  if (checked.good) out << checked.file << ": ok\n";
}

void write_json(const Checked& checked, JsonWriter& json) {
  json.begin_object().member("file", checked.file).member("ok", checked.good);
  json.key("problems").begin_array();
  for (const Problem& problem : checked.problems) {
    json.begin_object();
    json.member("line", std::uint64_t{problem.line});
    json.member("column", std::uint64_t{problem.column});
    json.member("severity", problem.severity == Severity::error ? "error" : "warning");
    json.member("what", problem.what);
    if (!problem.meant.empty()) json.member("did_you_mean", problem.meant);
    json.end_object();
  }
  json.end_array().end_object();
}

}  // namespace

int check_files(const std::vector<std::string>& paths, bool json, std::ostream& out,
                std::ostream& err, const RoleRegistry& registry) {
  const std::vector<std::string> files = find_scenarios(paths);
  std::string text;
  JsonWriter writer(text);
  if (json) writer.begin_array();
  bool all_good = true;
  for (const std::string& file : files) {
    const Checked checked = check_file(file, registry);
    all_good = all_good && checked.good;
    if (json) {
      write_json(checked, writer);
    } else {
      write_text(checked, out, err);
    }
  }
  if (json) {
    writer.end_array();
    out << text << '\n';
  }
  if (files.empty()) err << "tickover check: there is no *.toml below " << paths.front() << '\n';
  return all_good && !files.empty() ? 0 : bad_file;
}

}  // namespace tickover::sim
