#include "sim/live/log_file.h"

#include <fmt/core.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "sim/live/say.h"

namespace tickover::sim::live {

std::optional<std::string> LogFile::open(const std::string& path, Weight least, Driver& driver) {
  if (path.empty()) return {};
  path_ = path;
  errno = 0;
  file_.reset(path == "-" ? stderr : std::fopen(path.c_str(), "we"));
  if (!file_) return fmt::format("{}: {}", path, std::strerror(errno));
  log_.emplace(file_.get(), least);
  driver.observe(*log_);
  return {};
}

void LogFile::keep_fresh(Loop& loop) {
  if (!log_) return;
  log_->flush();
  loop.call_at(loop.now() + std::chrono::seconds(1), [this, &loop] { keep_fresh(loop); });
}

bool LogFile::finish(std::string_view program) {
  if (!log_ || log_->flush()) return true;
  say(stderr, fmt::format("{}: {}: not all of the log could be written\n", program, path_));
  return false;
}

}  // namespace tickover::sim::live
