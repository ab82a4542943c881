#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "sim/role.h"

namespace tickover::sim {

/// What a program printed, and how it ended.
struct Finished {
  int exit = -1;  // 128 + n if a signal n ended it
  std::string out;
  std::string err;

  std::vector<std::string> lines() const;  // of `out`
  std::string last_line() const;           // of `out`
  /// The last line without "replay: ", for a shell; empty if it is no replay line.
  std::string replay() const;
};

/// A folder of its own for one test, in which programs run as users run them. Gone at the end.
class Workbench {
 public:
  Workbench();
  ~Workbench();
  Workbench(const Workbench&) = delete;
  Workbench& operator=(const Workbench&) = delete;

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const;
  std::string read(const std::string& name) const;
  bool has(const std::string& name) const;
  /// The files in a folder here, sorted.
  std::vector<std::string> files(const std::string& folder) const;
  /// Brings a file of the repository here, under the same name.
  void bring(const std::string& name) const;

  /// Runs `tickover ARGUMENTS` here.
  Finished tickover(const std::vector<std::string>& arguments) const;
  /// The same with roles of one's own: run_program() in a process of its own.
  Finished tickover(const std::vector<std::string>& arguments, const RoleRegistry& roles) const;
  /// Runs a shell's command line here.
  Finished shell(const std::string& command) const;
  /// The program as tests invoke it.
  static std::string program();

  /// Starts `tickover ARGUMENTS` here and goes on; `finish` waits for it.
  pid_t start(const std::vector<std::string>& arguments) const;
  Finished finish(pid_t process) const;
  /// What the program that was started last has printed so far.
  std::string printed() const;

 private:
  std::string folder_;
};

/// A scenario of one host of that role, alone for a second.
std::string one_host(const std::string& role);
/// walker (a peer) talks to mountain (of that role) over one link, once a second for ten seconds.
std::string walker_and(const std::string& role, const std::string& more = "");

}  // namespace tickover::sim
