#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "sim/report/story.h"
#include "sim/world/run.h"

namespace tickover::sim {

/// Writes a run as JSON Lines: `time` (virtual, RFC 3339 with nanoseconds), `severity`, `message`,
/// and the step, its cause, its kind and its host, by which lines can be joined.
class JsonLog final : public Watcher {
 public:
  /// Does not own the file.
  explicit JsonLog(std::FILE* file) : file_(file), descriptor_(::fileno(file)) {}
  ~JsonLog() override { flush(); }
  JsonLog(const JsonLog&) = delete;
  JsonLog& operator=(const JsonLog&) = delete;

  void see(const Step& step, const World& world) override;
  /// A line that no step tells: what held or what did not.
  void note(Instant time, Weight weight, std::string_view message);
  /// False once something could not be written.
  bool flush();
  /// Writes what is buffered with write(2) alone, for when the process is about to die.
  void spill() const;

 private:
  std::FILE* file_;
  int descriptor_;
  std::string buffer_;
  std::vector<StoryLine> lines_;
  bool ok_ = true;
};

}  // namespace tickover::sim
