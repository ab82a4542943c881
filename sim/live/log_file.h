#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "sim/live/driver.h"
#include "sim/live/log.h"
#include "sim/live/loop.h"

namespace tickover::sim::live {

/// Where a live program logs, if it was asked to: the file, the lines for it, and the second within
/// which they are in it.
class LogFile {
 public:
  /// Empties the file at `path` and logs what `driver` does there; "-" is stderr. An empty path is
  /// no log. Gives what is wrong, as a sentence.
  std::optional<std::string> open(const std::string& path, Weight least, Driver& driver);

  /// Null: there is none.
  LiveLog* log() { return log_ ? &*log_ : nullptr; }
  /// Every second from now on, so that who follows the file sees what happens.
  void keep_fresh(Loop& loop);
  /// False, and said on stderr in the program's name, if not all could be written.
  bool finish(std::string_view program);

 private:
  struct Close {
    void operator()(std::FILE* file) const {
      if (file != stderr) std::fclose(file);
    }
  };
  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::optional<LiveLog> log_;
};

}  // namespace tickover::sim::live
