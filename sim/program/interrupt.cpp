#include "sim/program/interrupt.h"

#include <unistd.h>

#include <ctime>
#include <utility>

namespace tickover::sim {
namespace {

constexpr int wake_up = SIGUSR2;  // from the destructor, to the watching thread alone

bool is_ignored(int signal) {
  struct sigaction action{};
  ::sigaction(signal, nullptr, &action);
  return action.sa_handler == SIG_IGN;
}

}  // namespace

Interrupt::Interrupt(std::function<void()> last_words, std::chrono::milliseconds grace)
    : last_words_(std::move(last_words)), grace_(grace) {
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
  const timespec grace{.tv_sec = grace_.count() / 1'000,
                       .tv_nsec = grace_.count() % 1'000 * 1'000'000};
  ::sigtimedwait(&signals_, nullptr, &grace);
  if (stopping_) return;
  last_words_();
  ::_exit(interrupted_exit);
}

}  // namespace tickover::sim
