#include "sim/program/case_notes.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

namespace tickover::sim {

bool CaseNotes::open(const std::string& folder, unsigned workers) {
  folder_ = folder;
  const auto make = [](const std::string& name) {
    return ::open(name.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
  };
  for (unsigned worker = 0; worker < workers; ++worker) {
    Note note{fmt::format("{}/running-{}-{}.txt", folder, ::getpid(), worker)};
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
    ::unlink(note.name.c_str());
  }
  notes_.clear();
  if (!folder_.empty()) ::rmdir(folder_.c_str());  // which fails if anything is in it
}

}  // namespace tickover::sim
