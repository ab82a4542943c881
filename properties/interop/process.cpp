#include "properties/interop/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace tickover::interop {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Debian keeps servers where a user's PATH does not look.
std::string search_path() {
  const char* path = std::getenv("PATH");
  return std::string(path == nullptr ? "" : path) + ":/usr/sbin:/sbin";
}

}  // namespace

Scratch::Scratch() {
  std::string name = (std::filesystem::temp_directory_path() / "tickover-interop-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for temporary files");
  folder_ = name;
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string Scratch::with(std::string_view name, std::string_view text) const {
  const std::string path = file(name).string();
  std::ofstream(path) << text;
  return path;
}

Process::Process(const std::vector<std::string>& command,
                 const std::map<std::string, std::string>& environment) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const std::string path = search_path();
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  id_ = ::fork();
  if (id_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::dup2(ends[1], STDOUT_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, STDIN_FILENO);
    ::setenv("PATH", path.c_str(), 1);
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  pipe_ = ends[0];
  if (id_ < 0) throw std::runtime_error("cannot fork");
}

Process::~Process() {
  if (!reap(false)) {
    signal(SIGTERM);
    const auto end = Clock::now() + std::chrono::seconds(3);
    while (!reap(false) && Clock::now() < end) std::this_thread::sleep_for(milliseconds(10));
    if (!ended_) {
      signal(SIGKILL);
      reap(true);
    }
  }
  ::close(pipe_);
}

bool Process::read_more(milliseconds patience) {
  pollfd one{.fd = pipe_, .events = POLLIN, .revents = 0};
  if (::poll(&one, 1, static_cast<int>(patience.count())) <= 0) return true;
  char buffer[4096];
  const ssize_t size = ::read(pipe_, buffer, sizeof buffer);
  if (size <= 0) return false;
  output_.append(buffer, static_cast<std::size_t>(size));
  return true;
}

const std::string& Process::output() {
  for (std::size_t before = output_.size(); read_more(milliseconds(0)); before = output_.size()) {
    if (output_.size() == before) break;
  }
  return output_;
}

bool Process::has_written(std::string_view text, std::chrono::seconds within) {
  const auto end = Clock::now() + within;
  while (output_.find(text) == std::string::npos) {
    if (Clock::now() >= end || !read_more(milliseconds(20))) return false;
  }
  return true;
}

void Process::signal(int number) const {
  if (!ended_) ::kill(id_, number);
}

bool Process::reap(bool patient) {
  if (!ended_) ended_ = ::waitpid(id_, &status_, patient ? 0 : WNOHANG) == id_;
  return ended_;
}

bool Process::runs() {
  return !reap(false);
}

int Process::wait(std::chrono::seconds within) {
  const auto end = Clock::now() + within;
  while (!reap(false)) {
    if (Clock::now() >= end) {
      signal(SIGKILL);
      reap(true);
      output();
      return -1;
    }
    if (!read_more(milliseconds(20))) std::this_thread::sleep_for(milliseconds(5));
  }
  output();
  return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
}

int run_to_end(const std::vector<std::string>& command, std::string& output,
               std::chrono::seconds within) {
  Process process(command);
  const int code = process.wait(within);
  output = process.output();
  return code;
}

bool is_installed(std::string_view program) {
  const std::string path = search_path();
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    const auto file = std::filesystem::path(path.substr(begin, end - begin)) / program;
    if (::access(file.c_str(), X_OK) == 0) return true;
    begin = end + 1;
  }
  return false;
}

std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  const bool ok = ::bind(socket, any, size) == 0 && ::getsockname(socket, any, &size) == 0;
  ::close(socket);
  if (!ok) throw std::runtime_error("no free UDP port on 127.0.0.1");
  return ntohs(address.sin_port);
}

}  // namespace tickover::interop
