#include "sim/program/list.h"

#include <algorithm>

#include "sim/report/json.h"
#include "sim/scenario/find.h"
#include "sim/scenario/reader.h"

namespace tickover::sim {
namespace {

struct Listed {
  std::string file;
  std::string sentence;
};

void write_text(const std::vector<Listed>& scenarios, std::ostream& out) {
  std::size_t width = 0;
  for (const Listed& listed : scenarios) width = std::max(width, listed.file.size());
  for (const Listed& listed : scenarios) {
    out << listed.file;
    if (!listed.sentence.empty()) {
      out << std::string(width - listed.file.size() + 2, ' ') << listed.sentence;
    }
    out << '\n';
  }
}

void write_json(const std::vector<Listed>& scenarios, std::ostream& out) {
  std::string text;
  JsonWriter json(text);
  json.begin_array();
  for (const Listed& listed : scenarios) {
    json.begin_object();
    json.member("file", listed.file).member("sentence", listed.sentence);
    json.end_object();
  }
  json.end_array();
  out << text << '\n';
}

}  // namespace

int list_scenarios(const std::vector<std::string>& paths, bool json, std::ostream& out,
                   std::ostream& err) {
  std::vector<std::string> files = find_scenarios(paths);
  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());
  std::vector<Listed> scenarios;
  int exit_code = 0;
  for (const std::string& file : files) {
    const auto text = read_small_file(file);
    if (text) {
      scenarios.push_back({file, opening_sentence(*text)});
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
