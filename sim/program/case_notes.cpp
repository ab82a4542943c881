#include "sim/program/case_notes.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <string_view>

namespace tickover::sim {
namespace {

constexpr std::string_view prefix = "running-";

}  // namespace

bool CaseNotes::open(const std::string& folder, unsigned workers) {
  folder_ = folder;
  std::error_code none;
  const bool was_there = std::filesystem::exists(folder, none);
  was_empty_ = was_there && std::filesystem::is_empty(folder, none);
  const auto make = [](const std::string& name) {
    return ::open(name.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
  };
  for (unsigned worker = 0; worker < workers; ++worker) {
    Note note{fmt::format("{}/{}{}-{}.txt", folder, prefix, ::getpid(), worker)};
    // Another sweep that ends just now may take the folder away in between.
    for (int attempt = 0; attempt < 3 && note.file < 0; ++attempt) {
      std::error_code error;
      std::filesystem::create_directories(folder, error);
      note.file = make(note.name);
      if (note.file < 0 && error) errno = error.value();
    }
    if (note.file < 0) return false;
    notes_.push_back(std::move(note));
  }
  return true;
}

void CaseNotes::write(unsigned worker, const std::string& line) {
  const std::lock_guard lock(mutex_);
  Note& note = notes_[worker];
  note.line = line;
  // One short write at the start of the file; a shorter line is padded over the longer one before.
  note.size = std::max({note.size, line.size(), std::size_t{256}});
  std::string padded = line;
  padded.resize(note.size, ' ');
  std::swap(padded[line.size() - 1], padded.back());
  [[maybe_unused]] const auto written = ::pwrite(note.file, padded.data(), padded.size(), 0);
}

void CaseNotes::finish(unsigned worker) {
  const std::lock_guard lock(mutex_);
  notes_[worker].line.clear();
}

std::vector<std::string> CaseNotes::lines() {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> lines;
  for (const Note& note : notes_) {
    if (!note.line.empty()) lines.push_back(note.line);
  }
  return lines;
}

void CaseNotes::remove() {
  const std::lock_guard lock(mutex_);
  for (const Note& note : notes_) {
    ::close(note.file);
    if (note.line.empty()) ::unlink(note.name.c_str());
  }
  notes_.clear();
  if (was_empty_ || folder_.empty()) return;
  ::rmdir(folder_.c_str());  // which fails if anything is in it
}

std::vector<std::string> abandoned_files(const std::string& folder, std::string_view before,
                                         std::string_view after) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string file = entry.path().filename().string();
    const std::size_t at = file.rfind(before);
    if (at == std::string::npos || !file.ends_with(after)) continue;
    const char* const digits = file.data() + at + before.size();
    pid_t process = 0;
    std::from_chars(digits, file.data() + file.size(), process);
    const bool is_gone = process > 0 && ::kill(process, 0) != 0 && errno == ESRCH;
    if (is_gone) files.push_back(entry.path().string());
  }
  std::ranges::sort(files);
  return files;
}

std::vector<std::string> abandoned_notes(const std::string& folder) {
  return abandoned_files(folder, prefix, ".txt");
}

}  // namespace tickover::sim
