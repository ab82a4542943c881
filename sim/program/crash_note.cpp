#include "sim/program/crash_note.h"

#include <unistd.h>

#include <array>
#include <csignal>

#include "sim/search/run_case.h"

namespace tickover::sim {
namespace {

// A signal handler can reach nothing but statics. This one is per thread, and read only there.
thread_local std::string running_case;

extern "C" void report_crash(int signal) {
  constexpr std::string_view said = "tickover: the machine under test crashed\n";
  [[maybe_unused]] auto written = ::write(STDERR_FILENO, said.data(), said.size());
  written = ::write(STDOUT_FILENO, running_case.data(), running_case.size());
  static_cast<void>(signal);
  ::_exit(static_cast<int>(ExitCode::crash));
}

}  // namespace

void install_crash_notes() {
  // A stack of its own, because the crash may be the end of the stack.
  static std::array<char, 64 * 1024> stack;
  stack_t alternative{};
  alternative.ss_sp = stack.data();
  alternative.ss_size = stack.size();
  ::sigaltstack(&alternative, nullptr);
  struct sigaction action{};
  action.sa_handler = report_crash;
  action.sa_flags = SA_ONSTACK;
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    ::sigaction(signal, &action, nullptr);
  }
}

void note_running_case(std::string note) {
  running_case = std::move(note);
}

}  // namespace tickover::sim
