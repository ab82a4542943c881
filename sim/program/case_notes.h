#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace tickover::sim {

/// One small file per worker that says which case it is at, so that nothing is lost if the process
/// is killed. They are removed with this object, but for those of cases that were not run to
/// their end; and so is their folder if nothing else is in it, unless it was there before and
/// empty: somebody else made it.
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
  /// What that worker wrote last is over: its note says nothing any more. Any thread.
  void finish(unsigned worker);
  /// The last line of every worker whose case is not over.
  std::vector<std::string> lines();
  /// Those of cases that are not over stay.
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
  bool was_empty_ = false;
  std::vector<Note> notes_;
};

/// The files in a folder whose writers are no more: their names have `before`, then the number of
/// the process, and end in `after`.
std::vector<std::string> abandoned_files(const std::string& folder, std::string_view before,
                                         std::string_view after);
/// The notes among them.
std::vector<std::string> abandoned_notes(const std::string& folder);

}  // namespace tickover::sim
