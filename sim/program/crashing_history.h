#pragma once

#include <string>
#include <vector>

#include "sim/search/exhaust.h"

namespace tickover::sim {

/// Leaves behind the loss history in which a machine crashes. The histories are too many to note
/// each of them down before it is walked, so that it is written when it crashes: as a scenario in
/// `folder`, to which the note of the running case leads. Outlives the threads that walk.
class CrashingHistory {
 public:
  CrashingHistory(std::string program, std::string file, std::string folder, std::uint64_t seed);

  /// On the thread that calls: what is run from now on is this scenario, in which nothing is lost.
  void begin(const Scenario& plain);
  /// On each thread that walks: as well these are lost. Null: nothing is run any more.
  void walk(const std::vector<LostDatagram>* losses);

 private:
  static void last_words(void* of);

  std::string program_;
  std::string file_;
  std::string folder_;
  std::uint64_t seed_;
  std::vector<std::string> folders_;  // from the outermost one on
  std::string path_;
  std::string text_;
  std::string note_;
};

}  // namespace tickover::sim
