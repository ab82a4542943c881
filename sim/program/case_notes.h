#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

namespace tickover::sim {

/// One small file per worker that says which case it is at, so that nothing is lost if the process
/// is killed. They are removed with this object, and so is their folder if nothing else is in it.
class CaseNotes {
 public:
  CaseNotes() = default;
  ~CaseNotes() { remove(); }
  CaseNotes(const CaseNotes&) = delete;
  CaseNotes& operator=(const CaseNotes&) = delete;

  /// False, with errno, if the folder or a file in it cannot be made.
  bool open(const std::string& folder, unsigned workers);
  /// `line` ends with a line feed. Any thread.
  void write(unsigned worker, const std::string& line);
  /// The last line of every worker that has one.
  std::vector<std::string> lines();
  void remove();

 private:
  struct Note {
    std::string name;
    int file = -1;
    std::string line;
    std::size_t size = 0;  // of the file
  };
  std::mutex mutex_;
  std::string folder_;
  std::vector<Note> notes_;
};

}  // namespace tickover::sim
