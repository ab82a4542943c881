#pragma once

#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "sim/search/sweep.h"

namespace tickover::sim {

/// Which seeds failed before, in a file of a sweep's folder, so that the next sweep tries them
/// first: what was mended shows at once, and so does what was not. It decides what is run, never
/// what comes of it. To it belong the cases at which a sweep was killed, by the notes it left.
class SeedMemory {
 public:
  explicit SeedMemory(std::string folder);

  /// The remembered cases of these scenarios, each once.
  std::vector<SweepCase> cases(const std::vector<SweepItem>& items);
  /// That case was run, and what came of it is in the rows. Any thread.
  void finished(const SweepCase& which);
  /// Forgets what was run and held, keeps what failed: of each failure the lowest few seeds. False,
  /// with errno, if it cannot be written.
  bool update(const std::vector<SweepItem>& items, const std::vector<SweepRow>& rows);

  const std::string& path() const { return path_; }
  /// What stands in the file about one seed, for those who crash: "0x2a", what failed, the path.
  static std::string line(std::uint64_t seed, const std::string& what, const std::string& path);

 private:
  struct Line {
    std::uint64_t seed = 0;
    std::string what;
    std::string path;
  };
  void read_file();
  void read_notes(const std::vector<SweepItem>& items);

  std::string folder_;
  std::string path_;
  std::vector<Line> lines_;
  std::vector<std::pair<std::string, SweepCase>> notes_;  // of processes that are gone
  std::mutex mutex_;
  std::set<SweepCase> first_;
  std::set<SweepCase> finished_;  // of those
};

}  // namespace tickover::sim
