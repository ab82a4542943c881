#include "sim/program/interrupt.h"

#include <unistd.h>

#include <ctime>
#include <utility>

namespace tickover::sim {
namespace {

constexpr int wake_up = SIGUSR2;  // from the destructor, to the watching thread alone
constexpr timespec grace{.tv_sec = 0, .tv_nsec = 500'000'000};

bool is_ignored(int signal) {
  struct sigaction action{};
  ::sigaction(signal, nullptr, &action);
  return action.sa_handler == SIG_IGN;
}

}  // namespace

Interrupt::Interrupt(std::function<void()> last_words) : last_words_(std::move(last_words)) {
  ::sigemptyset(&signals_);
  ::sigaddset(&signals_, wake_up);
  for (const int signal : {SIGINT, SIGTERM}) {
    if (!is_ignored(signal)) ::sigaddset(&signals_, signal);
  }
  // Threads inherit the mask: from now on these signals reach the watching thread only.
  ::pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  thread_ = std::thread([this] { watch(); });
}

Interrupt::~Interrupt() {
  stopping_ = true;
  ::pthread_kill(thread_.native_handle(), wake_up);
  thread_.join();
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Interrupt::watch() {
  ::sigwaitinfo(&signals_, nullptr);
  if (stopping_) return;
  requested_ = true;
  ::sigtimedwait(&signals_, nullptr, &grace);
  if (stopping_) return;
  last_words_();
  ::_exit(interrupted_exit);
}

}  // namespace tickover::sim
