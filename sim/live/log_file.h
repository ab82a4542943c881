#pragma once

#include <fmt/core.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <expected>
#include <memory>
#include <string>

namespace tickover::sim::live {

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stderr) std::fclose(file);
  }
};
using LogFile = std::unique_ptr<std::FILE, CloseFile>;

/// The file to log to, emptied; "-" is stderr. The error is a sentence.
inline std::expected<LogFile, std::string> open_log(const std::string& path) {
  if (path == "-") return LogFile(stderr);
  errno = 0;
  LogFile file(std::fopen(path.c_str(), "we"));
  if (!file) return std::unexpected(fmt::format("{}: {}", path, std::strerror(errno)));
  return file;
}

}  // namespace tickover::sim::live
