#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tickover::interop {

/// A folder of its own under the system's folder for temporary files; gone when this is.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::filesystem::path file(std::string_view name) const { return folder_ / name; }
  /// Writes a file and gives its path.
  std::string with(std::string_view name, std::string_view text) const;

 private:
  std::filesystem::path folder_;
};

/// A program that runs beside the tests. It ends when this does, and when the tests die.
class Process {
 public:
  /// Looks for the program on PATH, and in the folders of system programs.
  explicit Process(const std::vector<std::string>& command,
                   const std::map<std::string, std::string>& environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// What it has written to stdout and stderr so far.
  const std::string& output();
  /// False if it ended, or wrote no such text in time.
  bool has_written(std::string_view text, std::chrono::seconds within = std::chrono::seconds(20));
  void signal(int number) const;
  /// Its exit code; -1 if it was killed by a signal, or had to be because it took longer.
  int wait(std::chrono::seconds within = std::chrono::seconds(60));
  bool runs();
  pid_t id() const { return id_; }

 private:
  bool read_more(std::chrono::milliseconds patience);
  bool reap(bool patient);

  pid_t id_ = -1;
  int pipe_ = -1;
  int status_ = 0;
  bool ended_ = false;
  std::string output_;
};

/// Runs it to its end and gives its exit code; its output goes to `output`.
int run_to_end(const std::vector<std::string>& command, std::string& output,
               std::chrono::seconds within = std::chrono::seconds(60));

/// Whether there is such a program.
bool is_installed(std::string_view program);

/// A UDP port of 127.0.0.1 that was free a moment ago.
std::uint16_t free_port();

}  // namespace tickover::interop
