#include "sim/program/crash_note.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "sim/search/run_case.h"

namespace tickover::sim {
namespace {

constexpr std::size_t stack_size = 64 * 1024;

/// A stack of its own for the handler, because the crash may be the end of the stack. Each thread
/// needs one.
class CrashStack {
 public:
  CrashStack() : memory_(std::make_unique<char[]>(stack_size)) {
    stack_t stack{};
    stack.ss_sp = memory_.get();
    stack.ss_size = stack_size;
    ::sigaltstack(&stack, nullptr);
  }
  ~CrashStack() {
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    ::sigaltstack(&none, nullptr);
  }
  CrashStack(const CrashStack&) = delete;
  CrashStack& operator=(const CrashStack&) = delete;

 private:
  std::unique_ptr<char[]> memory_;
};

struct LastWords {
  void (*speak)(void*) = nullptr;
  void* of = nullptr;
};

// A signal handler can reach nothing but statics. These are per thread, and read only there.
thread_local std::string running_case;
thread_local LastWords last_words;
std::atomic_flag is_crashing = ATOMIC_FLAG_INIT;

std::string_view name_of_signal(int signal) {
  switch (signal) {
    case SIGABRT:
      return "abort";
    case SIGSEGV:
      return "segmentation fault";
    case SIGBUS:
      return "bus error";
    case SIGFPE:
      return "arithmetic fault";
    default:
      return "illegal instruction";
  }
}

void say(int file, std::string_view text) {
  // What cannot be said must not hide the exit code.
  [[maybe_unused]] const auto written = ::write(file, text.data(), text.size());
}

extern "C" void report_crash(int signal) {
  if (running_case.empty()) {  // no machine is running: the program itself is at fault
    std::signal(signal, SIG_DFL);
    std::raise(signal);
    return;
  }
  // The first crash is told; another thread that crashes meanwhile waits for the end.
  while (is_crashing.test_and_set()) ::pause();
  if (last_words.speak != nullptr) last_words.speak(last_words.of);
  if (::isatty(STDERR_FILENO) != 0) say(STDERR_FILENO, "\r\x1b[K");  // a progress bar
  say(STDERR_FILENO, "tickover: the machine under test crashed (");
  say(STDERR_FILENO, name_of_signal(signal));
  say(STDERR_FILENO, ")\n");
  say(STDOUT_FILENO, running_case);
  ::_exit(static_cast<int>(ExitCode::crash));
}

}  // namespace

void install_crash_notes() {
  struct sigaction action{};
  action.sa_handler = report_crash;
  action.sa_flags = SA_ONSTACK;
  ::sigfillset(&action.sa_mask);  // a second fault while the first is told ends the process
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    ::sigaction(signal, &action, nullptr);
  }
}

void note_running_case(std::string note) {
  static thread_local const CrashStack stack;
  running_case = std::move(note);
}

void on_crash(void (*speak)(void* of), void* of) {
  last_words = {speak, of};
}

}  // namespace tickover::sim
