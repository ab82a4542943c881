#include "sim/program/seed_memory.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <utility>

#include "sim/program/case_notes.h"
#include "sim/program/replay_line.h"
#include "sim/scenario/text.h"
#include "sim/search/failure_shape.h"

namespace tickover::sim {
namespace {

constexpr std::size_t most_lines = 1'000;
constexpr const char* heading =
    "# Seeds that failed here. `tickover sweep` tries them first, and forgets those that hold.\n";

/// The words before the seed of an invented world (path_of_running), in a shell's words.
constexpr std::array world_words = {"-running.toml --seed ", "-running.toml' --seed "};

/// The seed behind the words that begin a case's replay line; none if it is another's.
std::optional<std::uint64_t> seed_after(std::string_view line, const std::string& words) {
  const std::size_t at = line.find(words);
  if (at == line.npos) return {};
  std::string_view digits = line.substr(at + words.size());
  digits = digits.substr(0, digits.find_first_of(" \n"));
  const auto seed = parse_seed(digits);
  return seed ? std::optional(*seed) : std::nullopt;
}

/// The items by their paths, however these are said.
class Places {
 public:
  explicit Places(const std::vector<SweepItem>& items) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      indexes_.emplace(items[i].path, i);
      if (!items[i].invent) indexes_.emplace(place_of(items[i].path), i);
    }
  }
  /// None if it is no item.
  std::optional<std::size_t> find(const std::string& path) const {
    auto at = indexes_.find(path);
    if (at == indexes_.end()) at = indexes_.find(place_of(path));
    return at == indexes_.end() ? std::nullopt : std::optional(at->second);
  }

 private:
  static std::string place_of(const std::string& path) {
    std::error_code error;
    const auto whole = std::filesystem::weakly_canonical(path, error);
    return error ? path : whole.string();
  }
  std::map<std::string, std::size_t> indexes_;
};

}  // namespace

SeedMemory::SeedMemory(std::string folder)
    : folder_(std::move(folder)), path_(folder_ + "/failing-seeds.tsv") {}

std::string SeedMemory::line(std::uint64_t seed, const std::string& what, const std::string& path) {
  return fmt::format("0x{:x}\t{}\t{}\n", seed, what, path);
}

void SeedMemory::read_file() {
  lines_.clear();
  std::ifstream file(path_);
  for (std::string text; std::getline(file, text) && lines_.size() < most_lines;) {
    const std::size_t first = text.find('\t');
    const std::size_t second = first == text.npos ? first : text.find('\t', first + 1);
    if (text.starts_with('#') || second == text.npos) continue;
    // What somebody else wrote into it is no reason to stop.
    if (const auto seed = parse_seed(std::string_view(text).substr(0, first))) {
      lines_.push_back(
          {*seed, text.substr(first + 1, second - first - 1), text.substr(second + 1)});
    }
  }
}

void SeedMemory::read_notes(const std::vector<SweepItem>& items) {
  notes_.clear();
  for (const std::string& path : abandoned_notes(folder_)) {
    std::ifstream file(path);
    std::string text;
    std::getline(file, text);
    for (std::size_t i = 0; i < items.size(); ++i) {
      std::vector<std::string> all = {case_words(items[i])};
      if (items[i].invent) all.assign(world_words.begin(), world_words.end());
      for (const std::string& words : all) {
        const auto seed = seed_after(text, words);
        if (seed) notes_.emplace_back(path, SweepCase{i, *seed});
      }
    }
  }
}

std::vector<SweepCase> SeedMemory::cases(const std::vector<SweepItem>& items) {
  read_file();
  read_notes(items);
  std::vector<SweepCase> cases;
  const auto add = [&](const SweepCase& which) {
    const auto pinned = items[which.item].scenario.seed;
    if (pinned && *pinned != which.seed) return;
    if (first_.insert(which).second) cases.push_back(which);
  };
  for (const auto& [path, which] : notes_) add(which);
  const Places places(items);
  for (const Line& line : lines_) {
    if (const auto item = places.find(line.path)) add({*item, line.seed});
  }
  return cases;
}

void SeedMemory::finished(const SweepCase& which) {
  if (!first_.contains(which)) return;
  const std::lock_guard lock(mutex_);
  finished_.insert(which);
}

bool SeedMemory::update(const std::vector<SweepItem>& items, const std::vector<SweepRow>& rows) {
  for (const auto& [path, which] : notes_) {
    if (finished_.contains(which)) ::unlink(path.c_str());
  }
  read_file();  // another sweep may have written to it
  const Places places(items);
  std::erase_if(lines_, [&](const Line& line) {
    const auto item = places.find(line.path);
    return item && finished_.contains({*item, line.seed});
  });
  std::vector<Line> lines;
  const auto add = [&](Line line) {
    const bool is_known = std::ranges::any_of(
        lines, [&](const Line& each) { return each.seed == line.seed && each.path == line.path; });
    const bool is_line = line.path.find_first_of("\t\n") == std::string::npos;
    if (is_line && !is_known && lines.size() < most_lines) lines.push_back(std::move(line));
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (const auto& [shape, failure] : rows[i].failures) {
      const std::string what = failure_id(failure.outcome);
      for (const std::uint64_t seed : failure.seeds) add({seed, what, items[i].path});
    }
  }
  for (Line& line : lines_) add(std::move(line));
  if (lines.empty()) return ::unlink(path_.c_str()) == 0 || errno == ENOENT;
  std::string text = heading;
  for (const Line& each : lines) text += line(each.seed, each.what, each.path);
  // Whoever reads it meanwhile reads the one or the other.
  const std::string next = fmt::format("{}.{}", path_, ::getpid());
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  std::ofstream file(next);
  file << text;
  file.close();
  if (file && std::rename(next.c_str(), path_.c_str()) == 0) return true;
  const int why = errno;
  ::unlink(next.c_str());
  errno = why;
  return false;
}

}  // namespace tickover::sim
