#include "properties/program/workbench.h"
#include "properties/paths.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>

#include "core/check.h"
#include "sim/program/program.h"

namespace tickover::sim {
namespace {

namespace fs = std::filesystem;

constexpr const char* replay_prefix = "replay: ";
// Beside the folder, so that what a program leaves in the folder is its own.
constexpr const char* out_suffix = ".stdout";
constexpr const char* err_suffix = ".stderr";

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void redirect(int descriptor, const std::string& path) {
  const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
  CHECK(file >= 0 && ::dup2(file, descriptor) >= 0);
  ::close(file);
}

/// Runs `body` in a child process in that folder, its output in files beside it.
pid_t spawn(const std::string& folder, const std::function<int()>& body) {
  std::cout.flush();
  std::fflush(nullptr);
  // What an earlier program printed is not to be taken for this one's.
  std::error_code error;
  for (const char* suffix : {out_suffix, err_suffix}) fs::remove(folder + suffix, error);
  const pid_t child = ::fork();
  CHECK(child >= 0);
  if (child > 0) return child;
  redirect(STDOUT_FILENO, folder + out_suffix);
  redirect(STDERR_FILENO, folder + err_suffix);
  std::signal(SIGINT, SIG_DFL);
  // Nothing may get back into the test that this process is a copy of.
  const int code = [&]() noexcept { return ::chdir(folder.c_str()) == 0 ? body() : 127; }();
  std::cout.flush();
  std::fflush(nullptr);
  ::_exit(code);
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> command_line(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {Workbench::program()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

}  // namespace

std::vector<std::string> Finished::lines() const {
  std::vector<std::string> result;
  std::istringstream text(out);
  for (std::string line; std::getline(text, line);) result.push_back(line);
  return result;
}

std::string Finished::last_line() const {
  const auto all = lines();
  return all.empty() ? "" : all.back();
}

std::string Finished::replay() const {
  const std::string line = last_line();
  return line.starts_with(replay_prefix) ? line.substr(std::string(replay_prefix).size()) : "";
}

Workbench::Workbench() : folder_(fs::temp_directory_path() / "tickover-XXXXXX") {
  CHECK(::mkdtemp(folder_.data()) != nullptr);
}

Workbench::~Workbench() {
  std::error_code error;
  fs::remove_all(folder_, error);
  fs::remove(folder_ + out_suffix, error);
  fs::remove(folder_ + err_suffix, error);
}

void Workbench::write(const std::string& name, const std::string& text) const {
  fs::create_directories(fs::path(path(name)).parent_path());
  std::ofstream(path(name), std::ios::binary) << text;
}

std::string Workbench::read(const std::string& name) const {
  return text_of(path(name));
}

bool Workbench::has(const std::string& name) const {
  return fs::exists(path(name));
}

std::vector<std::string> Workbench::files(const std::string& folder) const {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path(folder), error)) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

void Workbench::bring(const std::string& name) const {
  const std::string text = text_of(std::string(TICKOVER_SOURCE_DIR) + "/" + name);
  CHECK(!text.empty());
  write(name, text);
}

std::string Workbench::program() {
  return TICKOVER_PROGRAM;
}

pid_t Workbench::start(const std::vector<std::string>& arguments) const {
  return spawn(folder_, [&] {
    std::vector<std::string> words = command_line(arguments);
    ::execv(words.front().c_str(), pointers(words).data());
    return 127;
  });
}

Finished Workbench::finish(pid_t process) const {
  int status = 0;
  CHECK(::waitpid(process, &status, 0) == process);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          text_of(folder_ + out_suffix), text_of(folder_ + err_suffix)};
}

std::string Workbench::printed() const {
  return text_of(folder_ + out_suffix);
}

Finished Workbench::tickover(const std::vector<std::string>& arguments) const {
  return finish(start(arguments));
}

Finished Workbench::tickover(const std::vector<std::string>& arguments,
                             const RoleRegistry& roles) const {
  return finish(spawn(folder_, [&] {
    std::vector<std::string> words = command_line(arguments);
    std::vector<char*> argv = pointers(words);
    return run_program(static_cast<int>(words.size()), argv.data(), roles);
  }));
}

Finished Workbench::shell(const std::string& command) const {
  return finish(spawn(folder_, [&] {
    ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    return 127;
  }));
}

std::string one_host(const std::string& role) {
  return "# A " + role + " alone does nothing wrong.\nformat = 1\nduration = \"1s\"\n" +
         "[[host]]\nname = \"mountain\"\nrole = \"" + role + "\"\n";
}

std::string walker_and(const std::string& role, const std::string& more) {
  return "# A walker talks to a " + role +
         ".\nformat = 1\nduration = \"10s\"\n"
         "[[host]]\nname = \"walker\"\nrole = \"peer\"\n"
         "[[host]]\nname = \"mountain\"\nrole = \"" +
         role +
         "\"\n"
         "[[link]]\nbetween = [\"walker\", \"mountain\"]\nlatency = \"20ms..80ms\"\n"
         "[[traffic]]\nfrom = \"walker\"\nto = \"mountain\"\nevery = \"1s\"\n" +
         more;
}

}  // namespace tickover::sim
